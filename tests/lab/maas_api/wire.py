# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Getting bytes from a mirror as MAAS does: whole files, redirects only where it follows them, its words of errors."""
from __future__ import annotations

import base64
import gzip
import hashlib
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from typing import IO, Any
from urllib.parse import unquote, urlsplit, urlunsplit

TIMEOUT = 120  # seconds without a byte
_CHUNK = 1 << 18
_LOCAL = ("127.0.0.1", "localhost")


class Unreachable(Exception):
    """No answer from the host; the words are those of the library that MAAS uses."""

    def __init__(self, url: str, reason: str) -> None:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        kind = "HTTPSConnection" if parts.scheme == "https" else "HTTPConnection"
        super().__init__(
            f"{kind}Pool(host='{parts.hostname}', port={port}): Max retries exceeded with url: {parts.path} (Caused by "
            f"NewConnectionError('<urllib3.connection.{kind} object at 0x7f0000000000>: Failed to establish a new "
            f"connection: {reason}'))")


class Refused(Exception):
    """An answer that is not the file."""

    def __init__(self, url: str, status: int) -> None:
        kind = "Redirect response" if 300 <= status < 400 else "Client error" if status < 500 else "Server error"
        super().__init__(f"{kind} '{status}' for url '{url}'")
        self.status = status


class Damaged(Exception):
    """The file's bytes are not those that the metadata promises."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message,
                         newurl: str) -> None:
        return None


@dataclass
class Wire:
    """How this host reaches others."""

    agent: str = "maas"
    unreachable: set[str] = field(default_factory=set)  # host names that do not resolve here
    proxy: str = ""  # of http and https; empty: none
    no_proxy: set[str] = field(default_factory=set)

    def text(self, url: str) -> str:
        """A metadata file. Raises Unreachable, Refused."""
        with self._open(url, follow=True) as response:
            try:
                content = response.read()
                if response.headers.get("Content-Encoding") == "gzip":
                    content = gzip.decompress(content)
            except (OSError, ValueError, EOFError) as error:
                raise Unreachable(url, str(error)) from error
        return content.decode(errors="replace")

    def download(self, url: str, sha256: str, size: int, follow: bool) -> int:
        """Read an image's file and forget it; returns its bytes. Raises Unreachable, Refused, Damaged."""
        digest, length = hashlib.sha256(), 0
        with self._open(url, follow=follow, verify=False) as response:
            try:
                while chunk := response.read(_CHUNK):
                    digest.update(chunk)
                    length += len(chunk)
            except OSError as error:
                raise Unreachable(url, str(error)) from error
        if length != size:
            raise Damaged(f"{url} has {length} bytes, not {size}")
        if digest.hexdigest() != sha256:
            raise Damaged(f"{url} has the sha256 {digest.hexdigest()}, not {sha256}")
        return length

    def _open(self, url: str, *, follow: bool, verify: bool = True) -> Any:
        parts = urlsplit(url)
        if parts.hostname in self.unreachable and self._direct(parts.hostname):
            raise Unreachable(url, "[Errno -2] Name or service not known")
        clean = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        request = urllib.request.Request(clean, headers={"User-Agent": self.agent})
        if verify:
            request.add_header("Accept-Encoding", "gzip")
        if parts.username:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
        try:
            return self._opener(parts.hostname or "", follow, verify).open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            error.close()
            raise Refused(clean, error.code) from error
        except (OSError, ValueError) as error:  # ValueError: what http.client does not take for a URL or an answer
            reason = getattr(error, "reason", error)
            raise Unreachable(clean, str(reason)) from error

    def _direct(self, host: str) -> bool:
        return not self.proxy or host in _LOCAL or host in self.no_proxy

    def _opener(self, host: str, follow: bool, verify: bool) -> urllib.request.OpenerDirector:
        proxies = {} if self._direct(host) else {"http": self.proxy, "https": self.proxy}
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler(proxies)]
        if not follow:
            handlers.append(_NoRedirect())
        if not verify:  # the files' hashes are signed
            handlers.append(urllib.request.HTTPSHandler(context=ssl._create_unverified_context()))
        return urllib.request.build_opener(*handlers)
