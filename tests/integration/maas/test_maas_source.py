# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/maas.yml as a user runs it, from a controller that is only the API's client."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import ansible_collections.imagemirror.maas as collection
import pytest

UPSTREAM = "http://images.maas.io/ephemeral-v3/stable"
MIRROR = "http://192.0.2.7/maas/images/ephemeral-v3/stable"
DEB = "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"
SNAP = "/snap/maas/current" + DEB
COLLECTIONS = Path(collection.__path__[0]).parents[2]


class Play:
    """The playbook, with a stand-in and an inventory of one region and one mirror."""

    def __init__(self, region, scratch, key):
        self.region = region
        self.inventory = scratch / "inventory.json"
        self.inventory.write_text(
            json.dumps(
                {
                    "maas_regions": {
                        "hosts": {"maas": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}}
                    },
                    "maas_mirrors": {"hosts": {"mirror1": {"ansible_host": "192.0.2.7"}}},
                }
            ),
            encoding="utf-8",
        )
        self.variables = {"maas_source_api_url": region.url, "maas_source_api_key": key}

    def run(self, *flags, **variables):
        """(changed, output) of a run that must succeed; secrets in the output fail the test."""
        code, output = self.try_run(*flags, **variables)
        assert code == 0, output
        assert "WARNING" not in output, output
        return "changed=0" not in output, output

    def try_run(self, *flags, **variables):
        """(exit code, output)"""
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                "-vvv",
                "--diff",
                "-i",
                str(self.inventory),
                "-e",
                json.dumps(dict(self.variables, **variables)),
                "imagemirror.maas.maas",
                *flags,
            ],
            env=dict(
                os.environ,
                ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS),
                ANSIBLE_NOCOLOR="1",
                ANSIBLE_LOCALHOST_WARNING="false",
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        for secret in self.variables["maas_source_api_key"].split(":"):
            assert secret not in done.stdout
        return done.returncode, done.stdout

    @property
    def source(self):
        """(id, URL, keyring) of the only source."""
        [source] = self.region.sources
        return (
            source["id"],
            source["url"].rstrip("/"),
            source["keyring_filename"] or base64.b64decode(source["keyring_data"]),
        )


@pytest.fixture
def play(region, tmp_path):
    return Play(region, tmp_path, "consumer-of-admin:token-of-admin:the-secret-of-admin")


def test_there_again_and_back(play):
    changed, _output = play.run("--check")
    assert changed and not play.region.lab("writes")
    changed, output = play.run(maas_source_match_url=UPSTREAM.replace("http", "https"))
    assert changed and play.source == (1, MIRROR, DEB)
    assert ("when the next import runs" in output) is (play.region.version != "3.8")
    assert not play.run()[0]
    assert play.run(maas_source_state="absent")[0] and play.source == (1, UPSTREAM, DEB)


@pytest.fixture
def snap_play(start, tmp_path):
    return Play(start("3.7", "--install", "snap"), tmp_path, "consumer-of-admin:token-of-admin:the-secret-of-admin")


def test_the_snaps_keyring_is_known_by_the_default_source(snap_play):
    snap_play.run()
    assert snap_play.source == (1, MIRROR, SNAP)
    snap_play.run(maas_source_install="deb")
    assert snap_play.source == (1, MIRROR, DEB)


def test_a_keyring_of_ones_own_and_back(snap_play, tmp_path):
    key = tmp_path / "own.gpg"
    key.write_bytes(b"\x99\x01\x8d\x04own \xff\x00 key")
    snap_play.run(maas_source_keyring_file=str(key), maas_source_url="http://mirror.example.com/own/")
    assert snap_play.source == (1, "http://mirror.example.com/own", key.read_bytes())
    assert not snap_play.run(maas_source_keyring_file=str(key), maas_source_url="http://mirror.example.com/own/")[0]


def test_what_is_missing_is_asked_for(snap_play):
    snap_play.variables["maas_source_api_url"] = ""
    code, output = snap_play.try_run()
    assert code and "maas_source_api_url or maas_source_api_key is empty" in output
