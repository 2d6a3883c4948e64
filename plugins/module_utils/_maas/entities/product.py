# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product of a stream: one kernel of a release and arch, or a bootloader, as MAAS reads the metadata. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# MAAS takes Ubuntu from products of these generations alone, and only the bootloaders that it knows
_UBUNTU = re.compile(r":v[23]:|:v3\+platform:")
_UBUNTU_CORE = re.compile(r":v[234]:|:v3\+platform:")
_BOOTLOADERS = {
    ("pxelinux", "pxe", "i386"),
    ("grub-efi-signed", "uefi", "amd64"),
    ("grub-efi", "uefi", "arm64"),
    ("grub-ieee1275", "open-firmware", "ppc64el"),
}


@dataclass(frozen=True)
class File:
    """A file of the newest version: `path` is relative to the source, `size` in bytes."""

    path: str
    size: int
    sha256: str
    ftype: str


@dataclass(frozen=True)
class Product:
    """`release` is a bootloader's type where it is one. `newest` is a version, `files` the SHA-256 of what it has."""

    os: str
    release: str
    arch: str
    kernel: str
    subarch: str = ""
    label: str = ""
    number: str = ""  # of the release: 24.04
    bootloader: bool = False
    needs: tuple = ()  # the oldest MAAS that takes it, as (3, 5); empty: any
    newest: str = ""
    files: frozenset = frozenset()
    items: tuple = ()  # those same files, with all that is said of them

    @property
    def name(self):
        """What MAAS calls the boot resource that it makes of this."""
        return "%s/%s" % (self.os, self.release)

    @property
    def architecture(self):
        """The boot resource's architecture."""
        return "%s/%s" % (self.arch, self.kernel)

    def too_new(self, version):
        """True if the stream says that it is for newer ones than this MAAS: MAAS ignores it then, silently."""
        return bool(self.needs) and self.needs > version.numbers


def products_of(listing):
    """[Product] of a products:1.0 object: those that a MAAS takes. Others it ignores without a word."""
    found = []
    for name, own in sorted(listing.get("products", {}).items()):
        keys = dict(listing, **own)
        versions = own.get("versions") or {}
        if versions and _is_taken(name, keys):
            newest = max(versions)  # by plain text, as MAAS compares
            found.append(_product(keys, newest, versions[newest].get("items", {})))
    return found


def _is_taken(name, keys):
    system, arch = keys.get("os"), keys.get("arch")
    if "bootloader-type" in keys:
        return ":1:" in name and (system, keys["bootloader-type"], arch) in _BOOTLOADERS
    if not system or not arch or not keys.get("release"):
        return False
    if system == "ubuntu-core":
        return bool(_UBUNTU_CORE.search(name))
    return not system.startswith("ubuntu") or bool(_UBUNTU.search(name))


def _product(keys, newest, files):
    bootloader = "bootloader-type" in keys
    return Product(
        os=keys["os"],
        release=keys["bootloader-type"] if bootloader else keys["release"],
        arch=keys["arch"],
        kernel="generic" if bootloader else _kernel(keys),
        subarch=keys.get("subarch", ""),
        label=keys.get("label", ""),
        number=str(keys.get("version", "")),
        bootloader=bootloader,
        needs=_numbers(keys.get("maas_supported")),
        newest=newest,
        files=frozenset(one["sha256"] for one in files.values() if "sha256" in one),
        items=tuple(_file(one) for one in files.values() if "sha256" in one and "path" in one),
    )


def _file(item):
    return File(item["path"], int(item.get("size", 0)), item["sha256"], item.get("ftype", ""))


def _kernel(keys):
    subarch, flavor = keys.get("subarch", "generic"), keys.get("kflavor", "generic")
    return subarch if flavor == "generic" or "-" + flavor in subarch else "%s-%s" % (subarch, flavor)


def _numbers(text):
    match = re.match(r"(\d+)\.(\d+)", str(text or ""))
    return (int(match.group(1)), int(match.group(2))) if match else ()
