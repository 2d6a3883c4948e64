# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses a plan that the operator can't have meant, before a byte of an item moves."""

from __future__ import annotations

import difflib

from .errors import RefusedError, UpstreamError

_OPTIONS = {"os": "os", "release": "releases", "arch": "arches", "subarch": "subarches", "kflavor": "kflavors",
            "label": "labels"}

# What MAAS boots each architecture with (facts of MAAS: bootloader os, arch it is listed under).
_BOOTLOADERS = {
    "amd64": [("grub-efi-signed", "amd64"), ("pxelinux", "i386")],
    "arm64": [("grub-efi", "arm64")],
    "i386": [("pxelinux", "i386")],
    "ppc64el": [("grub-ieee1275", "ppc64el")],
}
_IMAGE_OS = ("ubuntu", "centos", "ubuntu-core")
_SPARE = 64 * 1024 * 1024  # bytes left free: metadata, directories, the logs of others


def selection(number, wanted, found, catalog):
    """One selection: it takes something, and something of each value that it names.

    found: the rows it takes. catalog: a function that gives all rows of the stream, called only to explain.
    """
    asked = wanted.asked()
    unmatched = {key: set(values) - {row.get(key) for row in found} for key, values in asked.items()}
    if any(unmatched.values()):
        raise _unknown(number, asked, unmatched, catalog())
    if not found:
        raise RefusedError("selection %d (%s) takes nothing of the stream" % (number, " ".join(wanted.expressions())),
                           "All filters of a selection have to hold for the same item; the stream has %s." %
                           _images(catalog()))


def bootloaders(wanted):
    """MAAS can't boot a machine with images alone: the bootloaders of each wanted architecture have to be there."""
    arches = {item.arch for item in wanted if item.os in _IMAGE_OS}
    there = {(item.os, item.arch) for item in wanted}
    missing = sorted({pair for arch in arches for pair in _BOOTLOADERS.get(arch, ())} - there)
    if missing:
        raise RefusedError(
            "The selections take images for %s but not the bootloader %s" % (
                ", ".join(sorted(arches)), " and ".join("%s (%s)" % pair for pair in missing)),
            "MAAS can boot nothing without: add the selection {os: [%s]}, or say require_bootloaders: false "
            "if MAAS takes them elsewhere." % ", ".join(sorted({pair[0] for pair in missing})))


def space(needed, free, path):
    """Bytes needed and free on the file system of the path."""
    if needed and needed + _SPARE > free:
        raise RefusedError("%s has %d MiB free and the plan needs %d MiB" % (path, free >> 20, (needed + _SPARE) >> 20),
                           "Free %d MiB, or select less." % -(free - needed - _SPARE >> 20))


def wipe(before, after, ratio):
    """A plan that loses images (not just versions of them) is suspicious when it loses much.

    before, after: Items. ratio: how much of the published bytes may go, from 0 to 1.
    """
    left = {(item.os, item.release, item.arch) for item in after}
    lost = [item for item in before if (item.os, item.release, item.arch) not in left]
    there = sum(item.size for item in before)
    if lost and sum(item.size for item in lost) > ratio * there:
        raise RefusedError("The plan loses %s, which is %d %% of the published bytes" % (
            ", ".join(sorted({item.image.rsplit(" ", 1)[0] for item in lost})),
            100 * sum(item.size for item in lost) // there), "If it is meant, say wipe_ratio: 1.")


def age(index, published, allow_downgrade):
    """Metadata older than what is published, however well signed, is a replay or a stale proxy: all of it or one file."""
    if published is None or allow_downgrade:
        return
    dates = [("stream", index.updated, published.updated)] + [
        (content_id, index.dates.get(content_id, date), date) for content_id, date in sorted(published.dates.items())]
    for name, new, old in dates:
        if new < old:
            raise UpstreamError("The %s is of %s, older than the published one of %s" % (name, new, old),
                                "A stale proxy, or somebody replays an old stream. If it is meant: allow_downgrade: true.")


def immutable(wanted, listed):
    """A path never changes its content: kept generations still promise the old one.

    listed: {path: Item} of the kept generations.
    """
    for path, item in wanted.items():
        known = listed.get(path)
        if known and known.sha256 != item.sha256:
            raise UpstreamError("%s was published with sha256 %s and is now listed with %s" % (path, known.sha256, item.sha256),
                                "Paths of a stream carry their version and never change. If upstream means it, start a "
                                "new mirror in another directory.")


def _unknown(number, asked, unmatched, everything):
    """Names the value that is to blame: the first that the whole stream lacks, else the last that the others exclude."""
    absent = {key: values - {row.get(key) for row in everything} for key, values in unmatched.items()}
    key = next((key for key in absent if absent[key]), None) or [key for key in unmatched if unmatched[key]][-1]
    values = sorted(absent[key] or unmatched[key])
    others = [row for row in everything if all(row.get(other) in names for other, names in asked.items() if other != key)]
    offered = sorted({row[key] for row in others or everything if row.get(key)})
    near = difflib.get_close_matches(values[0], offered, 1)
    return RefusedError(
        "selection %d: the stream has no %s in %s" % (number, " and no ".join(map(repr, values)), _OPTIONS[key]),
        "%sThere %s: %s." % ("Did you mean %s? " % near[0] if near else "", "are" if len(offered) > 1 else "is",
                             ", ".join(offered) or "nothing"))


def _images(rows):
    names = sorted({"%s/%s" % (row["os"], row["release"]) if row.get("release") else row.get("os", "?") for row in rows})
    return ", ".join(names) or "nothing"
