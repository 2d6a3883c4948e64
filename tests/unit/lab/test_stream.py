# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stream maker makes what upstream makes: keys, names, sharing, signatures, order of publication."""
from __future__ import annotations

import email.utils
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))

import stream  # noqa: E402

TINY = stream.Spec(releases=("noble",), arches=("amd64",), kernels=("ga", "hwe"), scale=1e-6)
NOBLE = "com.ubuntu.maas.stable:v3:boot:24.04:amd64:"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tiny stream that tests only read. Its path is longer than the socket of a gpg agent may have."""
    directory = tmp_path_factory.mktemp("a-path-that-is-longer-than-the-name-of-a-socket-may-be-" + "x" * 80)
    stream.make(directory, TINY)
    return directory


def products(directory, kind="ubuntu", name="stable"):
    content_id = stream.KINDS[kind][0].format(name=name)
    return json.loads((stream.stream_root(directory, name) / f"streams/v1/{content_id}.json").read_text())["products"]


def versions(directory, kind="ubuntu"):
    return {version for product in products(directory, kind).values() for version in product["versions"]}


def signed_text(path, keyring):
    """The text of a clear-signed file that gpgv finds good."""
    command = ["gpgv", "--keyring", str(keyring), "--output", "-", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode()


def test_every_list_is_signed_and_says_what_the_unsigned_one_says(made):
    lists = sorted((stream.stream_root(made) / "streams/v1").glob("*.sjson"))
    assert [path.name for path in lists] == [
        "com.ubuntu.maas:stable:1:bootloader-download.sjson", "com.ubuntu.maas:stable:centos-bases-download.sjson",
        "com.ubuntu.maas:stable:v3:download.sjson", "index.sjson"]
    for path in lists:
        signed = json.loads(signed_text(path, stream.keyring(made)))
        plain = path.with_suffix(".json").read_text().replace('-download.json"', '-download.sjson"').replace(
            ':download.json"', ':download.sjson"')
        assert signed == json.loads(plain)


def test_index_names_the_products_files(made):
    found = json.loads((stream.stream_root(made) / "streams/v1/index.json").read_text())
    for content_id, entry in found["index"].items():
        listed = json.loads((stream.stream_root(made) / entry["path"]).read_text())
        assert listed["content_id"] == content_id
        assert entry["products"] == sorted(listed["products"])
        assert email.utils.parsedate_to_datetime(listed["updated"]) == stream.moment(1)
    assert found["updated"] == "Sat, 21 Jun 2025 08:01:49 +0000"


def test_every_listed_file_is_there_with_its_size_and_hash(made):
    listed = stream.items(made)
    assert len(listed) == (2 * 2 + 2 + 7 + 4) * 2
    for item in listed:
        path = stream.stream_root(made) / item["path"]
        assert path.stat().st_size == item["size"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == item["sha256"]
        assert path.stat().st_mode & 0o777 == 0o644


def test_ubuntu_product_has_upstreams_keys(made):
    product = products(made)[f"{NOBLE}hwe-24.04"]
    del product["versions"]
    assert product == {
        "arch": "amd64", "kflavor": "generic", "krel": "noble", "label": "stable", "os": "ubuntu", "release": "noble",
        "release_codename": "Noble Numbat", "release_title": "24.04 LTS", "subarch": "hwe-24.04",
        "subarches": "generic,hwe-p,hwe-q,hwe-r,hwe-s,hwe-t,hwe-u,hwe-v,hwe-w,ga-16.04,ga-16.10,ga-17.04,ga-17.10,"
                     "ga-18.04,ga-18.10,ga-19.04,ga-19.10,ga-20.04,ga-20.10,ga-21.04,ga-21.10,ga-22.04,ga-22.10,"
                     "ga-23.04,ga-23.10,ga-24.04,hwe-24.04",
        "support_eol": "2029-05-31", "support_esm_eol": "2034-04-25", "version": "24.04"}


def test_kernels_of_an_image_share_its_squashfs_and_manifest(made):
    ga, hwe = (products(made)[NOBLE + kernel]["versions"]["20250621"]["items"] for kernel in ("ga-24.04", "hwe-24.04"))
    assert ga["squashfs"] == hwe["squashfs"]
    assert ga["manifest"] == hwe["manifest"]
    assert ga["squashfs"]["path"] == "noble/amd64/20250621/squashfs"
    assert ga["boot-kernel"]["path"] == "noble/amd64/20250621/ga-24.04/generic/boot-kernel"
    assert ga["boot-kernel"]["sha256"] != hwe["boot-kernel"]["sha256"]


@pytest.mark.parametrize("kernel, subarch, flavor, path, package", [
    ("ga", "ga-24.04", "generic", "ga-24.04/generic", "linux-generic"),
    ("ga-lowlatency", "ga-24.04-lowlatency", "lowlatency", "ga-24.04/lowlatency", "linux-lowlatency"),
    ("hwe-edge", "hwe-24.04-edge", "generic", "hwe-24.04-edge/generic", "linux-generic-hwe-24.04-edge"),
    ("hwe-lowlatency-edge", "hwe-24.04-lowlatency-edge", "lowlatency", "hwe-24.04-edge/lowlatency",
     "linux-lowlatency-hwe-24.04-edge"),
])
def test_names_of_a_kernel(kernel, subarch, flavor, path, package):
    files = stream.catalogue(stream.Spec(releases=("noble",), arches=("amd64",), kernels=(kernel,)))
    (key, product), = files["com.ubuntu.maas:stable:v3:download"]["products"].items()
    item = product["versions"]["20250618"]["items"]["boot-initrd"]
    assert (key, product["subarch"], product["kflavor"]) == (NOBLE + subarch, subarch, flavor)
    assert (item["path"], item["kpackage"]) == (f"noble/amd64/20250618/{path}/boot-initrd", package)


def test_an_edge_kernel_is_the_plain_one_under_another_path():
    paths = [f"noble/amd64/20250618/{kernel}/generic/boot-kernel" for kernel in ("hwe-24.04", "hwe-24.04-edge")]
    assert len({b"".join(stream.content(path, 3000)) for path in paths}) == 1


def test_bootloaders_are_those_of_upstream(made):
    assert {key: (product["os"], product["arch"], product["bootloader-type"])
            for key, product in products(made, "bootloaders").items()} == {
        "com.ubuntu.maas.stable:1:grub-efi-signed:uefi:amd64": ("grub-efi-signed", "amd64", "uefi"),
        "com.ubuntu.maas.stable:1:grub-efi:uefi:arm64": ("grub-efi", "arm64", "uefi"),
        "com.ubuntu.maas.stable:1:grub-ieee1275:open-firmware:ppc64el": ("grub-ieee1275", "ppc64el", "open-firmware"),
        "com.ubuntu.maas.stable:1:pxelinux:pxe:amd64": ("pxelinux", "amd64", "pxe"),
        "com.ubuntu.maas.stable:1:pxelinux:pxe:i386": ("pxelinux", "i386", "pxe")}
    assert versions(made, "bootloaders") == {"20250618.0", "20250621.0"}


def test_centos_is_listed_as_upstream_lists_it(made):
    product = products(made, "centos")["com.ubuntu.maas.stable:centos-bases:7.0:amd64"]
    assert (product["os"], product["release"], product["release_title"]) == ("centos", "centos70", "CentOS 7")
    item = product["versions"]["20250621_01"]["items"]["root-tgz"]
    assert item["path"] == "centos/centos70/amd64/20250621_01/root-tgz"


def test_releases_have_the_arches_that_upstream_builds():
    spec = stream.Spec(releases=("bionic", "noble"), arches=("i386", "amd64"), kernels=("ga",))
    assert sorted(stream.catalogue(spec)["com.ubuntu.maas:stable:v3:download"]["products"]) == [
        "com.ubuntu.maas.stable:v3:boot:18.04:amd64:ga-18.04", "com.ubuntu.maas.stable:v3:boot:18.04:i386:ga-18.04",
        "com.ubuntu.maas.stable:v3:boot:24.04:amd64:ga-24.04"]


def test_sizes_are_upstreams_at_scale_one():
    files = stream.catalogue(stream.Spec(releases=("noble",), arches=("amd64",), kernels=("ga",), scale=1))
    item = files["com.ubuntu.maas:stable:v3:download"]["products"][f"{NOBLE}ga-24.04"]["versions"]["20250621"]["items"]
    assert item["squashfs"]["size"] == pytest.approx(271_732_736, rel=0.005)
    assert item["boot-kernel"]["size"] == pytest.approx(15_010_184, rel=0.005)


def test_as_many_products_as_wanted():
    files = stream.catalogue(stream.Spec(products=501))
    assert len(files["com.ubuntu.maas:stable:v3:download"]["products"]) == 501


@pytest.mark.parametrize("size", [1, 100, stream.BLOCK, stream.BLOCK + 1, 2 * stream.BLOCK + 17])
def test_content_has_its_size_and_is_its_own(size):
    blocks = list(stream.content("some/path", size))
    assert sum(map(len, blocks)) == size
    assert len(set(blocks)) == len(blocks)
    assert blocks == list(stream.content("some/path", size))
    assert size == 1 or blocks != list(stream.content("other/path", size))


def test_publish_adds_a_later_version_and_drops_the_oldest(tmp_path):
    root = stream.make(tmp_path, TINY)
    key = stream.keyring(tmp_path).read_bytes()
    stream.publish(tmp_path, keep=2)
    assert versions(tmp_path) == {"20250621", "20250624"}
    assert versions(tmp_path, "bootloaders") == {"20250618.0", "20250621.0"}
    assert sorted(os.listdir(root / "noble/amd64")) == ["20250621", "20250624"]
    assert "Tue, 24 Jun 2025 08:01:49 +0000" in signed_text(root / "streams/v1/index.sjson", stream.keyring(tmp_path))
    assert stream.keyring(tmp_path).read_bytes() == key


def test_publish_writes_the_index_after_all_that_it_leads_to(tmp_path, monkeypatch):
    root = stream.make(tmp_path, TINY)
    events = []
    monkeypatch.setattr(stream, "_write_item", lambda path, *_args: events.append("item") or "0" * 64)
    monkeypatch.setattr(stream, "_write_metadata", lambda stem, *_args: events.append(stem.name))
    monkeypatch.setattr(stream, "_remove_item", lambda *_args: events.append("removal"))
    assert stream.publish(tmp_path, keep=1) == root
    assert list(dict.fromkeys(events)) == [
        "item", "com.ubuntu.maas:stable:v3:download", "com.ubuntu.maas:stable:1:bootloader-download",
        "com.ubuntu.maas:stable:centos-bases-download", "index", "removal"]


def test_candidate_is_ahead_of_stable_and_shares_the_rest(made, tmp_path):
    options = "--name candidate --ahead 1 --releases noble --arches amd64 --kernels ga,hwe --scale 1e-6"
    assert stream.main(["make", str(tmp_path), *options.split()]) == 0
    stable, candidate = ({(item["path"], item["sha256"]) for item in found}
                         for found in (stream.items(made), stream.items(tmp_path, "candidate")))
    assert len(stable & candidate) == len(stable) // 2
    assert {product["label"] for product in products(tmp_path, name="candidate").values()} == {"candidate"}


def test_no_gpg_agent_is_left_running(made):
    assert not list((made / "gnupg").glob("S.gpg-agent*"))


@pytest.mark.parametrize("option, message", [
    (["--releases", "nobel"], "unknown release nobel; there are: bionic, focal, jammy, noble, plucky"),
    (["--kernels", "hew"], "unknown kernel hew; there are: ga, ga-lowlatency, hwe, hwe-edge, hwe-lowlatency, hwe-"),
    (["--releases", "noble", "--arches", "i386"], "no release of noble has any of the arches i386"),
])
def test_a_wrong_choice_is_answered_with_what_there_is(option, message, tmp_path, capsys):
    assert stream.main(["make", str(tmp_path), *option]) == 1
    assert message in capsys.readouterr().err


def test_publish_of_a_stream_that_was_never_made(tmp_path, capsys):
    assert stream.main(["publish", str(tmp_path)]) == 1
    assert "make it first" in capsys.readouterr().err
