# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OAuth 1.0 PLAINTEXT, as MAAS wants it: a header made of the three parts of an API key. Pure."""

from __future__ import annotations

from collections import namedtuple
from urllib.parse import quote

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError


class ApiKey(namedtuple("ApiKey", "consumer token secret")):
    """The three parts of a MAAS API key. Its repr never shows them."""

    __slots__ = ()

    def __repr__(self):
        return "ApiKey(…)"


def parse_api_key(text):
    """`consumer:token:secret` as an ApiKey; InputError (which does not repeat the text) if it is not three parts."""
    parts = (text or "").strip().split(":")
    if len(parts) != 3 or not all(parts) or any(char.isspace() for char in text.strip()):
        raise InputError(
            "api_key must be three parts joined by colons (CONSUMER:TOKEN:SECRET); this one has %d non-empty "
            "part(s). `maas apikey --username=ADMIN` on the region, or the user's preferences in the UI, shows it."
            % len([part for part in parts if part])
        )
    return ApiKey(*parts)


def authorization(key, nonce, timestamp):
    """The Authorization header's value. `nonce` may never repeat, `timestamp` is in seconds since the epoch.

    MAAS refuses timestamps more than 300 s old, and nonces that it has seen.
    """
    fields = (
        ("oauth_version", "1.0"),
        ("oauth_signature_method", "PLAINTEXT"),
        ("oauth_consumer_key", key.consumer),
        ("oauth_token", key.token),
        ("oauth_signature", "&" + key.secret),  # the consumer's secret, before the ampersand, is always empty
        ("oauth_nonce", nonce),
        ("oauth_timestamp", str(int(timestamp))),
    )
    return "OAuth " + ", ".join('%s="%s"' % (name, quote(value, safe="")) for name, value in fields)
