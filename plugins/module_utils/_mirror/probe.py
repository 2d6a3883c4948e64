# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a stream or a mirror as a client does, over HTTP."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from . import metadata, plan, preflight
from .errors import FetchError

_CHUNK = 1 << 20  # bytes
_AT_ONCE = 4
_TIMEOUT = 60  # seconds without a byte


def offer(settings):
    """The items that the selections take of the stream, its signatures checked.

    Every selection has to take something, and something of each value that it names.
    """
    found = [metadata.rows(settings, settings.source, selection) for selection in settings.selections]
    for number, (selection, rows) in enumerate(zip(settings.selections, found), 1):
        preflight.selection(number, selection, rows, lambda: metadata.rows(settings, settings.source))
    return list(plan.items(row for rows in found for row in rows).values())


def probe(settings):
    """offer(), and every item fetched whole and compared with its size and hash; follows no redirect, as MAAS doesn't.

    FetchError: the items that are not served as listed, with the server's words.
    """
    items = offer(settings)
    opener = urllib.request.build_opener(_NoRedirect)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        words = list(pool.map(lambda item: _fault(opener, settings.source, item), items))
    failures = [(item.path, fault) for item, fault in zip(items, words) if fault]
    if failures:
        raise FetchError("%d of %d items are not served as listed by %s" % (len(failures), len(items), settings.source),
                         "Run the sync of the mirror, and look at the web server's log.", failures=failures)
    return items


def _fault(opener, base, item):
    digest, size = hashlib.sha256(), 0
    try:
        with opener.open(base + quote(item.path), timeout=_TIMEOUT) as answer:
            while chunk := answer.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except urllib.error.HTTPError as error:
        return "%d %s" % (error.code, error.reason)
    except OSError as error:
        return str(getattr(error, "reason", error))
    if size != item.size:
        return "%d bytes, listed %d" % (size, item.size)
    return "" if digest.hexdigest() == item.sha256 else "another content: sha256 %s" % digest.hexdigest()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None
