# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An upstream that misbehaves on command: a web server over a directory, with keep-alive and ranges, and faults.

    with Upstream(directory) as upstream:
        upstream.fault("*/squashfs", Drop(at=1000), times=1)
        ...
        assert upstream.count("*/squashfs") == 2

A fault is a function of an Answer that changes it; what several faults do to one request adds up. Everything that was
asked for is in `upstream.requests`.
"""
from __future__ import annotations

import email.utils
import fnmatch
import gzip
import http.client
import http.server
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

_CHUNK = 1 << 16  # bytes sent at a time
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")

Fault = Callable[["Answer"], None]


@dataclass
class Request:
    """One request and what came of it."""

    method: str
    path: str  # below the directory, without a slash in front
    range: str | None
    status: int = 0
    sent: int = 0  # bytes of the body


@dataclass
class Answer:
    """What is about to be sent; faults change it."""

    request: Request
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ranged: bool = True  # whether a Range is heeded
    stop: int | None = None  # bytes of the body after which nothing more is sent
    stall: float = 0  # seconds that the connection stays open after `stop`
    rate: int = 0  # bytes a second; 0 is no limit
    chunked: bool = False  # instead of a Content-Length


# The faults

@dataclass
class Status:
    """Another status, with the server's words for a body."""

    code: int
    retry_after: str = ""

    def __call__(self, answer: Answer) -> None:
        _say(answer, self.code, "text/plain", ("%d by command\n" % self.code).encode())
        if self.retry_after:
            answer.headers["Retry-After"] = self.retry_after


class Html:
    """A page with status 200 in place of the file, as a captive portal gives."""

    def __call__(self, answer: Answer) -> None:
        _say(answer, 200, "text/html", b"<html><title>Welcome</title>Please log in.</html>\n")


@dataclass
class Redirect:
    """A redirect to a URL or to a path below this server."""

    to: str
    code: int = 302

    def __call__(self, answer: Answer) -> None:
        _say(answer, self.code, "text/plain", b"")
        answer.headers["Location"] = self.to


@dataclass
class Drop:
    """The connection is closed after `at` bytes of the body."""

    at: int

    def __call__(self, answer: Answer) -> None:
        answer.stop = self.at


@dataclass
class Stall:
    """After the headers and `at` bytes of the body nothing comes for some seconds; then the connection is closed."""

    at: int = 0
    seconds: float = 3600

    def __call__(self, answer: Answer) -> None:
        answer.stop, answer.stall = self.at, self.seconds


@dataclass
class Flip:
    """One bit of the file is another, at a byte of it (-1: the last); the length is right."""

    at: int = 0

    def __call__(self, answer: Answer) -> None:
        place = self.at % len(answer.body)
        answer.body = answer.body[:place] + bytes([answer.body[place] ^ 1]) + answer.body[place + 1:]


@dataclass
class Cut:
    """The file is shorter by some bytes, and its Content-Length says so."""

    by: int = 1

    def __call__(self, answer: Answer) -> None:
        answer.body = answer.body[:max(0, len(answer.body) - self.by)]


@dataclass
class Pad:
    """The file is longer by some bytes, and its Content-Length says so."""

    by: int = 1

    def __call__(self, answer: Answer) -> None:
        answer.body += b"x" * self.by


@dataclass
class Content:
    """Another content: bytes, or a function of the right ones."""

    body: bytes | Callable[[bytes], bytes]

    def __call__(self, answer: Answer) -> None:
        answer.status = 200
        answer.body = self.body(answer.body) if callable(self.body) else self.body


class Gzip:
    """The file is compressed on its way, though nobody asked for it."""

    def __call__(self, answer: Answer) -> None:
        answer.body, answer.ranged = gzip.compress(answer.body, 1), False
        answer.headers["Content-Encoding"] = "gzip"


@dataclass
class Chunked:
    """The length is not said in advance; `by` bytes come beyond the file's end."""

    by: int = 0

    def __call__(self, answer: Answer) -> None:
        answer.body, answer.ranged, answer.chunked = answer.body + b"x" * self.by, False, True


class NoRange:
    """Ranges are ignored: always the whole file, with 200."""

    def __call__(self, answer: Answer) -> None:
        answer.ranged = False


@dataclass
class Rate:
    """At most so many bytes a second on a connection, as a CDN does."""

    limit: int

    def __call__(self, answer: Answer) -> None:
        answer.rate = self.limit


@dataclass
class Hook:
    """Calls something before the request is answered: what upstream, the disk or an operator does in mid-run.

    The file is read again afterwards: a hook may switch `upstream.directory`.
    """

    action: Callable[[], Any]

    def __call__(self, answer: Answer) -> None:
        self.action()


def _say(answer: Answer, status: int, content_type: str, body: bytes) -> None:
    answer.status, answer.body, answer.ranged = status, body, False
    answer.headers = {"Content-Type": content_type}


@dataclass
class _Rule:
    pattern: str
    fault: Fault
    left: int | None  # requests that it still applies to; None: all
    after: int  # requests that it lets pass first
    every: int  # of so many requests it applies to the last one
    turn: int = 0


class Upstream:
    """The server. `directory` may be set to another one at any time: upstream has published."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory: str | os.PathLike[str] = directory
        self.requests: list[Request] = []
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)
        self.url = "http://127.0.0.1:%d/" % self._server.server_port

    def __enter__(self) -> Upstream:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def fault(self, pattern: str, fault: Fault, times: int | None = None, after: int = 0, every: int = 1) -> None:
        """Misbehave on paths that match (fnmatch, `*` takes slashes too).

        Always or `times` times, after some good answers, and then on one request in `every`.
        """
        with self._lock:
            self._rules.append(_Rule(pattern, fault, times, after, every))

    def heal(self) -> None:
        """Behave from now on, and forget what was asked for."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()

    def count(self, pattern: str = "*") -> int:
        """How many requests there were for paths that match."""
        return len(self.asked(pattern))

    def sent(self, pattern: str = "*") -> int:
        """How many bytes of bodies were sent for paths that match."""
        return sum(request.sent for request in self.asked(pattern))

    def asked(self, pattern: str = "*") -> list[Request]:
        """The requests for paths that match, in their order."""
        return [request for request in list(self.requests) if fnmatch.fnmatchcase(request.path, pattern)]

    def answer(self, request: Request) -> Answer:
        """What to send for a request, with the faults in it."""
        with self._lock:
            self.requests.append(request)
            rules = [rule for rule in self._rules if fnmatch.fnmatchcase(request.path, rule.pattern) and self._due(rule)]
        for rule in rules:
            if isinstance(rule.fault, Hook):
                rule.fault.action()
        answer = self._file(request)
        for rule in rules:
            if not isinstance(rule.fault, Hook):
                rule.fault(answer)
        if answer.ranged and answer.status == 200:
            answer.headers["Accept-Ranges"] = "bytes"
            _narrow(answer)
        return answer

    def wait(self, seconds: float) -> None:
        """Sleeps, but not beyond the end of the server."""
        self._closing.wait(seconds)

    @staticmethod
    def _due(rule: _Rule) -> bool:
        if rule.after > 0:
            rule.after -= 1
            return False
        rule.turn += 1
        if rule.turn % rule.every:
            return False
        if rule.left is None:
            return True
        rule.left -= 1
        return rule.left >= 0

    def _file(self, request: Request) -> Answer:
        base = os.path.abspath(self.directory)
        full = os.path.normpath(os.path.join(base, request.path))
        if not full.startswith(base + os.sep) or not os.path.isfile(full):
            return Answer(request, 404, {"Content-Type": "text/plain"}, b"no such file\n", ranged=False)
        with open(full, "rb") as file:
            changed = email.utils.formatdate(os.fstat(file.fileno()).st_mtime, usegmt=True)
            return Answer(request, 200, {"Content-Type": "application/octet-stream", "Last-Modified": changed}, file.read())


def _narrow(answer: Answer) -> None:
    """Take the asked range of the body."""
    match = _RANGE.match(answer.request.range or "")
    if not match:
        return
    whole = len(answer.body)
    first, last = int(match.group(1)), min(int(match.group(2) or whole), whole - 1)
    if first >= whole:
        _say(answer, 416, "text/plain", b"")
        answer.headers["Content-Range"] = "bytes */%d" % whole
        return
    answer.status, answer.body = 206, answer.body[first:last + 1]
    answer.headers["Content-Range"] = "bytes %d-%d/%d" % (first, last, whole)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], upstream: Upstream) -> None:
        self.upstream = upstream
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        """Answers, slowly or in part where a fault says so."""
        upstream: Upstream = self.server.upstream  # type: ignore[attr-defined]
        request = Request(self.command, unquote(urlsplit(self.path).path).lstrip("/"), self.headers.get("Range"))
        answer = upstream.answer(request)
        request.status = answer.status
        self.send_response(answer.status, http.client.responses.get(answer.status, "by command"))
        length = {"Transfer-Encoding": "chunked"} if answer.chunked else {"Content-Length": str(len(answer.body))}
        for name, value in {**answer.headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        body = answer.body if answer.stop is None else answer.body[:answer.stop]
        step = min(_CHUNK, max(1, answer.rate // 20)) if answer.rate else _CHUNK
        for start in range(0, len(body), step):
            chunk = body[start:start + step]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if answer.chunked else chunk)
            request.sent += len(chunk)
            if answer.rate:
                time.sleep(len(chunk) / answer.rate)
        if answer.chunked and answer.stop is None:
            self.wfile.write(b"0\r\n\r\n")
        if answer.stop is not None:
            upstream.wait(answer.stall)
            self.close_connection = True

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
        """Says nothing: `requests` has it all."""
