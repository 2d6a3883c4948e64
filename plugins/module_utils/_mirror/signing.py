# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's own key, kept by gpg in a directory of its own, for metadata that upstream has not signed."""

from __future__ import annotations

import json
import os

from .errors import RefusedError, StorageError, explained
from .tools import CommandError, run


def fingerprint(home):
    """The fingerprint of the signing key in a gpg home directory, or "" where there is none."""
    if not os.path.isdir(home):
        return ""
    listing = _gpg(home, "--with-colons", "--list-secret-keys")
    return next((line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")), "")


def make(home, published):
    """Makes a signing key where there is none.

    published: the path of the keyring that clients verify the mirror with, if it has published anything.
    RefusedError: the key is gone. One that nobody knows would shut all clients out.
    """
    if fingerprint(home):
        return
    if os.path.exists(published):
        raise RefusedError("%s holds no key, and the published index is signed with the one of %s" % (home, published),
                           "Put the key back. If it is lost, remove that file: the next sync makes a new key, which MAAS has to be "
                           "given before it reads the mirror again.")
    with explained(home):
        os.makedirs(home, mode=0o700, exist_ok=True)
    _gpg(home, "--passphrase", "", "--quick-generate-key", "MAAS image mirror", "rsa3072", "sign", "never")


def export(home, path):
    """Writes the public key as a binary keyring, the one form that gpgv and MAAS read; replaces the file as a whole."""
    temporary = path + ".new"
    _gpg(home, "--yes", "--output", temporary, "--export", fingerprint(home))
    with explained(path):
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)


def write(home, path, content):
    """Writes JSON content clearsigned."""
    plain = path + ".plain"
    with explained(path):
        with open(plain, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, sort_keys=True)
            file.write("\n")
        _gpg(home, "--yes", "--local-user", fingerprint(home), "--output", path, "--clearsign", plain)
        os.unlink(plain)


def rest(home):
    """Ends the agent that gpg has started for the secret key."""
    run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"])


def _gpg(home, *arguments):
    """What gpg says; StorageError if it can't do it."""
    try:
        return run(["gpg", "--homedir", home, "--batch", "--quiet", "--no-tty", *arguments])
    except CommandError as error:
        raise StorageError("gpg can't work with the signing key in %s: %s" % (home, error.words),
                           "Look at the key, its permissions, and the space on the disk.") from error
