# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a stream or a mirror as a client does, over HTTP."""

from __future__ import annotations

import hashlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from . import metadata, plan, preflight
from .client import Client, Failure
from .errors import FetchError
from .route import Route

_CHUNK = 1 << 17  # bytes
_AT_ONCE = 4


def offer(settings):
    """The items that the selections take of the stream, its signatures checked.

    Every selection has to take something, and something of each value that it names.
    """
    with tempfile.TemporaryDirectory(prefix="maas-image-mirror-") as scratch:
        directory = os.path.join(scratch, "snapshot")
        _source, found, _index = metadata.snapshot(settings, directory)
        for number, (selection, rows) in enumerate(zip(settings.selections, found), 1):
            preflight.selection(number, selection, rows, lambda: metadata.rows(settings, directory))
    return list(plan.items(row for rows in found for row in rows).values())


def probe(settings):
    """offer(), and every item fetched whole and compared with its size and hash; follows no redirect, as MAAS doesn't.

    FetchError: the items that are not served as listed, with the server's words.
    """
    items = offer(settings)
    route = Route(settings)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        words = list(pool.map(lambda item: _fault(route, settings.source, item), items))
    failures = [(item.path, fault) for item, fault in zip(items, words) if fault]
    if failures:
        raise FetchError("%d of %d items are not served as listed by %s" % (len(failures), len(items), settings.source),
                         "Run the sync of the mirror, and look at the web server's log.", failures=failures)
    return items


def _fault(route, base, item):
    digest, size, view = hashlib.sha256(), 0, memoryview(bytearray(_CHUNK))
    client = Client(route)
    try:
        answer = client.get(base + quote(item.path), follow=False)
        while number := answer.read_into(view):
            digest.update(view[:number])
            size += number
    except Failure as failure:
        return failure.words
    finally:
        client.forget()
    if size != item.size:
        return "%d bytes, listed %d" % (size, item.size)
    return "" if digest.hexdigest() == item.sha256 else "another content: sha256 %s" % digest.hexdigest()
