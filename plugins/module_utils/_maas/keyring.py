# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyrings as MAAS can use them: binary, as `gpg --export` writes them."""

from __future__ import annotations

import base64
import binascii
import hashlib

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError

_ARMOR = b"-----BEGIN PGP"
_PUBLIC_KEY_TAG = 6  # RFC 9580, 5: a keyring of public keys begins with a packet of this tag
_SECRET_KEY_TAG = 5


def load(path):
    """The bytes of the keyring file at `path` on this host; InputError if MAAS could not verify with it."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise InputError("keyring_file %s can't be read: %s." % (path, error.strerror)) from error
    return check(data, "keyring_file %s" % path)


def decode(text, option="keyring_data"):
    """The keyring's bytes of its base64 text; InputError if it is not base64 of a keyring."""
    if _ARMOR in text.encode():
        return check(text.encode(), option)  # the better error
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            "%s is not base64. `base64 -w0 KEYRING.gpg` makes it, or lookup('file', …) | b64encode; "
            "for a file on the host that runs the module keyring_file is simpler." % option
        ) from error
    return check(data, option)


def check(data, what):
    """`data`, if it begins as a binary keyring of public keys does; InputError that says how to make one, otherwise."""
    if not data:
        raise InputError("%s is empty; MAAS refuses it." % what)
    if data.lstrip().startswith(_ARMOR):
        raise InputError(
            "%s is ASCII-armored. MAAS takes it and then silently fails to verify anything with it. "
            "Make it binary first: gpg --dearmor < KEYRING.asc > KEYRING.gpg" % what
        )
    tag = _first_tag(data)
    if tag == _SECRET_KEY_TAG:
        raise InputError("%s holds a SECRET key. Export the public one: gpg --export KEYID > KEYRING.gpg" % what)
    if tag != _PUBLIC_KEY_TAG:
        raise InputError(
            "%s is not a binary OpenPGP keyring. Make one: gpg --export KEYID > KEYRING.gpg "
            "(a keybox, such as ~/.gnupg/pubring.kbx, is none either)" % what
        )
    return data


def _first_tag(data):
    head = data[0]
    if not head & 0x80:
        return None
    return head & 0x3F if head & 0x40 else (head & 0x3C) >> 2


def digest(data):
    """`sha256:…` of the bytes, for people and diffs; "" of none."""
    return "sha256:" + hashlib.sha256(data).hexdigest() if data else ""
