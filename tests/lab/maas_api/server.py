# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP around a Lab: one thread a connection, kept alive, bodies up to what MAAS' nginx takes."""
from __future__ import annotations

import contextlib
import hashlib
import http.server
import socketserver

from . import answer
from .answer import Answer
from .lab import Dropped, Lab
from .request import parse

BODY_LIMIT = 10 << 20  # bytes; nginx refuses more with 413
_DRAIN = 64 << 20  # bytes of a refused body that are read, so that its sender sees the answer


class Server(http.server.ThreadingHTTPServer):
    """The stand-in on an address. Port 0 takes a free one; see `port`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], lab: Lab) -> None:
        super().__init__(address, Handler)
        self.lab = lab

    def server_bind(self) -> None:
        """Bind, without HTTPServer's look-up of the host's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server
    timeout = 60

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            left = min(length, _DRAIN)
            while left > 0 and (chunk := self.rfile.read(min(left, 1 << 16))):
                left -= len(chunk)
            self.close_connection = True
            self._send(answer.page(413, "413 Request Entity Too Large"))
            return
        request = parse(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        try:
            self._send(self.server.lab.answer(request))
        except Dropped:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve

    def _send(self, given: Answer) -> None:
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        if self.path.startswith("/MAAS/api/2.0/"):
            version = self.server.lab.region.version.name
            self.send_header("X-MAAS-API-Hash", hashlib.sha1(version.encode()).hexdigest())
        if given.status != 204:
            self.send_header("Content-Length", str(len(given.body)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(ConnectionError):
                self.wfile.write(given.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """One line a request, when asked for."""
        if self.server.lab.region.options.verbose:
            super().log_message(format, *args)
