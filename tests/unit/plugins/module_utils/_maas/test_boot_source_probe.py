# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What MAAS would take of a stream for its selections, and what it would miss there."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.product import File, Product
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.selection import Selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.mirror import downloaded
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.boot_source_probe import images, numbers, wanted

NOBLE = Selection("ubuntu", "noble", ("amd64",))
NOTHING = {"bootloaders": False, "commissioning_release": "", "maas_version": ""}


def product(release="noble", arch="amd64", **more):
    return Product(**dict({"os": "ubuntu", "release": release, "arch": arch, "kernel": "ga-24.04", "subarch": "ga-24.04",
                           "label": "stable", "newest": "20250101"}, **more))


def bootloader(name, kind, arch):
    return Product(name, kind, arch, "generic", bootloader=True)


def failures(offered, *selections, version="", **options):
    found = wanted(offered, list(selections), dict(NOTHING, **options, maas_version=version), numbers(version))
    return [what for what, _words in found.failures]


@pytest.mark.parametrize("text,expected", [("3.8.0~beta6", (3, 8, 0)), ("3.6.2", (3, 6, 2)), ("", ()), ("2.9", (2, 9))])
def test_versions_are_compared_by_their_numbers(text, expected):
    assert numbers(text) == expected


def test_all_that_is_selected_is_there():
    assert failures([product(), product("jammy")], NOBLE) == []


@pytest.mark.parametrize("selection,missing", [
    (Selection("ubuntu", "jammy", ("amd64",)), "ubuntu/jammy"),
    (Selection("centos", "noble", ("amd64",)), "centos/noble"),
    (Selection("ubuntu", "noble", ("amd64", "arm64")), "ubuntu/noble arm64"),
    (Selection("ubuntu", "noble", ("*",), ("hwe-24.04",)), "ubuntu/noble"),
    (Selection("ubuntu", "noble", ("amd64",), labels=("candidate",)), "ubuntu/noble amd64"),
])
def test_what_is_not_offered_is_named(selection, missing):
    assert failures([product()], selection, version="3.7.3") == [missing]


def test_3_8_heeds_neither_kernels_nor_labels():
    assert failures([product()], Selection("ubuntu", "noble", ("amd64",), ("hwe-24.04",), ("candidate",)), version="3.8.0") == []


def test_what_is_too_new_is_as_if_it_were_not_there():
    newer = product(needs=(3, 8))
    assert failures([newer], NOBLE, version="3.7.3") == ["ubuntu/noble"]
    assert failures([newer], NOBLE, version="3.8.0") == failures([newer], NOBLE) == []


@pytest.mark.parametrize("arch,held,missing", [
    ("amd64", [], ["grub-efi-signed", "pxelinux"]),
    ("amd64", [bootloader("pxelinux", "pxe", "i386")], ["grub-efi-signed"]),
    ("arm64", [bootloader("pxelinux", "pxe", "i386")], ["grub-efi"]),
    ("ppc64el", [bootloader("grub-ieee1275", "open-firmware", "ppc64el")], []),
    ("s390x", [], []),  # boots without one
])
def test_bootloaders_by_architecture(arch, held, missing):
    assert failures([product(arch=arch), *held], Selection("ubuntu", "noble", (arch,)), bootloaders=True) == missing


def test_the_commissioning_release():
    offered = [product(), product("jammy")]
    assert failures(offered, NOBLE, commissioning_release="noble") == []
    assert failures(offered, NOBLE, commissioning_release="jammy") == ["ubuntu/jammy"]


def test_maas_downloads_one_tree_and_no_manifest():
    files = [File("%s" % name, 1, name, name) for name in ("boot-kernel", "squashfs", "root-image.gz", "manifest")]
    assert [file.ftype for file in downloaded(product(items=tuple(files)))] == ["boot-kernel", "squashfs"]
    assert [file.ftype for file in downloaded(product(items=tuple(files[2:])))] == ["root-image.gz"]


def test_kernels_of_a_release_are_one_image_and_share_files():
    shared, one, other = File("s", 10, "s", "squashfs"), File("a", 1, "a", "boot-kernel"), File("b", 2, "b", "boot-kernel")
    assert images([product(items=(shared, one)), product(items=(shared, other), kernel="hwe-24.04")]) == [
        {"os": "ubuntu", "release": "noble", "arch": "amd64", "label": "stable", "version": "20250101", "files": 3, "bytes": 13}]
