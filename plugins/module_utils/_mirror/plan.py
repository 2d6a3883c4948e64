# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The items that the metadata lists, checked and counted. Nothing here touches a disk or a network."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace

from .errors import UpstreamError

_SHA256 = re.compile(r"[0-9a-f]{64}")
RESERVED = ("streams", "index.html", "status.json", "progress.json", "keyring.gpg")  # names that the mirror itself publishes at its top


@dataclass(frozen=True)
class Item:
    """One file of a stream. Products that share it (kernels of a release share its squashfs) make one item."""

    path: str
    size: int  # bytes
    sha256: str
    ftype: str
    os: str
    release: str
    arch: str
    version: str
    products: tuple = ()

    @property
    def image(self):
        """What the item belongs to, as people name it: `ubuntu/noble amd64 20250718`, `pxelinux i386 20240128.0`."""
        name = self.os + ("/" + self.release if self.release else "")
        return "%s %s %s" % (name, self.arch, self.version)

    def to_dict(self):
        return dict(asdict(self), products=list(self.products))

    @classmethod
    def from_dict(cls, values):
        return cls(**dict(values, products=tuple(values["products"])))


def items(rows):
    """{path: Item} of sstream-query's rows.

    UpstreamError: a path that leaves the mirror, a hash or size that is none, one path with two contents.
    """
    merged, products = {}, {}
    for row in rows:
        item = _item(row)
        known = merged.setdefault(item.path, item)
        if (known.size, known.sha256) != (item.size, item.sha256):
            raise UpstreamError("%s is listed with two contents: sha256 %s in %s and %s in %s" % (
                item.path, known.sha256, known.products[0], item.sha256, item.products[0]), "Nothing of it can be trusted.")
        products.setdefault(item.path, set()).update(item.products)
    return {path: item if len(products[path]) == 1 else replace(item, products=tuple(sorted(products[path])))
            for path, item in sorted(merged.items())}


def _item(row):
    path, sha256, size = row.get("path"), row.get("sha256"), str(row.get("size"))
    product = row.get("product_name", "?")
    if not isinstance(path, str) or not _inside(path):
        raise UpstreamError("The product %s lists the path %r" % (product, path), "It would lie outside the mirror or "
                            "over the mirror's own files.")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256) or not size.isdecimal():
        raise UpstreamError("The product %s lists %s with sha256 %r and size %r" % (product, path, sha256, size),
                            "A mirror takes no item that it can't verify.")
    return Item(path=path, size=int(size), sha256=sha256, ftype=row.get("ftype", ""), os=row.get("os", ""),
                release=row.get("release", ""), arch=row.get("arch", ""), version=row.get("version_name", ""),
                products=(product,))


def _inside(path):
    """Whether a path stays below the mirror and off what is not served or not an item: no dot-names, no control characters."""
    parts = path.split("/")
    return parts[0] not in RESERVED and path.isprintable() and \
        not any(part == "" or part.startswith(".") for part in parts)


def total(wanted):
    """The bytes of items."""
    return sum(item.size for item in wanted)


def summary(wanted):
    """[{os, release, arch, version, kernels, items, bytes}]: what items come to, by image; sorted."""
    images = {}
    for item in wanted:
        images.setdefault((item.os, item.release, item.arch, item.version), []).append(item)
    return [dict(zip(("os", "release", "arch", "version"), key), kernels=kernels(held), items=len(held), bytes=total(held))
            for key, held in sorted(images.items())]


def kernels(wanted):
    """The subarchitectures of items, sorted: the end of the names of their products, as in …:v3:boot:24.04:amd64:ga-24.04."""
    return sorted({name.rpartition(":")[2] for item in wanted for name in item.products if ":boot:" in name})


def label(wanted):
    """The label that items have in their stream, as in com.ubuntu.maas.LABEL:v3:…; None where they don't agree."""
    labels = {name.partition(":")[0].rpartition(".")[2] for item in wanted for name in item.products}
    return labels.pop() if len(labels) == 1 else None


def table(wanted):
    """The summary as lines of text, for a diff."""
    return "".join("%s: %d files, %d bytes\n" % (
        "%s%s %s %s" % (row["os"], "/" + row["release"] if row["release"] else "", row["arch"], row["version"]),
        row["items"], row["bytes"]) for row in summary(wanted))
