# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests: method, path, query, fields and files, from forms, multipart bodies and JSON."""
from __future__ import annotations

import email.parser
import email.policy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from .auth import User


@dataclass
class Request:
    """What came in. `fields` and `query` keep every repetition of a name, in order."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case
    fields: dict[str, list[Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    user: User | None = None  # who asks, once that is known

    @property
    def op(self) -> str | None:
        """The operation that is asked for: in the query, or in the form of a POST."""
        found = self.query.get("op") or (self.fields.get("op") if self.method == "POST" else None)
        return str(found[0]) if found else None

    def first(self, name: str) -> Any:
        """A field's last value, as Django takes it, or None where it was not sent."""
        return self.fields[name][-1] if self.fields.get(name) else None

    def asked(self, name: str, default: str = "") -> str:
        """A value of the query."""
        return self.query[name][-1] if name in self.query else default


def parse(method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Request:
    """A Request from what is on the wire."""
    parts = urlsplit(target)
    request = Request(method, unquote(parts.path), _grouped(parse_qsl(parts.query, keep_blank_values=True)),
                      {name.lower(): value for name, value in headers.items()})
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        _multipart(request, body)
    elif content_type == "application/json":
        _json(request, body)
    else:
        request.fields = _grouped(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return request


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _multipart(request: Request, body: bytes) -> None:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True) or b""
        if part.get_filename() is not None:
            request.files[name] = content
        else:
            request.fields.setdefault(name, []).append(content.decode(errors="replace"))


def _json(request: Request, body: bytes) -> None:
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return
    if isinstance(data, dict):
        request.fields = {name: value if isinstance(value, list) else [value] for name, value in data.items()}
