# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as the recordings made them: OAuth headers good and bad, forms, multipart bodies, JSON."""
from __future__ import annotations

import http.client
import json
import random
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_BOUNDARY = "the-boundary-of-the-parts"


@dataclass
class Got:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: str


def oauth(api_key: str, **changed: str | None) -> str:
    """An Authorization header; `changed` replaces parts, or leaves them out where it says None."""
    consumer, token, secret = api_key.split(":")
    parts = {
        "oauth_version": "1.0", "oauth_signature_method": "PLAINTEXT", "oauth_consumer_key": consumer,
        "oauth_token": token, "oauth_signature": f"%26{secret}", "oauth_nonce": str(random.getrandbits(62)),
        "oauth_timestamp": str(int(time.time())), **changed,
    }
    return "OAuth " + ", ".join(f'{name}="{value}"' for name, value in parts.items() if value is not None)


def body_of(exchange: dict[str, Any], files: dict[str, bytes]) -> tuple[bytes | None, dict[str, str]]:
    """The body of a recorded request, and its headers."""
    headers = dict(exchange.get("headers", {}))
    if "multipart" in exchange:
        return _multipart(exchange["multipart"], files), {
            **headers, "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    form = exchange.get("form")
    if form is None:
        return None, headers
    if headers.get("Content-Type") == "application/json":
        return form[0].encode(), headers
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return urlencode([tuple(pair) for pair in form]).encode(), headers


def _multipart(pairs: list[list[str]], files: dict[str, bytes]) -> bytes:
    lines = b""
    for name, value in pairs:
        disposition = f'Content-Disposition: form-data; name="{name}"'
        content = value.encode()
        if value.startswith("@"):
            disposition += f'; filename="{value[1:]}"\r\nContent-Type: application/octet-stream'
            content = files[value[1:]]
        lines += f"--{_BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + content + b"\r\n"
    return lines + f"--{_BOUNDARY}--\r\n".encode()


def send(port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Got:
    """Over HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()},
                   answer.read().decode())
    finally:
        connection.close()


def call(port: int, api_key: str, method: str, path: str, **fields: Any) -> Any:
    """An ordinary call below /MAAS/api/2.0/; bytes go as a file. Fails when it is not answered 2xx."""
    files = {name: value for name, value in fields.items() if isinstance(value, bytes)}
    pairs = [[name, f"@{name}" if name in files else value] for name, value in fields.items()]
    body, headers = body_of({"multipart": pairs} if pairs else {}, files)
    got = send(port, method, f"/MAAS/api/2.0/{path}", body, {**headers, "Authorization": oauth(api_key)})
    assert got.status < 300, f"{method} {path}: {got.status} {got.body}"
    return json.loads(got.body) if "json" in got.headers.get("content-type", "") and got.body else got.body
