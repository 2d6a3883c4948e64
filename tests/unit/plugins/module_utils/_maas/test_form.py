# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies as MAAS reads them."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.form import encode


def test_lists_become_repeated_fields_never_commas():
    assert encode({"arches": ["amd64", "arm64"], "os": "ubuntu"}, {}, "B") == (
        "application/x-www-form-urlencoded",
        b"arches=amd64&arches=arm64&os=ubuntu",
    )


def test_booleans_are_spelled_as_maas_knows_them():
    assert encode({"enabled": False, "x": True, "priority": 0}, {}, "B")[1] == b"enabled=false&x=true&priority=0"


def test_text_is_percent_encoded():
    assert encode({"url": "http://m/ä&b"}, {}, "B")[1] == b"url=http%3A%2F%2Fm%2F%C3%A4%26b"


def test_a_file_makes_it_multipart_with_untouched_bytes():
    content_type, body = encode({"url": "http://m.x/", "keyring_filename": ""}, {"keyring_data": b"\x99\r\n\x00"}, "B")
    assert content_type == "multipart/form-data; boundary=B"
    assert body == (
        b'--B\r\nContent-Disposition: form-data; name="url"\r\n\r\nhttp://m.x/\r\n'
        b'--B\r\nContent-Disposition: form-data; name="keyring_filename"\r\n\r\n\r\n'
        b'--B\r\nContent-Disposition: form-data; name="keyring_data"; filename="keyring_data"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\x99\r\n\x00\r\n"
        b"--B--\r\n"
    )
