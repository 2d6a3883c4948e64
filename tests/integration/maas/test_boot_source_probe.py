# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror is read as MAAS will read it: what MAAS would stumble over is found before MAAS is pointed there."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))
import faults  # noqa: E402  pylint: disable=wrong-import-position
import stream  # noqa: E402  pylint: disable=wrong-import-position

NOBLE = {"os": "ubuntu", "release": "noble", "arches": ["amd64"], "subarches": ["*"], "labels": ["*"]}


class Mirror:
    """A signed stream, served, and the module that reads it."""

    def __init__(self, directory, upstream, module):
        self.module = module
        self.directory = directory
        self.upstream = upstream
        self.keyring = str(stream.keyring(directory))
        self.root = Path(stream.stream_root(directory))

    def probe(self, **options):
        """The module's result; nothing that it says is a traceback."""
        given = {"url": self.upstream.url, "keyring_file": self.keyring, "selections": [NOBLE], "commissioning_release": "noble"}
        code, output = self.module("boot_source_probe", {key: value for key, value in {**given, **options}.items() if value is not None})
        assert "Traceback" not in output, output
        result = json.loads(output)
        assert (code == 0) is not result.get("failed", False)
        return result

    def good(self, **options):
        """The result of a probe that must find nothing wrong."""
        result = self.probe(**options)
        assert not result.get("failed"), result["msg"]
        return result

    def bad(self, **options):
        """The message of a probe that must find something."""
        result = self.probe(**options)
        assert result.get("failed"), result
        return result["msg"]

    def edit(self, change):
        """Change every product list, and sign it anew."""
        with stream._Signer(self.directory) as signer:
            for path in self.root.glob("streams/v1/*download.json"):
                listed = json.loads(path.read_text(encoding="utf-8"))
                change(path.name, listed)
                path.with_suffix(".sjson").write_text(signer.clearsign(json.dumps(listed)), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("stream")
    stream.make(directory, stream.Spec(arches=("amd64", "arm64"), kernels=("ga",), scale=0.0005))
    return directory


@pytest.fixture
def mirror(made, tmp_path, module):
    shutil.copytree(made, tmp_path / "made", symlinks=True)
    with faults.Upstream(stream.stream_root(tmp_path / "made")) as upstream:
        yield Mirror(tmp_path / "made", upstream, module)


def test_a_good_mirror_has_all_and_only_what_maas_takes_is_asked_for(mirror):
    result = mirror.good()
    assert {(one["os"], one["release"], one["arch"]) for one in result["images"]} >= {
        ("ubuntu", "noble", "amd64"), ("pxelinux", "pxe", "i386"), ("grub-efi-signed", "uefi", "amd64")}
    asked = {request.path for request in mirror.upstream.requests if not request.path.startswith("streams/")}
    assert len(asked) == result["files"] and not any(path.startswith(("noble/arm64", "jammy")) or "manifest" in path for path in asked)
    assert not any("index.json" in request.path for request in mirror.upstream.requests)
    newest = max(path.name for path in (mirror.root / "noble" / "amd64").iterdir())
    assert all(path.split("/")[2] == newest for path in asked if path.startswith("noble/"))


@pytest.mark.parametrize("fault,words", [
    (faults.Status(404), "404"),
    (faults.Status(403), "403"),
    (faults.Redirect("/elsewhere"), "302 Found, to /elsewhere, where MAAS does not follow"),
    (faults.Cut(3), "listed"),
    (faults.Drop(0), "no bytes came"),
])
def test_a_file_that_maas_could_not_take_is_named(mirror, fault, words):
    mirror.upstream.fault("noble/*/squashfs", fault)
    message = mirror.bad()
    assert "squashfs: " in message and words in message and "jammy" not in message
    mirror.upstream.fault("*", faults.Status(404))
    mirror.upstream.heal()
    assert mirror.good()


def test_other_bytes_are_found_by_reading_all(mirror):
    mirror.upstream.fault("noble/*/squashfs", faults.Flip(9))
    assert mirror.good()["files"]
    assert "squashfs: another content: sha256" in mirror.bad(verify_items="full")


def test_a_maas_that_follows_redirects_may_be_redirected(mirror):
    squashfs = max((mirror.root / "noble" / "amd64").glob("*/squashfs"))
    path = str(squashfs.relative_to(mirror.root))
    mirror.upstream.fault(path, faults.Redirect("/copy"), times=1)
    (mirror.root / "copy").write_bytes(squashfs.read_bytes())
    assert mirror.good(maas_version="3.4.10")
    mirror.upstream.fault(path, faults.Redirect("/copy"), times=1)
    assert "302" in mirror.bad(maas_version="3.6.2")


def test_what_is_selected_has_to_be_offered(mirror):
    bionic = dict(NOBLE, release="bionic")
    assert "ubuntu/bionic: selected, but not offered. Of ubuntu there is: jammy, noble" in mirror.bad(selections=[NOBLE, bionic])
    s390x = dict(NOBLE, arches=["amd64", "s390x"])
    assert "ubuntu/noble s390x: selected, but not offered. There is: amd64" in mirror.bad(selections=[s390x])
    old = dict(NOBLE, labels=["candidate"])
    assert "with labels candidate" in mirror.bad(selections=[old], maas_version="3.7.3")
    assert mirror.good(selections=[old], maas_version="3.8.0~beta6")


def test_the_commissioning_release_has_to_be_selected_and_offered(mirror):
    assert "ubuntu/jammy: MAAS commissions machines with it, but does not select it" in mirror.bad(commissioning_release="jammy")
    assert "ubuntu/focal: MAAS commissions machines with it, but it is not offered" in mirror.bad(commissioning_release="focal")
    assert mirror.good(commissioning_release="")


def test_bootloaders_have_to_be_there_for_the_selected_architectures(mirror):
    def without(name, listed):
        if "bootloader" in name:
            listed["products"] = {key: one for key, one in listed["products"].items() if one["os"] != "grub-efi-signed"}

    mirror.edit(without)
    assert "grub-efi-signed: machines of amd64 can't boot without this bootloader" in mirror.bad()
    assert mirror.good(selections=[dict(NOBLE, arches=["arm64"])])
    assert mirror.good(bootloaders=False)


def test_a_signature_by_another_key_and_none_at_all(mirror, tmp_path):
    stream.make(tmp_path / "other", stream.Spec(arches=("amd64",), kernels=("ga",), releases=("noble",), scale=0.0001))
    other = stream.keyring(tmp_path / "other")
    assert "is not signed by a key of" in mirror.bad(keyring_file=str(other))
    assert "not signed by a key" in mirror.bad(keyring_file=None, keyring_data=base64.b64encode(other.read_bytes()).decode())
    data = base64.b64encode(Path(mirror.keyring).read_bytes()).decode()
    assert mirror.good(keyring_file=None, keyring_data=data)
    armored = tmp_path / "armored.asc"
    armored.write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n", encoding="ascii")
    assert "gpg --dearmor" in mirror.bad(keyring_file=str(armored))
    assert "No such file" in mirror.bad(keyring_file="/nowhere.gpg")
    assert "keyring_file or keyring_data is needed" in mirror.bad(keyring_file=None)
    # by the name of the unsigned index nothing is verified, in MAAS as here
    assert mirror.good(keyring_file=None, url=mirror.upstream.url + "streams/v1/index.json")
    mirror.upstream.fault("*.sjson", faults.Html())
    assert "not clear-signed" in mirror.bad()


def test_changed_metadata_is_not_believed(mirror):
    mirror.upstream.fault("*download.sjson", faults.Content(lambda right: right.replace(b'"noble"', b'"jammy"', 1)), times=9)
    assert "BAD signature" in mirror.bad()


@pytest.mark.parametrize("fault,words", [(faults.Status(404), "404"), (faults.Status(500), "500"), (faults.Drop(10), "")])
def test_no_index(mirror, fault, words):
    mirror.upstream.fault("*/index.sjson", fault)
    message = mirror.bad()
    assert "streams/v1/index.sjson" in message and words in message


def test_nobody_listens(module):
    code, output = module("boot_source_probe", {"url": "http://127.0.0.1:1/", "keyring_data": "mQ=="})
    assert code == 1 and "refused" in output and "Traceback" not in output


def test_what_is_too_new_is_ignored_and_said(mirror):
    def newer(_name, listed):
        for product in listed.get("products", {}).values():
            if product.get("release") == "noble":
                product["maas_supported"] = "3.8"

    mirror.edit(newer)
    assert "this MAAS is too old for it" in mirror.bad(maas_version="3.7.3")
    result = mirror.good(maas_version="3.7.3", selections=[dict(NOBLE, release="jammy")], commissioning_release="jammy")
    assert "MAAS 3.7.3 is too old for" in str(result["warnings"]) and "ubuntu/noble amd64 (needs MAAS 3.8)" in str(result["warnings"])
    assert not mirror.good(maas_version="3.8.0~beta6").get("warnings")


def test_maas_3_8_refuses_what_older_ones_took(mirror):
    def without(_name, listed):
        for product in listed.get("products", {}).values():
            for version in product["versions"].values() if product.get("release") == "jammy" else ():
                version["items"] = {key: item for key, item in version["items"].items() if item["ftype"] != "manifest"}

    mirror.edit(without)
    assert mirror.good(maas_version="3.7.3")
    assert "has no manifest" in mirror.bad(maas_version="3.8.0")


def test_the_proxy_is_maas_own_not_the_environments(mirror, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    assert mirror.good(proxy="")
    assert "refused" in mirror.bad(proxy="http://127.0.0.1:1/")
    assert mirror.good(proxy="http://127.0.0.1:1/", no_proxy=True, maas_version="3.7.3")
    # these heed it for metadata alone
    assert "refused" in mirror.bad(proxy="http://127.0.0.1:1/", no_proxy=True, maas_version="3.6.2")


def test_check_mode_reads_too(mirror):
    assert mirror.good(_ansible_check_mode=True)["files"]
    mirror.upstream.fault("*squashfs", faults.Status(404))
    assert "404" in mirror.bad(_ansible_check_mode=True)
