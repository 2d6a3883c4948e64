# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata that lists exactly what a mirror holds, signed with the operator's own key."""

from __future__ import annotations

import os

from . import signing
from .metadata import SIGNED_INDEX, Index, payload


def trim(settings, directory, rows):
    """Replaces the metadata in a snapshot by what the rows take of it, signed anew; upstream's dates stay.

    rows: sstream-query's rows of all selections.
    """
    wanted = {(row["content_id"], row["product_name"], row["version_name"], row["item_name"]) for row in rows}
    index = Index(directory)
    entries = {}
    for content_id, entry in index.content["index"].items():
        former = os.path.join(directory, entry["path"])
        content = trimmed(payload(former), wanted)
        os.unlink(former)
        if content["products"]:
            path = os.path.splitext(entry["path"])[0] + ".sjson"
            signing.write(settings.signing_home, os.path.join(directory, path), content)
            entries[content_id] = dict(entry, path=path, products=sorted(content["products"]))
    os.unlink(index.path)
    signing.write(settings.signing_home, os.path.join(directory, SIGNED_INDEX), dict(index.content, index=entries))


def trimmed(content, wanted):
    """A products file with the wanted items alone, and no version or product that this leaves empty.

    wanted: {(content id, product, version, item name)}.
    """
    products = {}
    for name, product in content["products"].items():
        versions = {}
        for version, listed in product["versions"].items():
            items = {key: item for key, item in listed["items"].items()
                     if (content["content_id"], name, version, key) in wanted}
            if items:
                versions[version] = dict(listed, items=items)
        if versions:
            products[name] = dict(product, versions=versions)
    return dict(content, products=products)
