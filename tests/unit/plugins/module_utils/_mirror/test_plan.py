# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import UpstreamError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item, items, label, summary, table, total

A, B = "a" * 64, "b" * 64


def row(**values):
    return dict({"path": "noble/amd64/20250718/squashfs", "size": "300", "sha256": A, "ftype": "squashfs", "os": "ubuntu",
                 "release": "noble", "arch": "amd64", "version_name": "20250718", "product_name": "p:ga-24.04"}, **values)


def test_a_file_that_products_share_is_one_item():
    found = items([row(), row(product_name="p:hwe-24.04"), row(path="noble/amd64/20250718/ga/boot-kernel", size="20")])
    assert list(found) == ["noble/amd64/20250718/ga/boot-kernel", "noble/amd64/20250718/squashfs"]
    assert found["noble/amd64/20250718/squashfs"].products == ("p:ga-24.04", "p:hwe-24.04")
    assert total(found.values()) == 320


def test_the_same_row_in_two_selections_is_one_item():
    assert items([row(), row()])["noble/amd64/20250718/squashfs"].products == ("p:ga-24.04",)


def test_one_path_with_two_contents_is_an_error_that_names_both():
    with pytest.raises(UpstreamError) as error:
        items([row(), row(sha256=B, product_name="p:hwe-24.04")])
    assert "noble/amd64/20250718/squashfs is listed with two contents" in str(error.value)
    assert A in str(error.value) and B in str(error.value) and "p:hwe-24.04" in str(error.value)


@pytest.mark.parametrize("path", [
    "../etc/passwd", "noble/../../x", "/etc/passwd", "noble//x", "noble/./x", "", None, ".mirror/lock", "noble/.hidden", "noble/",
    "streams/v1/index.sjson", "status.json", "index.html", "noble/x\n  out=/etc/passwd", "noble/\x7f"])
def test_a_path_that_leaves_the_mirror_or_covers_its_own_files_is_refused(path):
    with pytest.raises(UpstreamError, match="lists the path"):
        items([row(path=path)])


@pytest.mark.parametrize("values", [{"sha256": None}, {"sha256": "a" * 63}, {"sha256": "A" * 64}, {"sha256": "../" + A}, {"size": "-1"},
                                    {"size": "many"}, {"size": None}])
def test_an_item_that_cannot_be_verified_is_refused(values):
    with pytest.raises(UpstreamError, match="can't verify"):
        items([row(**values)])


def test_items_survive_a_plan_file():
    item = items([row(), row(product_name="q")])["noble/amd64/20250718/squashfs"]
    assert Item.from_dict(item.to_dict()) == item


def test_summary_counts_by_image_and_version():
    ga = "com.ubuntu.maas.stable:v3:boot:24.04:amd64:ga-24.04"
    found = items([row(product_name=ga), row(path="noble/amd64/20250718/ga/boot-kernel", size="20", product_name=ga),
                   row(product_name=ga + "-lowlatency"),
                   row(path="bootloaders/pxe/i386/1/pxelinux.tar.xz", size="7", os="pxelinux", release="", arch="i386",
                       version_name="1", product_name="com.ubuntu.maas.stable:1:pxelinux:pxe:i386")]).values()
    assert summary(found) == [
        {"os": "pxelinux", "release": "", "arch": "i386", "version": "1", "kernels": [], "items": 1, "bytes": 7},
        {"os": "ubuntu", "release": "noble", "arch": "amd64", "version": "20250718",
         "kernels": ["ga-24.04", "ga-24.04-lowlatency"], "items": 2, "bytes": 320}]
    assert label(found) == "stable"
    assert label([*found, *items([row(product_name="com.ubuntu.maas.candidate:v3:boot:24.04:amd64:ga-24.04")]).values()]) is None
    assert table(found) == "pxelinux i386 1: 1 files, 7 bytes\nubuntu/noble amd64 20250718: 2 files, 320 bytes\n"
