# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A selection beside what its source offers: what is not there, and what is there instead. Pure."""

from __future__ import annotations


def refusal(selection, products, version):
    """Why MAAS, once it has read a source with these products, will not take `selection`; "" if it will."""
    usable = [one for one in products if not one.bootloader and not one.too_new(version)]
    for name, wanted, has in (("os", selection.os, "os"), ("release", selection.release, "release")):
        known = sorted({getattr(one, has) for one in usable})
        if wanted not in known:
            return _unknown(selection, name, wanted, known, products, version)
        usable = [one for one in usable if getattr(one, has) == wanted]
    for name, wanted, has in (
        ("arches", selection.arches, "arch"),
        ("subarches", selection.subarches, "subarch"),
        ("labels", selection.labels, "label"),
    ):
        known = sorted({getattr(one, has) for one in usable})
        lacking = [one for one in wanted if one != "*" and one not in known]
        if lacking:
            return "The source has no %s %s of %s/%s. It offers %s." % (
                name, ", ".join(lacking), selection.os, selection.release, ", ".join(known),
            )  # fmt: skip
    return ""


def _unknown(selection, name, wanted, known, products, version):
    newer = [one for one in products if one.too_new(version) and (one.os, one.release) == selection.key]
    if newer:
        return "The source has %s/%s only for MAAS %d.%d and later; this is %s." % (
            selection.key + min(one.needs for one in newer) + (version,)
        )
    of = "" if name == "os" else " of %s" % selection.os
    hint = [one.release for one in products if name == "release" and wanted in (one.number, one.number + " LTS")]
    return "The source has no %s %r%s. It offers %s.%s" % (
        name, wanted, of, ", ".join(known) or "nothing that this MAAS takes",
        " Releases go by their names: %s is %s." % (wanted, hint[0]) if hint else "",
    )  # fmt: skip


def taken(product, selection, version):
    """True if MAAS imports `product` for `selection`."""
    if (product.os, product.release) != selection.key or not _in(product.arch, selection.arches):
        return False
    # 3.8 looks at release and arch alone
    return version.several_sources or (
        _in(product.subarch, selection.subarches) and _in(product.label, selection.labels)
    )


def too_new(selections, products, version):
    """Warnings that name the images of these selections which the stream has for newer ones than this MAAS."""
    warnings = []
    for selection in selections:
        images = sorted(
            "%s (MAAS %d.%d)" % ((one.architecture,) + one.needs)
            for one in products
            if one.too_new(version) and (one.os, one.release) == selection.key and _in(one.arch, selection.arches)
        )
        if images:
            warnings.append(
                "The source has images of %s/%s that MAAS %s is too old for and will ignore: %s."
                % (selection.os, selection.release, version, ", ".join(images))
            )
    return tuple(warnings)


def _in(value, several):
    return value in several or "*" in several
