# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OAuth 1.0 as MAAS checks it: PLAINTEXT and HMAC-SHA1, nonces, timestamps, and the words of each refusal."""
from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from urllib.parse import quote, unquote

from . import answer
from .request import Request

THRESHOLD = 300  # seconds that a timestamp may be old; one in the future may be any

_PART = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*')
_NEEDED = {"oauth_consumer_key", "oauth_token", "oauth_signature", "oauth_signature_method", "oauth_timestamp",
           "oauth_nonce"}


@dataclass(frozen=True)
class User:
    """Who asks, and the parts of the API key."""

    name: str
    admin: bool
    consumer: str
    token: str
    secret: str


def user_of(name: str, admin: bool, api_key: str) -> User:
    """A user from `CONSUMER:TOKEN:SECRET`.

    Raises ValueError when there are not three parts.
    """
    parts = api_key.split(":")
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"The API key of {name} must be CONSUMER:TOKEN:SECRET; it has {len(parts)} part(s).")
    return User(name, admin, *parts)


class Door:
    """Lets users in, each nonce once."""

    def __init__(self, users: list[User]) -> None:
        self.users = users
        self._nonces: set[tuple[str, str]] = set()

    def user(self, request: Request) -> User | None:
        """Who asks; None without credentials. Raises Refusal when they are not good."""
        given = _credentials(request.headers.get("authorization", ""))
        if given is None:
            return None
        if not any(user.consumer == given["oauth_consumer_key"] for user in self.users):
            raise answer.wrong_key("Invalid API key.")
        user = next((one for one in self.users if one.token == given["oauth_token"]), None)
        if user is None:
            raise answer.wrong_key(f"'Invalid access token: {given['oauth_token']}'")
        self._timely(given)
        self._once(given)
        self._signed(request, given, user)
        return user

    @staticmethod
    def _timely(given: dict[str, str]) -> None:
        stamp, now = int(given["oauth_timestamp"]), int(time.time())
        if now - stamp > THRESHOLD:
            raise answer.wrong_key(f"'Expired timestamp: given {stamp} and now {now} has a greater difference than "
                                   f"threshold {THRESHOLD}'")

    def _once(self, given: dict[str, str]) -> None:
        nonce = (given["oauth_token"], given["oauth_nonce"])
        if nonce in self._nonces:
            raise answer.wrong_key(f"'Nonce already used: {given['oauth_nonce']}'")
        self._nonces.add(nonce)

    @staticmethod
    def _signed(request: Request, given: dict[str, str], user: User) -> None:
        key = f"&{user.secret}"
        if given["oauth_signature_method"] == "HMAC-SHA1":
            base = _base(request, given)
            good = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()
        else:
            base = good = key
        # the real one, too, gives the secret away
        if not hmac.compare_digest(given["oauth_signature"].encode(), good.encode()):
            raise answer.wrong_key(f"'Invalid signature. Expected signature base string: {base}'")


def _credentials(header: str) -> dict[str, str] | None:
    scheme, _space, rest = header.partition(" ")
    if scheme.lower() != "oauth":
        return None
    given = {name: unquote(value) for name, value in _PART.findall(rest)}
    if _NEEDED - given.keys() or not given["oauth_timestamp"].isdigit():
        return None  # not a request with OAuth, says MAAS, so an anonymous one
    return given


def _base(request: Request, given: dict[str, str]) -> str:
    """The text that HMAC-SHA1 signs (OAuth Core 1.0, 9.1)."""
    pairs = [(name, value) for name, value in given.items() if name not in ("oauth_signature", "realm")]
    for several in (request.query, request.fields):
        pairs += [(name, str(value)) for name, values in several.items() for value in values]
    escaped = sorted((_escape(name), _escape(value)) for name, value in pairs)
    url = f"http://{request.headers.get('host', '')}{request.path}"
    joined = "&".join(f"{name}={value}" for name, value in escaped)
    return "&".join(_escape(part) for part in (request.method, url, joined))


def _escape(text: str) -> str:
    return quote(text, safe="~")
