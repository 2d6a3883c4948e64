# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's words: kept, and safe."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.words import scrub, server_words


@pytest.mark.parametrize(
    "body, words",
    [
        (b'{"url": ["Enter a valid URL."]}', "url: Enter a valid URL."),
        (b'{"__all__": ["One of a or b."], "os": ["x", "y"]}', "One of a or b.; os: x; os: y"),
        (b"Unable to delete ubuntu noble.\n", "Unable to delete ubuntu noble."),
        (b"<html>\n<head><title>413 Request &amp; all</title></head>", "413 Request & all"),
        (b"<p>no</p> <b>title</b>", "no title"),
        (b'["a"]', '["a"]'),
        (b"", ""),
        (b"\xff", "\ufffd"),
    ],
)
def test_words_of_a_body(body, words):
    assert server_words(body) == words


def test_long_words_are_cut():
    assert len(server_words(b"x" * 5000)) == 600


def test_secrets_and_passwords_are_taken_out():
    text = "base string &s3cret-long of http://u:hunter2@m.x/p and a"
    assert scrub(text, ["s3cret-long", "a"]) == "base string &*** of http://u:***@m.x/p and a"
