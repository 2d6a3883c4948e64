# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Authorization header."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.oauth import ApiKey, authorization, parse_api_key


def test_header_is_what_maas_expects():
    assert authorization(ApiKey("C", "T", "S"), "N", 1795420371.9) == (
        'OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="C", oauth_token="T", '
        'oauth_signature="%26S", oauth_nonce="N", oauth_timestamp="1795420371"'
    )


def test_values_can_not_break_out_of_the_header():
    assert 'oauth_token="a%22%2C%20b"' in authorization(ApiKey("C", 'a", b', "S"), "N", 0)


def test_key_is_taken_apart():
    assert parse_api_key(" c:t:s\n") == ApiKey("c", "t", "s")


@pytest.mark.parametrize("text", ["", None, "hunter2", "hunter2:b", "hunter2:b:", "hunter2:b:c:d", "hunter2:b c:d"])
def test_what_is_no_key_is_refused_without_repeating_it(text):
    with pytest.raises(InputError, match="CONSUMER:TOKEN:SECRET") as caught:
        parse_api_key(text)
    assert "hunter2" not in str(caught.value)


def test_repr_of_a_key_shows_nothing():
    assert "sesame" not in repr(ApiKey("sesame1", "sesame2", "sesame3"))
