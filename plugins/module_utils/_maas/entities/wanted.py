# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that MAAS should hold by its selections and its sources' streams, and which of them it lacks. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.offer import taken
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.stream import places


@dataclass(frozen=True)
class Wanted:
    """An image that MAAS should hold: the newest of one of `offers`, or any complete one where no stream could be read.

    An offer is (base URL of the source, Product).
    """

    name: str
    architecture: str  # without a kernel where the stream could not be read; arch * is any
    offers: tuple = ()

    @property
    def versions(self):
        """{(version, SHA-256s it may have)} of which one has to be here."""
        return {(product.newest, product.files) for _base, product in self.offers}

    @property
    def version(self):
        """The version for people, or empty."""
        return max((product.newest for _base, product in self.offers), default="")

    @property
    def bootloader(self):
        """True if it is one."""
        return any(product.bootloader for _base, product in self.offers)

    def fits(self, image):
        """True if `image` is the one, whatever its versions."""
        arch, _slash, kernel = self.architecture.partition("/")
        return image.name == self.name and (
            image.architecture == self.architecture if kernel else arch in (image.arch, "*")
        )


def wanted_of(sources, version):
    """[Wanted] of [(BootSource, its selections, [Product] or None)], as this MAAS would import them, by name.

    Up to 3.7 an image that several sources have comes from whichever MAAS reads first, so either's newest is right.
    3.8 takes it from the source with the highest priority. Bootloaders come unasked, in 3.8 once anything is selected.
    """
    found = {}
    order = sorted(sources, key=lambda one: -(one[0].priority or 0)) if version.several_sources else sources
    for source, selections, products in order:
        if source.enabled is False:
            continue
        for one in _of_source(source, selections, products, version):
            before = found.get((one.name, one.architecture))
            if before is None:
                found[one.name, one.architecture] = one
            elif not version.several_sources:
                found[one.name, one.architecture] = replace(before, offers=before.offers + one.offers)
    return [found[key] for key in sorted(found)]


def _of_source(source, selections, products, version):
    base, _index = places(source.url)
    if products is None:
        return [Wanted("%s/%s" % one.key, arch) for one in selections for arch in one.arches]
    return [
        Wanted(one.name, one.architecture, ((base, one),))
        for one in products
        if not one.too_new(version) and _is_selected(one, selections, version)
    ]


def _is_selected(product, selections, version):
    if product.bootloader:
        return bool(selections) or not version.several_sources
    return any(taken(product, selection, version) for selection in selections)


def missing(wanted, images):
    """[dict] of the wanted images that are not here complete and newest: what, which version, why, how far."""
    found = []
    for one in wanted:
        fitting = [image for image in images if image.synced and one.fits(image)]
        if _is_here(one, fitting, images):
            continue
        sets = [image.newest for image in fitting if image.newest]
        found.append(
            {
                "name": one.name,
                "architecture": one.architecture,
                "version": one.version,
                "reason": _reason(one, sets),
                "progress": int(max((_progress(part, one) for part in sets), default=0)),
            }
        )
    return found


def _is_here(wanted, fitting, images):
    if not wanted.offers:
        return bool(fitting) and all(image.newest and image.newest["complete"] for image in fitting)
    if any(image.has(wanted.versions) for image in fitting):
        return True
    # Under another name: of products whose kernel MAAS names in a way of its own, the bytes tell
    arch = wanted.architecture.partition("/")[0]
    others = [image for image in images if image.synced and (image.name, image.arch) == (wanted.name, arch)]
    return not fitting and any(image.has(wanted.versions) for image in others)


def _progress(part, wanted):
    if wanted.offers and part["version"] not in [version for version, _files in wanted.versions]:
        return 0
    return part.get("progress") or (100 if part["complete"] else 0)


def _reason(wanted, sets):
    if not sets:
        return "MAAS does not have it"
    here = max(sets, key=lambda one: one["version"])
    if not here["complete"]:
        files = sorted(name for name, file in here["files"].items() if not file["complete"])
        return "version %s is incomplete (%s)" % (here["version"], ", ".join(files))
    if wanted.offers and here["version"] not in [version for version, _files in wanted.versions]:
        return "MAAS has version %s" % here["version"]
    return "its files are not the stream's"


def obsolete(selections, images):
    """[Image] that no selection asks for any more: the next import deletes them."""
    return [
        image
        for image in images
        if image.synced
        and not image.bootloader
        and not any(
            "%s/%s" % one.key == image.name and (image.arch in one.arches or "*" in one.arches) for one in selections
        )
    ]
