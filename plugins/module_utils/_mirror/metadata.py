# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream's metadata: fetched by sstream-mirror, authenticated and filtered by sstream-query."""

from __future__ import annotations

import email.utils
import hashlib
import json
import os
import urllib.error
import urllib.request

from .errors import UpstreamError
from .tools import CommandError, run

SIGNED_INDEX = "streams/v1/index.sjson"  # the one from which on simplestreams checks signatures at all
PLAIN_INDEX = "streams/v1/index.json"
_CLEARSIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"


def snapshot(settings, directory):
    """Fetches the metadata of the source, once, into a directory that does not exist yet.

    What is read afterwards is this copy: an upstream that publishes meanwhile changes nothing.
    sstream-mirror checks the signatures of what it reads, but not of what it writes last: only what rows() has read
    from the snapshot is authentic.
    UpstreamError: it could not be had or is not signed by a key of the keyring.
    """
    try:
        run(["sstream-mirror", "--no-item-download", *_verification(settings), "--path", _index(settings),
             settings.source, directory], settings.metadata_timeout)
    except CommandError as error:
        raise UpstreamError("The metadata of %s could not be had: %s" % (settings.source, error.words),
                            _diagnosis(settings, error)) from error


def rows(settings, location, selection=None):
    """What a selection (without one: everything) takes of a stream: sstream-query's flat dicts, one for each item.

    location: a snapshot's directory or a URL, with the index below it.
    UpstreamError: a signature is missing or not by a key of the keyring, or the metadata is not readable.
    """
    argv = ["sstream-query", "--json", *_verification(settings)]
    if selection is not None:
        argv += ["--max", str(selection.max)]
    argv.append(os.path.join(location, _index(settings)))
    if selection is not None:
        argv += selection.expressions()
    try:
        return json.loads(run(argv, settings.metadata_timeout))
    except CommandError as error:
        raise UpstreamError("The metadata of %s was refused by sstream-query: %s" % (settings.source, error.words),
                            _diagnosis(settings, error)) from error


class Index:
    """The index of a snapshot or a generation, and the dates that its publisher gave it and its products files.

    UpstreamError: it does not fit its products files, or either is not as simplestreams has it.
    """

    def __init__(self, directory):
        self.directory = directory
        self.path = os.path.join(directory, SIGNED_INDEX)
        if not os.path.exists(self.path):
            self.path = os.path.join(directory, PLAIN_INDEX)
        self.content = payload(self.path)
        self.updated = _date(self.content.get("updated"))
        self.dates = {content_id: self._products_date(content_id, entry.get("path", ""))
                      for content_id, entry in self.content.get("index", {}).items()}

    def generation(self, items, signer=""):
        """The name of a state of upstream and what was selected of it: the same again, the same name.

        Names sort by upstream's date. items: the items that are selected, in a fixed order. signer: the fingerprint of
        whoever signs it anew.
        """
        digest = hashlib.sha256(signer.encode())
        for folder, folders, names in os.walk(os.path.join(self.directory, "streams")):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    content = file.read()
                digest.update(("%s %d\n" % (os.path.relpath(path, self.directory), len(content))).encode())
                digest.update(content)
        for item in items:
            digest.update(("%s %s\n" % (item.path, item.sha256)).encode())
        return "%s-%s" % (self.updated.strftime("%Y%m%dT%H%M%SZ"), digest.hexdigest()[:12])

    def _products_date(self, content_id, path):
        """The date of a products file. A file of the same signer, but not the one that the index means, is refused."""
        if not path.startswith("streams/"):
            raise UpstreamError("The index names %r for %s" % (path, content_id),
                                "A mirror publishes metadata below streams/ alone.")
        try:
            content = payload(os.path.join(self.directory, path))
        except FileNotFoundError as error:
            raise UpstreamError("The index names %s, which was not to be had" % path) from error
        if content.get("content_id") != content_id:
            raise UpstreamError("%s has the content_id %r and the index names it for %r" % (
                path, content.get("content_id"), content_id), "Upstream is publishing right now, or somebody swaps files.")
        return _date(content["updated"]) if "updated" in content else self.updated


def _index(settings):
    return SIGNED_INDEX if settings.verify_signature else PLAIN_INDEX


def _verification(settings):
    return ["--keyring", settings.keyring] if settings.verify_signature else ["--no-verify"]


def payload(path):
    """The JSON in a file that may be clearsigned. It is not checked here: rows() has done that."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.startswith(_CLEARSIGNED):
        text, _separator, signature = text.partition("\n\n")[2].partition("\n-----BEGIN PGP SIGNATURE-----")
        if signature.partition("-----END PGP SIGNATURE-----")[2].strip():
            raise UpstreamError("%s goes on after its signature" % path, "Nothing that is not signed is published.")
        text = "\n".join(line[2:] if line.startswith("- ") else line for line in text.split("\n"))
    try:
        return json.loads(text)
    except ValueError as error:
        raise UpstreamError("%s is not JSON: %s" % (path, error)) from error


def _date(text):
    try:
        return email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError) as error:
        raise UpstreamError("The metadata has the date %r" % text,
                            "simplestreams dates are as in Thu, 24 Jul 2025 08:01:49 +0000.") from error


def _diagnosis(settings, error):
    """What to do about a failure of the simplestreams tools, whose own words seldom say what the server said."""
    if settings.verify_signature and not os.path.exists(settings.keyring):
        return "The keyring %s does not exist here." % settings.keyring
    url = settings.source + _index(settings)
    try:
        with urllib.request.build_opener().open(url, timeout=10) as answer:
            signed = answer.read(len(_CLEARSIGNED)).decode("ascii", "replace") == _CLEARSIGNED
    except urllib.error.HTTPError as answer:
        return "%s answers %d %s." % (url, answer.code, answer.reason)
    except OSError as failure:
        return "%s can't be read: %s." % (url, getattr(failure, "reason", failure))
    if settings.verify_signature and not signed:
        return "%s answers, but with something that is not clearsigned: is there a proxy or a login page between?" % url
    if "gpgv" in error.output or "gpg" in error.output:
        return "Its signature is not by a key of %s." % settings.keyring
    return "%s answers now; try again." % url
