# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a mirror's metadata: the index, the product lists it names, and of each product the newest version."""
from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import gpgv
from .state import File, Source
from .wire import Refused, Unreachable, Wire

_INDEX = re.compile(r"streams/v1/.*\.(sjson|json)$")
_BOOTLOADERS = {("pxe", "pxelinux", "i386"), ("uefi", "grub-efi-signed", "amd64"), ("uefi", "grub-efi", "arm64"),
                ("open-firmware", "grub-ieee1275", "ppc64el")}
_UBUNTU = re.compile(r":v2:|:v3:|:v3\+platform:|:v4:")
_TREES = ("squashfs", "root-image.gz", "root-tgz", "root-tbz", "root-txz", "root-dd")  # the first one there is taken


class Unusable(Exception):
    """The mirror can't be read; MAAS up to 3.7 tells its administrators in these words."""


class KeyringMissing(Exception):
    """The host has no file of this name."""


@dataclass(frozen=True)
class Product:
    """One product that this MAAS supports, in its newest version."""

    os: str
    release: str  # a bootloader's type
    arch: str
    subarch: str
    kernel: str  # subarch and flavor, as architectures are named
    label: str
    subarches: str | None
    bootloader: bool
    version: str
    items: tuple[tuple[str, str, str, int, str], ...]  # name, ftype, sha256, size, URL

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from others, on every mirror."""
        return self.os, self.release, self.arch, self.kernel

    def files(self) -> list[File]:
        """Its files, none of them here yet."""
        return [File(*item) for item in self.items]


@contextlib.contextmanager
def keyring(source: Source, known: Mapping[str, str]) -> Iterator[str]:
    """The path of the keyring to check a source with; `known` says where MAAS' host has it. Raises KeyringMissing."""
    if source.keyring_data:
        with tempfile.NamedTemporaryFile(suffix=".gpg") as written:
            written.write(source.keyring_data)
            written.flush()
            yield written.name
        return
    path = known.get(source.keyring_filename, source.keyring_filename)
    if path and not os.path.exists(path):
        raise KeyringMissing(path)
    yield path


def read(source: Source, wire: Wire, known: Mapping[str, str], strict: bool,
         maas: tuple[int, ...] = (3, 8)) -> list[Product]:
    """What a source offers to this MAAS. `strict` is 3.8's view: an image without a manifest spoils the whole source.

    Raises Unusable, KeyringMissing, gpgv.BadSignature.
    """
    base, index = _places(source.url)
    signed = index.endswith(".sjson") and not source.skip_keyring_verification
    with keyring(source, known) as path:
        listed = _load(wire, base + index, path if signed else None)
        products = []
        for entry in listed.get("index", {}).values():
            if entry.get("format") == "products:1.0" and entry.get("datatype") == "image-ids":
                data = _load(wire, base + entry["path"], path if signed else None)
                products += _products(data, base, strict, maas)
    return products


def _places(url: str) -> tuple[str, str]:
    """The base that paths are relative to, with its slash, and the index's path."""
    match = _INDEX.search(url)
    if match:
        return url[:match.start()], match.group(0)
    return url.rstrip("/") + "/", "streams/v1/index.sjson"


def _load(wire: Wire, url: str, keyring_path: str | None) -> dict[str, Any]:
    unsigned = f"Failed to read {url} (No signature found!). Verify network connectivity and try again."
    try:
        text = wire.text(url)
    except Unreachable as error:
        raise Unusable(str(error)) from error
    except Refused as error:
        # an error's page is taken for the file, except where there is none
        raise Unusable(f"Unable to open {url}. mirrors=[]" if error.status == 404 else unsigned) from error
    if keyring_path is not None:
        try:
            text = gpgv.content(text, keyring_path)
        except gpgv.NotSigned as error:
            raise Unusable(unsigned) from error
    try:
        data = json.loads(text)
    except ValueError as error:
        raise Unusable(f"Failed to read {url}: {error}") from error
    if not isinstance(data, dict):
        raise Unusable(f"Failed to read {url}: it is not an object")
    return data


def _products(data: dict[str, Any], base: str, strict: bool, maas: tuple[int, ...]) -> list[Product]:
    products = []
    for name, product in sorted(data.get("products", {}).items()):
        versions = product.get("versions", {})
        if versions and _supported(name, product, maas):
            newest = max(versions)
            merged = {**data, **product}
            products.append(_product(name, merged, newest, versions[newest]["items"], base, strict))
    return products


def _supported(name: str, product: dict[str, Any], maas: tuple[int, ...]) -> bool:
    """Others are ignored without a word in the API."""
    if tuple(int(part) for part in str(product.get("maas_supported", "0")).split(".")[:2]) > maas:
        return False
    if "bootloader-type" in product:
        kind = (product["bootloader-type"], product.get("os"), product.get("arch"))
        return ":1:" in name and kind in _BOOTLOADERS
    if not {"os", "release", "arch"} <= product.keys():
        return False
    return not product["os"].startswith("ubuntu") or bool(_UBUNTU.search(name))


def _product(name: str, product: dict[str, Any], version: str, items: dict[str, Any], base: str,
             strict: bool) -> Product:
    bootloader = "bootloader-type" in product
    if not bootloader and strict and not any(item.get("ftype") == "manifest" for item in items.values()):
        raise Unusable(f"{name} {version} has no manifest")
    subarch, flavor = product.get("subarch", "generic"), product.get("kflavor", "generic")
    kernel = subarch if flavor == "generic" or subarch.endswith(flavor) else f"{subarch}-{flavor}"
    return Product(product["os"], product["bootloader-type"] if bootloader else product["release"], product["arch"],
                   subarch, kernel, product.get("label", ""), product.get("subarches"), bootloader, version,
                   tuple(_items(items, base, bootloader)))


def _items(items: dict[str, Any], base: str, bootloader: bool) -> Iterator[tuple[str, str, str, int, str]]:
    """The files that MAAS takes: a bootloader's all; a kernel, an initrd and one tree of the others."""
    types = {item["ftype"] for item in items.values()}
    tree = next((one for one in _TREES if one in types), None)
    for _name, item in sorted(items.items()):
        if bootloader or item["ftype"] in ("boot-kernel", "boot-initrd", "boot-dtb", tree):
            yield (os.path.basename(item["path"]), item["ftype"], item["sha256"], int(item["size"]),
                   base + item["path"])
