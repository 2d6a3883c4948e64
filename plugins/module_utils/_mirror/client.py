# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks web servers for files and pieces of them, over connections that are kept, as one thread does."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import http.client
import re
import socket
import ssl
import time
from urllib.parse import urljoin, urlsplit

from .route import origin

_HOPS = 5  # redirects followed
_KEPT = 2  # connections of a client: redirects alternate between two servers
_SLOWEST = 1024  # bytes that have to come within the stall timeout
_BULK = 1 << 14, 1 << 17  # bytes that a thread sleeps for, at first and at most: waking for each packet takes more CPU than all else
_UNREAD = 1 << 18  # bytes that wait in each of many connections at most: what a killed run loses, and enough for all of them together
_DRAINED = 1 << 16  # bytes of a body nobody wants that are read, so that the connection can be kept
_TITLE = re.compile(rb"<title>([^<]+)</title>", re.IGNORECASE)  # of the page that says what is wrong
_REDIRECTS = (301, 302, 303, 307, 308)
_RETRIED = (408, 425, 429)  # beside all from 500 on


class Failure(Exception):
    """A request that gave nothing, or not all."""

    def __init__(self, words, retried=True, after=0, wrong=False, unreachable=False):
        """
        words: what happened, with the server's own words.
        retried: whether the same may go well a little later.
        after: seconds that the server asks to wait for.
        wrong: what came is not what was listed.
        unreachable: there was no answer at all.
        """
        super().__init__(words)
        self.words, self.retried, self.after, self.wrong, self.unreachable = words, retried, after, wrong, unreachable


class Client:
    """One thread's connections."""

    def __init__(self, route):
        self._route, self._connections, self._socket = route, {}, None

    def get(self, url, span=None, follow=True):
        """The Answer to a request for a file, or for (start, end) of it. Failure: there was none, or one that refuses."""
        for _hop in range(_HOPS):
            answer = self._ask(url, span)
            if answer.status in (200, 206, 416):
                return answer
            body = answer.drop()
            if answer.status not in _REDIRECTS or not follow:
                raise _refusal(answer, body)
            target = urljoin(url, answer.header("Location"))
            if urlsplit(target).scheme not in ("http", "https") or not urlsplit(target).hostname:
                raise Failure("%s: redirected to %r, where a mirror does not go" % (answer.words, target), False)
            url = target
        raise Failure("redirected more than %d times, at last to %s" % (_HOPS, url), False)

    def close(self):
        """Ends the connection in use. Another thread may call it: whoever waits for an answer gets a Failure."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def forget(self):
        """Ends all connections for good: they are in the middle of something."""
        while self._connections:
            self._connections.popitem()[1].close()

    def _ask(self, url, span):
        place = origin(url)
        kept, timeout = self._connections.get(place), self._route.stall_timeout
        try:
            if kept is not None and kept.sock is not None:
                try:
                    return self._exchange(kept, url, span)
                except (ConnectionError, http.client.BadStatusLine):
                    kept.close()  # the server has ended it meanwhile, as it may: a new one tells more
            while len(self._connections) >= _KEPT and place not in self._connections:
                self._connections.pop(next(iter(self._connections))).close()
            self._connections[place] = connection = kept or self._route.connection(*place)
            timeout = self._route.connect_timeout
            connection.connect()
            timeout = self._route.stall_timeout
            connection.sock.settimeout(timeout)
            if self._route.many:
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD)
            return self._exchange(connection, url, span)
        except (OSError, http.client.HTTPException) as error:
            self.forget()
            words, retried = self._route.words(error, url, timeout)
            raise Failure(words, retried, unreachable=True) from error

    def _exchange(self, connection, url, span):
        path, headers = self._route.request(url)
        if span:
            headers["Range"] = "bytes=%d-%d" % (span[0], span[1] - 1)
        self._socket = connection.sock
        _sleep_for(self._socket, 1)
        connection.request("GET", path, headers=headers)
        return Answer(self, self._socket, connection.getresponse(), url, self._route)


class Answer:
    """A server's answer, whose body is still to be read."""

    def __init__(self, client, sock, response, url, route):
        self._client, self._socket, self._response, self._route = client, sock, response, route
        self.url, self.status = url, response.status
        self.words = "%d %s" % (response.status, response.reason or http.client.responses.get(response.status, ""))
        self._left = self._length = response.length  # None: it ends when it ends
        self._came, self._since = 0, time.monotonic()
        self._buffered = True  # whether the beginning of the body may have come with the headers
        self._bulk = 1 if isinstance(sock, ssl.SSLSocket) else _BULK[0]

    def header(self, name, default=""):
        return self._response.headers.get(name, default)

    def size(self):
        """The bytes of the whole file, where the server says so, or None."""
        if self.status == 200:
            return self._length
        size = self.header("Content-Range").rpartition("/")[2]
        return int(size) if size.isdecimal() else None

    def start(self):
        """The place in the file at which the body begins."""
        first = self.header("Content-Range").partition(" ")[2].partition("-")[0] if self.status == 206 else "0"
        return int(first) if first.isdecimal() else None

    def read_into(self, view):
        """Reads what comes next, at least a byte and at most what fits; returns the number, 0 at the end of the body.

        Failure: the connection broke, or nothing comes any more.
        """
        view = view if self._left is None else view[:self._left]
        try:
            if self._response.chunked:
                chunk = self._response.read1(len(view))
            elif not len(view) or self._response.fp is None:
                chunk = b""
            elif self._buffered:
                chunk = self._response.fp.peek()[:len(view)]
                self._response.fp.read(len(chunk))
                self._buffered = len(chunk) == len(view)
            else:
                chunk = None
            if chunk is None:
                number = self._receive(view)
            else:
                number = len(chunk)
                view[:number] = chunk
        except (OSError, http.client.HTTPException, AttributeError, ValueError) as error:  # the last two: closed meanwhile
            self._client.forget()
            raise Failure(self._route.words(error, self.url, self._route.stall_timeout)[0]) from error
        if number == 0 and self._left:
            self._client.forget()
            raise Failure("the connection was closed with %d bytes still to come" % self._left)
        self._left = self._left - number if self._left is not None else None
        self._came += number
        if self._came >= _SLOWEST:
            self._came, self._since = 0, time.monotonic()
        elif time.monotonic() - self._since > self._route.stall_timeout:
            self._client.forget()
            raise Failure("timed out: %d bytes came within %d s" % (self._came, self._route.stall_timeout))
        return number

    def _receive(self, view):
        """Straight from the connection into memory; a fast one wakes this thread when there is much to take."""
        begun = time.monotonic()
        _sleep_for(self._socket, min(self._bulk, len(view)))
        try:
            number = self._socket.recv_into(view)
        except socket.timeout:
            if self._bulk == 1:
                raise
            _sleep_for(self._socket, 1)  # what has come is less than that
            number = self._socket.recv_into(view)
        if self._bulk > 1:
            self._bulk = min(2 * self._bulk, _BULK[1]) if time.monotonic() - begun < 0.5 else 2
        return number

    def done(self):
        """The body was read to its end: the connection is free for the next request."""
        if self._left or self._response.chunked and self._response.fp is not None:
            self._client.forget()
        self._response.close()

    def drop(self):
        """Nobody wants the body: a short one is read so that the connection can be kept. Returns that."""
        content, view = b"", memoryview(bytearray(_DRAINED))
        if self._left is None or self._left > _DRAINED:
            self._client.forget()
        else:
            with contextlib.suppress(Failure):
                while number := self.read_into(view):
                    content += view[:number]
        self._response.close()
        return content


def _sleep_for(sock, size):
    """Makes a thread that waits for a plain connection sleep until so many bytes are there, or its end."""
    if not isinstance(sock, ssl.SSLSocket):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)


def _refusal(answer, body):
    """The Failure that a status stands for."""
    retried = answer.status in _RETRIED or answer.status >= 500
    title = _TITLE.search(body)
    more = " ".join(title.group(1).decode("utf-8", "replace").split()) if title else ""
    words = answer.words + (" (%s)" % more[:100] if more.isprintable() and more not in ("", answer.words) else "")
    hint = {401: "; username and password are for a private upstream", 407: "; the proxy wants other credentials"}
    return Failure(words + hint.get(answer.status, ""), retried, wait(answer.header("Retry-After"), time.time()))


def wait(text, now):
    """The seconds that a Retry-After asks for: it has seconds or a date. 0 where it says neither.

    now: seconds since the epoch.
    """
    if text.isdecimal():
        return int(text)
    try:
        asked = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0
    if asked.tzinfo is None:
        asked = asked.replace(tzinfo=datetime.timezone.utc)
    return max(0, asked.timestamp() - now)
