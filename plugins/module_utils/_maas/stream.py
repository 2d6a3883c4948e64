# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot source's stream offers, read as MAAS will read it, from the host that runs the module.

Signatures are not checked: nothing is taken from what is read here. It says what to expect of MAAS, and why it refused.
"""

from __future__ import annotations

import json
import re

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.product import products_of
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import UnreachableError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import without_password

_INDEX = re.compile(r"streams/v1/.*\.s?json$")


def read(fetch, url):
    """[Product] of the stream at a source's `url`; `fetch(url)` gives bytes.

    UnreachableError, whose text says which URL and why, if it can't be read.
    """
    base, index = places(url)
    found = []
    for path in _lists(_object(fetch, base + index)):
        found += products_of(_object(fetch, base + path))
    return found


def places(url):
    """(base of all paths, with its slash; the index's path) of a source's URL, which may be the index itself."""
    match = _INDEX.search(url)
    if match:
        return url[: match.start()], match.group(0)
    return url.rstrip("/") + "/", "streams/v1/index.sjson"


def _lists(index):
    entries = index.get("index", {})
    return [entry["path"] for _name, entry in sorted(entries.items()) if entry.get("format") == "products:1.0"]


def _object(fetch, url):
    try:
        value = json.loads(cleartext(fetch(url).decode("utf-8")))
        if isinstance(value, dict):
            return value
        why = "no object"
    except ValueError as error:  # of decoding, too
        why = error
    raise UnreachableError("%s is no stream's metadata: %s." % (without_password(url), why))


def cleartext(text):
    """What a clear-signed message says, unchecked; any other text as it is."""
    if not text.startswith("-----BEGIN PGP SIGNED MESSAGE-----"):
        return text
    _head, _blank, body = text.replace("\r\n", "\n").partition("\n\n")
    body = body.partition("\n-----BEGIN PGP SIGNATURE-----")[0]
    return re.sub(r"^- ", "", body, flags=re.MULTILINE)
