# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers: a status, a body, and the headers that a real MAAS sends with each kind."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

# MAAS' `Vary` tells how far a request came: to the view with its user, or only to the session.
BOTH = "Authorization, Cookie"
COOKIE = "Cookie"


@dataclass
class Answer:
    """What goes out."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode(errors="replace"))
        self.answer = answer


def _answer(status: int, text: str, content_type: str, vary: str | None) -> Answer:
    headers = {"Content-Type": content_type}
    if vary:
        headers["Vary"] = vary
    return Answer(status, text.encode(), headers)


def value(data: Any, status: int = 200) -> Answer:
    """An object or a list."""
    return _answer(status, json.dumps(data), "application/json; charset=utf-8", BOTH)


def setting(data: Any) -> Answer:
    """A setting's value; an empty string has no bytes at all."""
    return _answer(200, "" if data == "" else json.dumps(data), "application/json", BOTH)


def text(words: str, charset: bool = False, status: int = 200) -> Answer:
    """Plain text from a view that was reached."""
    return _answer(status, words, "text/plain; charset=utf-8" if charset else "text/plain", BOTH)


def plain(words: str) -> Answer:
    """Plain text from outside any view, without `Vary`."""
    return _answer(200, words, "text/plain", None)


def page(status: int, title: str, vary: str | None = None, charset: bool = False) -> Answer:
    """A page for people. What it says beside its title nobody should read."""
    words = f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n</body>\n</html>"
    return _answer(status, words, "text/html; charset=utf-8" if charset else "text/html", vary)


def json_page(data: Any, status: int = 200) -> Answer:
    """JSON from the other API (/MAAS/a/v3) or a document."""
    return _answer(status, json.dumps(data), "application/json", None)


def deleted() -> Answer:
    """204."""
    return _answer(204, "", "text/plain", BOTH)


def invalid(errors: dict[str, list[str]], charset: bool = True) -> Refusal:
    """400 of a form: messages by field. Errors found while saving have no charset."""
    content_type = "application/json; charset=utf-8" if charset else "application/json"
    return Refusal(_answer(400, json.dumps(errors), content_type, COOKIE))


def bad(words: str) -> Refusal:
    """400 in plain words."""
    return Refusal(_answer(400, words, "text/plain; charset=utf-8", COOKIE))


def bad_format(name: str) -> Refusal:
    """400 for `?format=…`."""
    return Refusal(text(f"Invalid output format specified '{name}'.", status=400))


def broken(words: str) -> Refusal:
    """500: an exception that MAAS did not expect, in Python's words."""
    return Refusal(_answer(500, words, "text/plain; charset=utf-8", COOKIE))


def conflict() -> Refusal:
    """409: the database was busy for too long."""
    answer = page(409, "Conflict", COOKIE, charset=True)
    answer.headers["Retry-After"] = "5"
    return Refusal(answer)


def missing(model: str) -> Refusal:
    """404 of an object."""
    return Refusal(text(f"No {model} matches the given query.", status=404))


def unknown_endpoint(path: str) -> Refusal:
    """404 of a path, and of one without its trailing slash."""
    return Refusal(_answer(404, f"Unknown API endpoint: {path}.", "text/plain; charset=utf-8", None))


def wrong_method() -> Refusal:
    """405."""
    return Refusal(_answer(405, "", "text/html; charset=utf-8", BOTH))


def anonymous() -> Refusal:
    """401 of a request that shows no credentials."""
    return Refusal(text("Forbidden", status=401))


def wrong_key(words: str) -> Refusal:
    """401 of credentials that are not good."""
    answer = _answer(401, f"Authorization Error: {words}", "text/html; charset=utf-8", COOKIE)
    answer.headers["WWW-Authenticate"] = 'OAuth realm="OAuth"'
    return Refusal(answer)


def forbidden(words: str) -> Refusal:
    """403."""
    return Refusal(_answer(403, words, "text/plain; charset=utf-8", COOKIE))
