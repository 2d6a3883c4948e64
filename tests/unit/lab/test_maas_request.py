# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of every form of body."""
from __future__ import annotations

from ansible_collections.imagemirror.maas.tests.lab.maas_api.request import parse

PATH = "/MAAS/api/2.0/boot-sources/"


def test_a_form_keeps_repeated_names_in_order():
    request = parse("POST", PATH, {}, b"arches=amd64&arches=arm64&os=ubuntu&release=")
    assert request.fields == {"arches": ["amd64", "arm64"], "os": ["ubuntu"], "release": [""]}
    assert (request.first("arches"), request.first("release"), request.first("labels")) == ("arm64", "", None)


def test_json_lists_are_repeated_names():
    request = parse("POST", PATH, {"Content-Type": "application/json"}, b'{"arches": ["amd64"], "os": "ubuntu"}')
    assert request.fields == {"arches": ["amd64"], "os": ["ubuntu"]}


def test_json_that_is_none_has_no_fields():
    assert parse("POST", PATH, {"Content-Type": "application/json"}, b"{").fields == {}


def test_only_a_part_with_a_filename_is_a_file():
    body = (b'--b\r\nContent-Disposition: form-data; name="url"\r\n\r\nhttp://m.example.com/\r\n'
            b'--b\r\nContent-Disposition: form-data; name="keyring_data"; filename="k.gpg"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n\x00\xff\r\n\x99\r\n"
            b'--b\r\nContent-Disposition: form-data; name="empty"; filename="e"\r\n\r\n\r\n--b--\r\n')
    request = parse("PUT", PATH, {"content-type": "multipart/form-data; boundary=b"}, body)
    assert request.fields == {"url": ["http://m.example.com/"]}
    assert request.files == {"keyring_data": b"\x00\xff\r\n\x99", "empty": b""}


def test_the_operation_is_in_the_query_or_in_the_form_of_a_post():
    assert parse("GET", f"{PATH}?op=import", {}).op == "import"
    assert parse("POST", PATH, {}, b"op=import").op == "import"
    assert parse("PUT", PATH, {}, b"op=import").op is None
