# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyrings are binary and public, or refused."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import keyring
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError

OLD_FORMAT = b"\x99\x01\x8d\x04rest of a public key"  # as gpg --export writes it
NEW_FORMAT = b"\xc6\x33\x04rest of a public key"


@pytest.mark.parametrize("data", [OLD_FORMAT, NEW_FORMAT])
def test_binary_keyrings_are_taken_as_they_are(tmp_path, data):
    path = tmp_path / "mirror.gpg"
    path.write_bytes(data)
    assert keyring.load(str(path)) == data
    assert keyring.decode(base64.encodebytes(data).decode()) == data


@pytest.mark.parametrize(
    "data, hint",
    [
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQG", "gpg --dearmor"),
        (b"\n-----BEGIN PGP PUBLIC KEY BLOCK-----", "gpg --dearmor"),
        (b"\x95\x01secret", "SECRET"),
        (b"", "is empty"),
        (b"nonsense", "not a binary OpenPGP keyring"),
        (b"\x00\x00\x00\x20\x01\x01\x00\x02KBXf", "not a binary OpenPGP keyring"),
    ],
)
def test_what_maas_could_not_verify_with_is_refused_by_name(tmp_path, data, hint):
    path = tmp_path / "mirror.asc"
    path.write_bytes(data)
    with pytest.raises(InputError, match=hint) as caught:
        keyring.load(str(path))
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        keyring.load(str(tmp_path / "none.gpg"))


def test_data_that_is_not_base64():
    with pytest.raises(InputError, match="keyring_data is not base64"):
        keyring.decode("§§§")


def test_armored_data_gets_the_better_error():
    with pytest.raises(InputError, match="gpg --dearmor"):
        keyring.decode("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")


def test_digest():
    assert keyring.digest(b"") == ""
    assert keyring.digest(b"a").startswith("sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")
