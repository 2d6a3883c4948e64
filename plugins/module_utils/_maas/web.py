# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes from a mirror, in the way in which MAAS gets them: whole GETs, through its proxy, redirects only where it follows."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import urllib.error
import urllib.request
from urllib.parse import quote, unquote, urlsplit, urlunsplit

_CHUNK = 1 << 20  # bytes
_SNIFFED = 1 << 16  # bytes of a file that are read where its length is enough: something has to flow


class WebError(Exception):
    """There is no file at the URL; the text has the server's or the system's own words."""


class Web:
    """How one MAAS reaches a mirror. `proxy` is a URL, or empty; `file_proxy` the one for files, which may differ."""

    def __init__(self, proxy="", file_proxy="", follow=False, timeout=60, agent="imagemirror.maas"):
        """`follow`: whether redirects of files are followed; those of metadata always are. `timeout` in seconds."""
        self._metadata = _opener(proxy, True)
        self._files = _opener(file_proxy, follow)
        self._timeout = timeout
        self._agent = agent

    def read(self, url):
        """The bytes of a metadata file; WebError."""
        try:
            with self._open(self._metadata, url, {"Accept-Encoding": "gzip"}) as answer:
                body = answer.read()
                return gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body
        except (OSError, EOFError, http.client.HTTPException, ValueError) as error:
            raise WebError(_words(error)) from error

    def fault(self, url, size, sha256=None):
        """Why MAAS could not take the file of that size (and hash, if one is given: then it is read whole); "" if it could."""
        try:
            with self._open(self._files, url, {}) as answer:
                length = answer.headers.get("Content-Length")
                if sha256 is None and length is not None:
                    return _wrong_size(int(length), size) or _silent(answer, size)
                return _wrong_content(answer, size, sha256)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return _words(error)

    def _open(self, opener, url, headers):
        parts = urlsplit(url)
        request = urllib.request.Request(
            urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])), headers=dict(headers, **{"User-Agent": self._agent})
        )
        if parts.username is not None:
            login = "%s:%s" % (unquote(parts.username), unquote(parts.password or ""))
            request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
        return opener.open(request, timeout=self._timeout)


def below(base, path):
    """The URL of a path of the metadata below `base`, which ends in a slash."""
    return base + quote(path)


def _opener(proxy, follow):
    # what the environment of this process says of proxies is not what MAAS does
    handlers = [urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {})]
    return urllib.request.build_opener(*handlers, *([] if follow else [_NoRedirect]))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None


def _words(error):
    if isinstance(error, urllib.error.HTTPError):
        with error:
            where = error.headers.get("Location") if 300 <= error.code < 400 else None
            return "%d %s%s" % (error.code, error.reason, ", to %s, where MAAS does not follow" % where if where else "")
    return str(getattr(error, "reason", error)) or type(error).__name__


def _wrong_size(found, listed):
    return "" if found == listed else "%d bytes, listed %d" % (found, listed)


def _silent(answer, size):
    return "" if not size or answer.read(min(size, _SNIFFED)) else "no bytes came"


def _wrong_content(answer, size, sha256):
    digest, found = hashlib.sha256(), 0
    while chunk := answer.read(_CHUNK):
        digest.update(chunk)
        found += len(chunk)
    wrong = _wrong_size(found, size)
    if not wrong and sha256 is not None and digest.hexdigest() != sha256:
        return "another content: sha256 %s, listed %s" % (digest.hexdigest(), sha256)
    return wrong
