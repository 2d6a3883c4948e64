# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Products as MAAS reads them, and the stream that they come from."""

from __future__ import annotations

import json

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import stream
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.product import products_of
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import UnreachableError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.version import parse_version

NAME = "com.ubuntu.maas.stable:v3:boot:24.04:amd64:ga-24.04"
KEYS = {"os": "ubuntu", "release": "noble", "arch": "amd64", "subarch": "ga-24.04", "version": "24.04"}


def listing(name=NAME, versions=("1", "2"), **keys):
    items = {"k": {"ftype": "boot-kernel", "path": "p/k", "size": 3, "sha256": "aa"}}
    return {
        "label": "stable",
        "products": {name: dict(dict(KEYS, **keys), versions={one: {"items": items} for one in versions})},
    }


def names(data):
    return ["%s %s" % (one.name, one.architecture) for one in products_of(data)]


@pytest.mark.parametrize(
    "subarch, flavor, kernel",
    [
        ("ga-24.04", "generic", "ga-24.04"),
        ("hwe-24.04-edge", "generic", "hwe-24.04-edge"),
        ("ga-24.04", "lowlatency", "ga-24.04-lowlatency"),
        ("hwe-24.04-lowlatency-edge", "lowlatency", "hwe-24.04-lowlatency-edge"),
    ],
)
def test_the_kernels_name(subarch, flavor, kernel):
    assert names(listing(subarch=subarch, kflavor=flavor)) == ["ubuntu/noble amd64/" + kernel]


def test_the_newest_version_by_plain_text_and_what_the_listing_says_for_all():
    [one] = products_of(listing(versions=("20240604_01", "20240622_01", "20240622")))
    assert (one.newest, one.label, one.files) == ("20240622_01", "stable", {"aa"})


@pytest.mark.parametrize(
    "name, keys, taken",
    [
        ("com.ubuntu.maas.stable:v2:boot:x", {}, True),
        ("com.ubuntu.maas.stable:v3+platform:boot:x", {}, True),
        ("com.ubuntu.maas.stable:v4:boot:x", {}, False),
        ("com.ubuntu.maas.stable:v4:boot:x", {"os": "ubuntu-core"}, True),
        ("anything", {"os": "centos", "release": "8"}, True),
        ("anything", {"release": ""}, False),
        ("x:1:pxelinux:pxe:i386", {"os": "pxelinux", "arch": "i386", "bootloader-type": "pxe"}, True),
        ("x:1:pxelinux:pxe:amd64", {"os": "pxelinux", "arch": "amd64", "bootloader-type": "pxe"}, False),
        ("x:2:pxelinux:pxe:i386", {"os": "pxelinux", "arch": "i386", "bootloader-type": "pxe"}, False),
    ],
)
def test_what_maas_takes(name, keys, taken):
    assert bool(names(listing(name, **keys))) is taken


def test_a_bootloader_is_named_by_its_type():
    keys = {"os": "grub-efi", "arch": "arm64", "bootloader-type": "uefi"}
    assert names(listing("x:1:grub-efi:uefi:arm64", **keys)) == ["grub-efi/uefi arm64/generic"]


def test_a_product_without_a_version_is_none():
    assert not names(listing(versions=()))


@pytest.mark.parametrize("says, too_new", [(None, False), ("3.7", False), ("3.8.0", True), ("10.1", True), ("?", False)])
def test_what_is_for_newer_ones(says, too_new):
    [one] = products_of(listing(maas_supported=says))
    assert one.too_new(parse_version("3.7.3")) is too_new


@pytest.mark.parametrize(
    "url, base, index",
    [
        ("http://m.x/s", "http://m.x/s/", "streams/v1/index.sjson"),
        ("http://m.x/s/", "http://m.x/s/", "streams/v1/index.sjson"),
        ("http://m.x/s/streams/v1/index.json", "http://m.x/s/", "streams/v1/index.json"),
        ("http://m.x/s/streams/v1/other.sjson", "http://m.x/s/", "streams/v1/other.sjson"),
    ],
)
def test_where_the_index_is(url, base, index):
    assert stream.places(url) == (base, index)


def test_reading_follows_the_index():
    files = {
        "http://m.x/s/streams/v1/index.sjson": {
            "index": {
                "a": {"format": "products:1.0", "path": "streams/v1/a.sjson"},
                "b": {"format": "other:1.0", "path": "streams/v1/b.sjson"},
            }
        },
        "http://m.x/s/streams/v1/a.sjson": listing(),
    }
    [one] = stream.read(lambda url: json.dumps(files[url]).encode(), "http://m.x/s")
    assert one.release == "noble"


def test_a_signed_text_is_read_without_its_armor():
    signed = '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{"a":\n- -1}\n-----BEGIN PGP SIGNATURE-----\nx\n'
    assert stream.cleartext(signed) == '{"a":\n-1}'
    assert stream.cleartext(signed.replace("\n", "\r\n")) == '{"a":\n-1}'
    assert stream.cleartext("{}") == "{}"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff\xfe"])
def test_what_is_no_metadata(body):
    with pytest.raises(UnreachableError, match=r"http://u:\*\*\*@m.x/s/streams/v1/index.sjson is no stream's metadata"):
        stream.read(lambda _url: body, "http://u:hunter2@m.x/s")
