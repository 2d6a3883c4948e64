# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror read as MAAS reads it: the metadata's signatures checked by gpgv, with the keyring that MAAS has."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from email.utils import parsedate_to_datetime

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import stream
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError, MaasError, UnreachableError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import without_password
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.web import WebError, below

_CLEARSIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----"
_NOT_FETCHED = "manifest"  # the one type of file that MAAS reads about and does not download


class MirrorError(MaasError):
    """MAAS could not read the mirror, or not find there what it needs."""


class Mirror:
    """The mirror at a source's URL. `keyring` is the path of a binary keyring, or None where MAAS would not verify."""

    def __init__(self, url, web, keyring):
        self.base, self._index = stream.places(url)
        self._url = url
        self._web = web
        self._keyring = keyring
        self.complaints = []  # what MAAS 3.8 refuses the whole source for, and older ones take

    def products(self):
        """[Product] that it offers. MirrorError says which file MAAS could not read, and what the server or gpgv said."""
        try:
            products = stream.read(self._fetch, self._url)
        except UnreachableError as error:
            raise MirrorError("MAAS could not use it: %s" % error) from error
        for one in products:
            if not one.bootloader and not any(file.ftype == "manifest" for file in one.items):
                self.complaints.append("%s %s %s has no manifest" % (one.name, one.architecture, one.newest))
        return products

    def fault(self, file, whole):
        """Why MAAS could not take a File, "" if it could; with `whole` all of it is read and hashed."""
        return self._web.fault(below(self.base, file.path), file.size, file.sha256 if whole else None)

    def _fetch(self, url):
        shown = without_password(url)
        try:
            body = self._web.read(url)
        except WebError as error:
            raise MirrorError("MAAS could not read %s: %s." % (shown, error)) from error
        if self._keyring is not None:
            body = _verified(shown, body, self._keyring)
        if url == self.base + self._index:
            self.complaints += _index_complaints(body)
        return body


def downloaded(product):
    """The files of a product that MAAS downloads: of two forms of one tree it takes the squashfs."""
    types = {file.ftype for file in product.items}
    return [
        file
        for file in product.items
        if file.ftype != _NOT_FETCHED and not (file.ftype == "root-image.gz" and "squashfs" in types)
    ]


def _verified(shown, body, keyring):
    """What is inside the clear-signed body, checked with the program and the option that MAAS uses."""
    if not body.startswith(_CLEARSIGNED):
        raise MirrorError(
            "%s answers, but is not clear-signed, so MAAS refuses it. Is there a proxy or a login page between, or is the "
            "stream unsigned?" % shown
        )
    try:
        with tempfile.NamedTemporaryFile(suffix=".sjson") as signed:
            signed.write(body)
            signed.flush()
            ran = subprocess.run(
                ["gpgv", "--keyring", os.path.abspath(keyring), "--output", "-", signed.name],
                capture_output=True, check=False, env=dict(os.environ, LC_ALL="C"),
            )  # fmt: skip
    except FileNotFoundError as error:
        raise InputError("gpgv, which signatures are checked with, is not on this host. Install the package gpgv.") from error
    if ran.returncode:
        said = [line.partition("gpgv: ")[2] for line in ran.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise MirrorError(
            "%s is not signed by a key of the keyring that MAAS would use, so MAAS would refuse it, in silence. gpgv says: %s."
            % (shown, "; ".join(said[-2:]).rstrip("."))
        )
    return ran.stdout


def _index_complaints(body):
    try:
        updated = json.loads(stream.cleartext(body.decode("utf-8", "replace"))).get("updated")
        parsedate_to_datetime(updated)
    except (AttributeError, TypeError, ValueError):
        return ["the index has no date of its last update as in RFC 2822"]
    return []
