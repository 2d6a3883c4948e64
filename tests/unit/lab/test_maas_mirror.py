# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a mirror's metadata."""
from __future__ import annotations

import json

import pytest
from ansible_collections.imagemirror.maas.tests.lab.maas_api import mirror
from ansible_collections.imagemirror.maas.tests.lab.maas_api.state import Source
from ansible_collections.imagemirror.maas.tests.lab.maas_api.wire import Refused, Unreachable

BASE = "http://m.example.com/"
INDEX = f"{BASE}streams/v1/index.json"


class Wire:
    """Texts in place of a network."""

    def __init__(self, texts):
        self.texts = texts

    def text(self, url):
        found = self.texts.get(url, Refused(url, 404))
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, str) else json.dumps(found)


def item(ftype, path):
    return {"ftype": ftype, "path": path, "sha256": "00", "size": "7"}


def ubuntu(**changed):
    items = {"k": item("boot-kernel", "n/boot-kernel"), "i": item("boot-initrd", "n/boot-initrd"),
             "m": item("manifest", "n/manifest"), "s": item("squashfs", "n/squashfs"),
             "r": item("root-image.gz", "n/r")}
    return {"os": "ubuntu", "release": "noble", "arch": "amd64", "subarch": "ga-24.04", "kflavor": "generic",
            "label": "stable", "subarches": "generic,ga-24.04",
            "versions": {"20250101": {"items": {}}, "20250718": {"items": items}}, **changed}


def read(products, strict=False, **source):
    listing = {"index": {"l": {"format": "products:1.0", "datatype": "image-ids", "path": "streams/v1/l.json"},
                         "other": {"format": "index:1.0", "datatype": "image-ids", "path": "streams/v1/none.json"}}}
    texts = {INDEX: listing, f"{BASE}streams/v1/l.json": {"products": products}}
    return mirror.read(Source(1, INDEX, **source), Wire(texts), {}, strict)


def test_the_newest_version_and_the_files_that_maas_takes():
    (product,) = read({"com.ubuntu.maas.stable:v3:boot:24.04:amd64:ga-24.04": ubuntu()})
    assert product.key == ("ubuntu", "noble", "amd64", "ga-24.04")
    assert (product.version, product.label) == ("20250718", "stable")
    assert [(file.name, file.ftype, file.size) for file in product.files()] == [
        ("boot-initrd", "boot-initrd", 7), ("boot-kernel", "boot-kernel", 7), ("squashfs", "squashfs", 7)]
    assert product.files()[2].url == f"{BASE}n/squashfs"


@pytest.mark.parametrize(("subarch", "flavor", "kernel"), [
    ("hwe-24.04", "generic", "hwe-24.04"), ("ga-24.04", "lowlatency", "ga-24.04-lowlatency"),
    ("ga-24.04-lowlatency", "lowlatency", "ga-24.04-lowlatency")])
def test_a_kernel_is_named_with_its_flavor(subarch, flavor, kernel):
    assert read({"x:v3:y": ubuntu(subarch=subarch, kflavor=flavor)})[0].kernel == kernel


@pytest.mark.parametrize(("name", "changed"), [
    ("com.ubuntu.maas.stable:boot:24.04", {}), ("x:v3:y", {"versions": {}}),
    ("x:1:pxelinux", {"os": "pxelinux", "bootloader-type": "pxe", "arch": "amd64"}),
    ("x:pxelinux", {"os": "pxelinux", "bootloader-type": "pxe", "arch": "i386"})])
def test_others_are_ignored(name, changed):
    assert read({name: ubuntu(**changed)}) == []


def test_a_bootloader_has_all_its_files():
    loader = {"os": "pxelinux", "bootloader-type": "pxe", "arch": "i386", "label": "stable",
              "versions": {"2023.0": {"items": {"s": item("archive.tar.xz", "b/syslinux.tar.xz")}}}}
    (product,) = read({"x:1:pxelinux:pxe:i386": loader}, strict=True)
    assert (product.key, product.bootloader) == (("pxelinux", "pxe", "i386", "generic"), True)
    assert [file.name for file in product.files()] == ["syslinux.tar.xz"]


def test_an_image_without_a_manifest_spoils_the_source_in_3_8():
    versions = {"20250718": {"items": {"s": item("squashfs", "n/squashfs")}}}
    assert len(read({"x:v3:y": ubuntu(versions=versions)})) == 1
    with pytest.raises(mirror.Unusable, match="x:v3:y 20250718 has no manifest"):
        read({"x:v3:y": ubuntu(versions=versions)}, strict=True)


@pytest.mark.parametrize(("text", "words"), [
    (Refused(INDEX, 404), f"Unable to open {INDEX}. mirrors=[]"),
    (Refused(INDEX, 403), "No signature found!"),
    (Unreachable(INDEX, "no route"), "HTTPConnectionPool(host='m.example.com', port=80): Max retries exceeded"),
    ("<html>", "Failed to read"), ("[]", "it is not an object")])
def test_what_is_said_of_a_bad_index(text, words):
    with pytest.raises(mirror.Unusable) as unusable:
        mirror.read(Source(1, INDEX), Wire({INDEX: text}), {}, False)
    assert words in str(unusable.value)


def test_a_text_that_is_not_signed_is_said_to_be_so():
    place = f"{BASE}streams/v1/index.sjson"
    with pytest.raises(mirror.Unusable, match="No signature found!"):
        mirror.read(Source(1, BASE), Wire({place: {"index": {}}}), {}, False)


def test_a_keyring_that_the_host_has_not_is_missed_even_where_nothing_is_signed():
    with pytest.raises(mirror.KeyringMissing, match="/nowhere.gpg"):
        read({}, keyring_filename="/nowhere.gpg")
