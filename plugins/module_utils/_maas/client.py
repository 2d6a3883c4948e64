# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MAAS API 2.0: paths in, Python values out, every refusal a typed error in the server's own words."""

from __future__ import annotations

import json
import time
import uuid
from urllib.parse import urlencode

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import errors, form, oauth
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.refusal import CONFLICT, refusal_of
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.version import parse_version

_TRIES = 3
_PASSING = (502, 503, 504)  # of a proxy or a region that restarts
_LONGEST_PAUSE = 10  # seconds between two tries, whatever Retry-After says


class Client:
    """One MAAS, as one user. Knows HTTP and OAuth, nothing of sources."""

    def __init__(self, root, key, transport, now=time.time, sleep=time.sleep, nonce=lambda: uuid.uuid4().hex):
        """`root` ends in /MAAS/api/2.0/; `key` is an ApiKey; `now`, `sleep`, `nonce` are for tests to replace."""
        self.root = root
        self._key = key
        self._transport = transport
        self._now = now
        self._nonce = nonce
        self.sleep = sleep
        self.now = now
        self._version = None

    @property
    def secrets(self):
        """What no text that is shown may hold."""
        return tuple(self._key)

    @property
    def version(self):
        """The server's Version, asked for once."""
        self.check_version()
        return self._version

    def check_version(self):
        """NotMaasError unless there is a MAAS at api_url that can be used."""
        if self._version is not None:
            return
        try:
            self._version = parse_version(self._ask("GET", "version/", signed=False)["version"])
        except (errors.NotFoundError, KeyError, TypeError) as error:
            if self._is_older_than_2():
                raise errors.NotMaasError(
                    "%s is a MAAS 1.x: it has only the API 1.0. 2.1 is the oldest that can be used." % self.root
                ) from error
            raise errors.NotMaasError(
                "%sversion/ does not answer as a MAAS does%s. api_url is the part before /MAAS, "
                "such as http://region.example.com:5240" % (self.root, self._said(error))
            ) from error

    def _is_older_than_2(self):
        # Newer ones answer 410 here
        old = self.root.replace("/api/2.0/", "/api/1.0/") + "version/"
        try:
            response = self._transport.send("GET", old, {"Accept": "application/json"})
        except errors.UnreachableError:
            return False
        value = _decoded(response)
        return response.status == 200 and isinstance(value, dict) and "version" in value

    @staticmethod
    def _said(error):
        words = getattr(error, "words", "")
        return " (%s)" % words if words else ""

    def get(self, path, **query):
        """The value at `path` (relative, with its final slash). Tried again where the network or a proxy failed."""
        return self._ask("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path, fields=None, files=None):
        """Create or act; the answer's value. Sent once, except after a conflict."""
        return self._ask("POST", path, fields or {}, files or {})

    def put(self, path, fields=None, files=None):
        """Update; the answer's value. Sent once, except after a conflict."""
        return self._ask("PUT", path, fields or {}, files or {})

    def delete(self, path):
        """Delete. What is gone already is deleted."""
        try:
            self._ask("DELETE", path)
        except errors.NotFoundError as error:
            if "Unknown API endpoint" in error.words:
                raise

    def fetch(self, url):
        """The bytes at a `url` that is not MAAS', such as a stream's metadata. It never gets the API key."""
        return self._transport.fetch(url)

    def _ask(self, method, path, fields=None, files=None, signed=True):
        content_type, body = None, None
        if fields is not None:
            content_type, body = form.encode(fields, files, uuid.uuid4().hex)
        for left in reversed(range(_TRIES)):
            headers = {"Accept": "application/json"}
            if content_type:
                headers["Content-Type"] = content_type
            if signed:  # anew for each try: a nonce that came through is spent, even if the answer was lost
                headers["Authorization"] = oauth.authorization(self._key, self._nonce(), self._now())
            try:
                response = self._transport.send(method, self.root + path, headers, body)
            except errors.UnreachableError as error:
                if method != "GET":
                    raise errors.UnreachableError(
                        "%s It was sent a %s, which may or may not have been done: run again to see." % (error, method)
                    ) from error
                if not left:
                    raise
                self.sleep(_TRIES - left)
                continue
            if left and self._is_passing(method, response.status):
                self.sleep(self._pause(response, _TRIES - left))
                continue
            return self._value(method, path, response)
        raise AssertionError("unreachable: the last try returns or raises")

    @staticmethod
    def _is_passing(method, status):
        # After a conflict nothing is stored, so that any method may be sent again
        return status == CONFLICT or (method == "GET" and status in _PASSING)

    @staticmethod
    def _pause(response, otherwise):
        asked = response.headers.get("retry-after", "")
        return min(int(asked), _LONGEST_PAUSE) if asked.isdigit() else otherwise

    def _value(self, method, path, response):
        if 200 <= response.status < 300:
            return _decoded(response)
        raise refusal_of("%s %s%s" % (method, self.root, path), response, self._key, self._now())


def _decoded(response):
    text = response.body.decode("utf-8", "replace")
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text  # MAAS answers actions and empty settings in plain text
