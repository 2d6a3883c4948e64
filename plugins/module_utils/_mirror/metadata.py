# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream's metadata: fetched as it is, authenticated and filtered by sstream-query."""

from __future__ import annotations

import ast
import contextlib
import email.utils
import gzip
import hashlib
import json
import os
import re
import shutil
import time
import zlib
from urllib.parse import quote

from .client import Client, Failure
from .errors import UpstreamError, explained
from .pace import pause
from .route import Route
from .tools import CommandError, Lines

SIGNED_INDEX = "streams/v1/index.sjson"  # the one from which on simplestreams checks signatures at all
PLAIN_INDEX = "streams/v1/index.json"
_CLEARSIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_ESCAPED = re.compile("^- ", re.MULTILINE)  # RFC 4880, 7.1: dash-escaped text
_SPOILED = re.compile("gpgv.* exit status 1\\b")  # gpgv(1): a bad signature; of an unknown key it is 2
_LARGEST = 256 << 20  # bytes of one file of metadata: upstream's largest is a hundredth of it
_LARGE = 3 << 20  # bytes of a stream's metadata from which on one query at a time takes memory enough
_CHUNK = 1 << 17  # bytes read at a time
_KEYS = {"content_id", "product_name", "version_name", "item_name",  # where an item is listed
         "path", "size", "sha256", "ftype", "os", "release", "arch", "subarch", "kflavor", "label"}  # what is used of it


class _NotHad(UpstreamError):
    """A file of the metadata did not come, however often it was asked for."""


def snapshot(settings, directory):
    """Fetches the metadata of the source, once, byte for byte, into a directory that does not exist yet, and reads it there.

    What is read afterwards is this copy: an upstream that publishes meanwhile changes nothing. It is authentic, as
    sstream-query has checked the signatures of these very bytes. Where a source does not give all of it, or gives what is not
    authentic a second time, too, the next one is asked, for all of it.
    Returns (the source that gave it, the rows of each selection, the Index). UpstreamError: none of them did.
    """
    route, faults = Route(settings), []
    for source in [settings.source] + settings.sources:
        for last in ([False, True] if settings.retries else [True]):  # bytes may be spoiled on the way, or upstream publishes now
            client = Client(route)
            try:
                _take(settings, client, source, directory)
                return source, _selected(settings, directory), Index(directory)
            except UpstreamError as error:
                shutil.rmtree(directory, ignore_errors=True)
                if last or isinstance(error, _NotHad):
                    faults.append(error)
                    break
            finally:
                client.forget()
            time.sleep(pause(1, 0))
    if len(faults) > 1:
        raise UpstreamError("None of the sources gives the metadata: %s" % "; ".join(
            error.message for error in faults), faults[0].hint) from faults[0]
    raise faults[0]


def _take(settings, client, source, directory):
    """The index of one source, and what it names."""
    deadline = time.monotonic() + settings.metadata_timeout
    index = _index(settings)
    _save(settings, client, source, index, directory, deadline)
    for content_id, path in sorted(named(settings, payload(os.path.join(directory, index))).items()):
        if not os.path.exists(os.path.join(directory, path)):
            _save(settings, client, source, path, directory, deadline)


def named(settings, index):
    """{content id: path} of the products files that an index names. What sstream-query would not check, nobody publishes.

    UpstreamError: it names something else, or a place outside of streams/.
    """
    entries = index.get("index") if isinstance(index, dict) else None
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise UpstreamError("The index is no index of simplestreams", "It has no table of products.")
    for content_id, entry in entries.items():
        path = entry.get("path")
        if not isinstance(path, str) or not path.startswith("streams/") or not path.isprintable() or \
                any(part in ("", ".", "..") for part in path.split("/")):
            raise UpstreamError("The index names %r for %s" % (path, content_id),
                                "A mirror publishes metadata below streams/ alone.")
        if entry.get("format") != "products:1.0" or settings.verify_signature and not path.endswith(".sjson"):
            raise UpstreamError("The index names %s for %s, with the format %r" % (path, content_id, entry.get("format")),
                                "A mirror publishes signed products files, which end in .sjson, and their index.")
    return {content_id: entry["path"] for content_id, entry in entries.items()}


def _save(settings, client, source, path, directory, deadline):
    """Writes one file below a directory as the source gives it."""
    url = source + quote(path)
    content = _get(settings, client, url, deadline)
    if settings.verify_signature and not content.startswith(_CLEARSIGNED.encode()):
        raise UpstreamError("%s gives something that is not clearsigned" % url, "Is there a proxy or a login page between?")
    full = os.path.join(directory, path)
    with explained(full):
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(content)


def _get(settings, client, url, deadline):
    """The content at a URL, tried again where that may help, up to a moment of time.monotonic()."""
    tries = 0
    while True:
        try:
            return _read(client.get(url), deadline)
        except Failure as failure:
            tries += 1
            wait = pause(tries, failure.after)
            if time.monotonic() + wait > deadline or not failure.retried or tries > settings.retries:
                raise _NotHad("%s could not be had: %s" % (url, failure.words), "The URL of a source is that of the directory "
                              "that holds streams/v1." if "404" in failure.words else "Try again later.") from failure
            time.sleep(wait)


def _read(answer, deadline):
    content, view = bytearray(), memoryview(bytearray(_CHUNK))
    while number := answer.read_into(view):
        content += view[:number]
        if time.monotonic() > deadline or len(content) > _LARGEST:
            answer.drop()
            raise Failure("no end after %d bytes" % len(content), False)
    answer.done()
    encoding = answer.header("Content-Encoding", "identity")
    try:
        return gzip.decompress(content) if encoding in ("gzip", "x-gzip") else bytes(content)
    except (OSError, EOFError, zlib.error) as error:
        raise Failure("it says that it is %s, and is not" % encoding) from error


def rows(settings, directory):
    """All that a snapshot lists: a dict for each item, of what sstream-query says of it.

    UpstreamError: a signature is missing or not by a key of the keyring, or the metadata is not readable.
    """
    with _query(settings, directory, [], []) as query:
        return _read_rows(settings, query)


def _selected(settings, directory):
    """The rows of each selection, as rows() gives them. Of a stream that is not large, two queries work at a time.

    Rows take memory, and so do the queries: what they say is read when all have ended.
    """
    others, queries = 1 if _size(directory) < _LARGE else 0, []
    with contextlib.ExitStack() as stack:
        for number, selection in enumerate(settings.selections):
            for query in queries[:number - others]:
                query.wait()
            queries.append(stack.enter_context(
                _query(settings, directory, ["--max", str(selection.max)], selection.expressions())))
        return [_read_rows(settings, query) for query in queries]


def _size(directory):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _folders, names in os.walk(directory) for name in names)


def _query(settings, directory, options, filters):
    # Not --json: that is said when all is done, and takes three times the memory for a large stream
    return Lines(["sstream-query", "--output-format", "%s", *_verification(settings), *options,
                  os.path.join(directory, _index(settings)), *filters], settings.metadata_timeout)


def _read_rows(settings, query):
    known = {}  # most words come again and again
    try:
        return [{key: known.setdefault(value, value) for key, value in ast.literal_eval(line).items() if key in _KEYS}
                for line in query]
    except CommandError as error:
        raise UpstreamError("The metadata of %s was refused by sstream-query: %s" % (settings.source, error.words),
                            _diagnosis(settings, error)) from error
    except (ValueError, SyntaxError) as error:
        raise UpstreamError("What sstream-query says of the metadata of %s can't be read: %s" % (settings.source, error)) from error


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
            content = payload(os.path.join(self.directory, path), deep=False)
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


def payload(path, deep=True):
    """The JSON in a file that may be clearsigned. Its signature is not checked here: rows() does that.

    deep: without, what is a table is left out of it: of a products file the few words about it.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if text.startswith(_CLEARSIGNED):
            end = text.find("\n-----BEGIN PGP SIGNATURE-----")
            if text.partition("\n-----END PGP SIGNATURE-----")[2].strip():
                raise UpstreamError("%s goes on after its signature" % path, "Nothing that is not signed is published.")
            text = _ESCAPED.sub("", text[text.find("\n\n") + 2:end])
        return json.loads(text, object_pairs_hook=None if deep else _words)
    except (ValueError, RecursionError) as error:
        raise UpstreamError("%s is not JSON: %s" % (path, error)) from error


def _words(pairs):
    return {key: value for key, value in pairs if not isinstance(value, (dict, list))}


def _date(text):
    try:
        return email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError) as error:
        raise UpstreamError("The metadata has the date %r" % text,
                            "simplestreams dates are as in Thu, 24 Jul 2025 08:01:49 +0000.") from error


def _diagnosis(settings, error):
    """What to do about a failure of sstream-query, whose own words seldom say what is wrong."""
    if settings.verify_signature and not os.path.exists(settings.keyring):
        return "The keyring %s does not exist here." % settings.keyring
    if _SPOILED.search(error.words):
        return "Its bytes are not those that were signed: they were changed on the way, or upstream publishes right now."
    if "gpgv" in error.output or "gpg" in error.output:
        return "Its signature is not by a key of %s." % settings.keyring
    return "What %s gives is not as simplestreams has it." % settings.source
