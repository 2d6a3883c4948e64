# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Older versions than the recorded ones, both installs, and images that are too new for a MAAS."""

from __future__ import annotations

import json

import faults
import pytest
import stream

UPSTREAM = "http://images.maas.io/ephemeral-v3/stable/"
KEYRING = "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"
NOBLE = {"release": "noble", "arches": ["amd64"]}


@pytest.mark.parametrize("version", ["2.7", "2.8", "2.9", "3.2"])
def test_ladders_of_older_versions(start, version, mirror, key):
    region = start(version)
    assert region.rung("boot_source", url=mirror, match_url=UPSTREAM, keyring_file=key)["import_needed"]
    region.rung("boot_source", changed=False, url=mirror.rstrip("/"))
    assert region.rung("boot_source_selection", **NOBLE)["import_started"]
    region.rung("maas_config", commissioning_distro_series="noble", http_proxy="")
    region.rung("boot_source_selection", selections=[NOBLE], purge=True)
    assert not region.rung("boot_resource_import", poll_interval=1)["missing"]
    assert region.done("boot_source_info")["maas_version"].startswith(version)
    region.rung("boot_source", url=mirror, keyring_filename=KEYRING, wait_timeout=1, state="absent")


@pytest.mark.parametrize("install, path", [("deb", KEYRING), ("snap", "/snap/maas/current" + KEYRING)])
def test_both_installs_keep_their_keyring(start, install, path, mirror):
    region = start("3.7", "--install", install)
    region.rung("boot_source", url=mirror, match_url=UPSTREAM)
    assert region.sources[0]["keyring_filename"] == path


@pytest.fixture(name="future")
def fixture_future(tmp_path):
    """An unsigned stream: jammy is for MAAS 3.9, one of noble's kernels for 3.8."""
    spec = stream.Spec(releases=("noble", "jammy"), arches=("amd64",), kernels=("ga", "hwe"), scale=0.0001)
    stream.make(tmp_path, spec)
    [listing] = stream.stream_root(tmp_path).glob("streams/v1/*v3:download.json")
    data = json.loads(listing.read_text(encoding="utf-8"))
    for name, product in data["products"].items():
        if product["release"] == "jammy":
            product["maas_supported"] = "3.9"
        elif product["subarch"].startswith("hwe"):
            product["maas_supported"] = "3.8.0"
    listing.write_text(json.dumps(data), encoding="utf-8")
    with faults.Upstream(stream.stream_root(tmp_path)) as upstream:
        yield upstream.url + "streams/v1/index.json"


def test_images_that_are_too_new(region, future, key):
    number = region.done("boot_source", url=future, keyring_file=key)["boot_source"]["id"]
    region.lab("settle", {"seconds": 30})
    result = region.rung("boot_source_selection", boot_source_id=number, **NOBLE)
    assert ("amd64/hwe-24.04 (MAAS 3.8)" in str(result.get("warnings"))) is (region.version != "3.8")
    for check in (True, False):
        message = region.refused(
            "boot_source_selection", check=check, boot_source_id=number, release="jammy", arches=["amd64"]
        )
        assert "ubuntu/jammy only for MAAS 3.9 and later; this is %s" % region.lab("state")["maas"] in message


def test_what_is_too_new_is_not_waited_for(start, future, key):
    region = start("3.7")
    region.done("boot_source", url=future, match_url=UPSTREAM, keyring_file=key)
    region.done("boot_source_selection", **NOBLE)
    result = region.done("boot_resource_import", poll_interval=1)
    assert {one["architecture"] for one in result["boot_resources"] if one["name"] == "ubuntu/noble"} == {"amd64/ga-24.04"}
