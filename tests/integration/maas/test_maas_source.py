# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which source the role changes, to which URL and keyring. There is no mirror to read here; test_switch.py has one."""

from __future__ import annotations

import pytest

UPSTREAM = "http://images.maas.io/ephemeral-v3/stable"
MIRROR = "http://192.0.2.7/maas/images/ephemeral-v3/stable"
DEB = "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"
SNAP = "/snap/maas/current" + DEB
INVENTORY = {"maas_mirrors": {"hosts": {"mirror1": {"ansible_host": "192.0.2.7"}}}}
UNSEEN = {"maas_source_probe": "none", "maas_source_import": False}


@pytest.fixture
def away(region, play):
    return play(region, inventory=INVENTORY, **UNSEEN)


def test_there_again_and_back(away):
    changed, _output = away.run("--check")
    assert changed and not away.region.lab("writes")
    changed, output = away.run(maas_source_match_url=UPSTREAM.replace("http", "https"))
    assert changed and away.source == (1, MIRROR, DEB)
    assert ("when the next import runs" in output) is (away.region.version != "3.8")
    assert not away.run()[0]
    assert away.run(maas_source_state="absent")[0] and away.source == (1, UPSTREAM, DEB)


@pytest.fixture
def snap(start, play):
    return play(start("3.7", "--install", "snap"), inventory=INVENTORY, **UNSEEN)


def test_the_snaps_keyring_is_known_by_the_default_source(snap):
    snap.run()
    assert snap.source == (1, MIRROR, SNAP)
    snap.run(maas_source_install="deb")
    assert snap.source == (1, MIRROR, DEB)


def test_a_keyring_of_ones_own_and_back(snap, tmp_path):
    key = tmp_path / "own.gpg"
    key.write_bytes(b"\x99\x01\x8d\x04own \xff\x00 key")
    snap.run(maas_source_keyring_file=str(key), maas_source_url="http://mirror.example.com/own/")
    assert snap.source == (1, "http://mirror.example.com/own", key.read_bytes())
    assert not snap.run(maas_source_keyring_file=str(key), maas_source_url="http://mirror.example.com/own/")[0]


@pytest.mark.parametrize("present", (MIRROR.replace("stable", "candidate"), UPSTREAM.replace("stable", "candidate"), "http://192.0.2.9/old"))
def test_whatever_the_only_source_reads_is_replaced_before_3_8(snap, present):
    """A stream of the mirror, one of upstream, or the only source of a MAAS that is made for one."""
    snap.region.client.put("boot-sources/1/", {"url": present})
    snap.run()
    assert snap.source == (1, MIRROR, SNAP)


def test_a_source_of_somebody_elses_stays_in_3_8(start, play):
    newer = play(start("3.8"), inventory=INVENTORY, **UNSEEN)
    newer.region.client.put("boot-sources/1/", {"url": "http://192.0.2.9/old"})
    newer.run()
    assert [one["url"] for one in newer.region.sources] == ["http://192.0.2.9/old", MIRROR]


def test_a_mirror_that_nobody_can_reach_is_refused(snap):
    snap.variables.update(maas_source_probe="quick", maas_source_url="http://127.0.0.1:1/stable/")
    assert "there is no such file on maas, from where MAAS is spoken to" in " ".join(snap.fails().split())
    assert not snap.region.lab("writes")


def test_what_is_missing_is_asked_for(snap):
    snap.variables["maas_source_api_url"] = ""
    code, output = snap.try_run()
    assert code and "maas_source_api_url or maas_source_api_key is empty" in output
