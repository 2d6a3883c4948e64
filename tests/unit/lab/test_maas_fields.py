# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is a URL and what is true, to Django."""
from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.tests.lab.maas_api import fields


@pytest.mark.parametrize("text", [
    "http://127.0.0.1/", "http://localhost:8000/x", "https://images.example.com/a%20b", "http://[::1]:80/",
    "http://user:pw@m.example.com/", "http://m.example.com/streams/v1/index.json"])
def test_good_urls(text):
    assert fields.url(text) == (text, [])


@pytest.mark.parametrize("text", [
    "foo", "http://mirror/x", "file:///srv/mirror", "http://", "http://m.example.com:port/", "http://-a.example.com/",
    "http://m.1/", "http://m.example.com/a b", "http://[::1/"])
def test_bad_urls(text):
    assert fields.url(text)[1] == ["Enter a valid URL."]


def test_an_empty_url_is_missing():
    assert fields.url(" ") == ("", ["This field is required."])


def test_a_url_has_a_length():
    assert fields.url("http://m.example.com/" + 180 * "a")[1] == [
        "Ensure this value has at most 200 characters (it has 201)."]


@pytest.mark.parametrize(("text", "setting", "box"), [
    ("false", False, False), ("False", False, False), ("0", True, False), ("no", True, True), ("true", True, True)])
def test_truth(text, setting, box):
    assert (fields.setting_boolean(text), fields.boolean(text)) == (setting, box)
