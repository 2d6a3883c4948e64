# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of metadata, checked by the real gpgv."""
from __future__ import annotations

import re
import subprocess
import tempfile

_SIGNED = re.compile(r"\A-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)"
                     r"\r?\n-----BEGIN PGP SIGNATURE-----", re.DOTALL)


class NotSigned(Exception):
    """There is no signature around the text."""


class BadSignature(Exception):
    """gpgv does not accept the signature: another key, no keyring, changed text."""


def content(text: str, keyring: str) -> str:
    """What is inside a clear-signed text. `keyring` is a binary keyring's path. Raises NotSigned, BadSignature."""
    match = _SIGNED.match(text)
    if not match:
        raise NotSigned
    with tempfile.NamedTemporaryFile("w", suffix=".sjson") as signed:
        signed.write(text)
        signed.flush()
        ran = subprocess.run(["gpgv", "--keyring", keyring, signed.name], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BadSignature(ran.stderr.strip())
    return re.sub(r"^- ", "", match.group(1), flags=re.MULTILINE)
