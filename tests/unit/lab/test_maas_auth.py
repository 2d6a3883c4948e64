# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is let in, and what is said to the others."""
from __future__ import annotations

import base64
import hashlib
import hmac
import time

import pytest
from ansible_collections.imagemirror.maas.tests.lab.maas_api.answer import Refusal
from ansible_collections.imagemirror.maas.tests.lab.maas_api.auth import Door, user_of
from ansible_collections.imagemirror.maas.tests.lab.maas_api.request import parse

ADMIN = user_of("admin", True, "c:t:s")


def header(**changed):
    parts = {"oauth_signature_method": "PLAINTEXT", "oauth_consumer_key": "c", "oauth_token": "t",
             "oauth_signature": "%26s", "oauth_nonce": "1", "oauth_timestamp": str(int(time.time())), **changed}
    return "OAuth " + ", ".join(f'{name}="{value}"' for name, value in parts.items())


def asked(authorization, target="/MAAS/api/2.0/users/?op=whoami"):
    return parse("GET", target, {"Authorization": authorization, "Host": "region:5240"})


@pytest.mark.parametrize("changed", [{}, {"oauth_signature": "&s"}, {"oauth_version": "1.0"}, {"realm": "OAuth"},
                                     {"oauth_timestamp": "9999999999"}])
def test_a_good_key_is_let_in(changed):
    assert Door([ADMIN]).user(asked(header(**changed))) is ADMIN


@pytest.mark.parametrize("authorization", ["", "Basic YTpi", 'OAuth oauth_token="t"'])
def test_what_is_not_oauth_is_anonymous(authorization):
    assert Door([ADMIN]).user(asked(authorization)) is None


@pytest.mark.parametrize(("changed", "words"), [
    ({"oauth_consumer_key": "x"}, "Invalid API key."),
    ({"oauth_token": "x"}, "Invalid access token: x"),
    ({"oauth_signature": "%26x"}, "Invalid signature. Expected signature base string: &s"),
    ({"oauth_timestamp": "1700000000"}, "Expired timestamp: given 1700000000 and now "),
])
def test_a_bad_one_is_told_why(changed, words):
    with pytest.raises(Refusal, match="Authorization Error: ") as refused:
        Door([ADMIN]).user(asked(header(**changed)))
    assert refused.value.answer.status == 401
    assert words in str(refused.value)


def test_a_nonce_is_good_once():
    door = Door([ADMIN])
    door.user(asked(header()))
    with pytest.raises(Refusal, match="Nonce already used: 1"):
        door.user(asked(header()))


def test_hmac_sha1_is_checked():
    stamp = str(int(time.time()))
    base = ("GET&http%3A%2F%2Fregion%3A5240%2FMAAS%2Fapi%2F2.0%2Fusers%2F&oauth_consumer_key%3Dc%26oauth_nonce%3D1%26"
            f"oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D{stamp}%26oauth_token%3Dt%26op%3Dwhoami")
    signature = base64.b64encode(hmac.new(b"&s", base.encode(), hashlib.sha1).digest()).decode()
    changed = {"oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": stamp}
    signed = header(**changed, oauth_signature=signature.replace("+", "%2B").replace("=", "%3D"))
    assert Door([ADMIN]).user(asked(signed)) is ADMIN
    with pytest.raises(Refusal, match="Invalid signature"):
        Door([ADMIN]).user(asked(signed, "/MAAS/api/2.0/users/?op=other"))


@pytest.mark.parametrize("key", ["", "a:b", "a:b:", "a:b:c:d"])
def test_a_key_has_three_parts(key):
    with pytest.raises(ValueError, match="CONSUMER:TOKEN:SECRET"):
        user_of("admin", True, key)
