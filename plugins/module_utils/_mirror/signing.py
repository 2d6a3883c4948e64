# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's own key, kept by gpg in a directory of its own, for metadata that upstream has not signed."""

from __future__ import annotations

import json
import os

from .errors import explained
from .tools import run


def fingerprint(home):
    """The fingerprint of the signing key in a gpg home directory, or "" where there is none."""
    if not os.path.isdir(home):
        return ""
    listing = run(_gpg(home) + ["--with-colons", "--list-secret-keys"])
    return next((line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")), "")


def make(home):
    """Makes a signing key where there is none."""
    if not fingerprint(home):
        with explained(home):
            os.makedirs(home, mode=0o700, exist_ok=True)
        run(_gpg(home) + ["--passphrase", "", "--quick-generate-key", "MAAS image mirror", "rsa3072", "sign", "never"])


def export(home, path):
    """Writes the public key as a binary keyring, the one form that gpgv and MAAS read."""
    run(_gpg(home) + ["--yes", "--output", path, "--export", fingerprint(home)])


def write(home, path, content):
    """Writes JSON content clearsigned."""
    plain = path + ".plain"
    with open(plain, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, sort_keys=True)
        file.write("\n")
    run(_gpg(home) + ["--yes", "--local-user", fingerprint(home), "--output", path, "--clearsign", plain])
    os.unlink(plain)


def rest(home):
    """Ends the agent that gpg has started for the secret key."""
    run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"])


def _gpg(home):
    return ["gpg", "--homedir", home, "--batch", "--quiet", "--no-tty"]
