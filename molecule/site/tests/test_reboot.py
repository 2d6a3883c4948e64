# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror host goes down while its scheduled sync is fetching: what it publishes is whole after the boot, and the sync goes on.

What a disk has lost after a power cut is in tests/faults/test_disk.py: this machine's kernel keeps what it has not written yet.
"""
from __future__ import annotations

import re
import subprocess

import pytest
from conftest import eventually

STABLE = "/var/www/html/maas/images/ephemeral-v3/stable"
LIMIT = "/etc/nginx/conf.d/slow.conf"
SLOW = "limit_rate 5k;"  # the largest file of the lab's stream takes a minute and a half
RANGES = "/etc/nginx/conf.d/ranges.conf"
NOTED = "log_format ranges '$http_range $uri'; access_log /var/log/nginx/ranges.log ranges;"
PATIENCE = 120  # seconds: one period of cron is 60, a sync of the lab's stream takes a few


@pytest.fixture
def slow(upstream):
    """Makes upstream slow, and note the ranges that it is asked for; calling it ends the first."""
    def heal(also=""):
        upstream.check_output(f"rm -f {LIMIT} {also} && systemctl restart nginx")  # ends the slow answers too

    upstream.check_output("echo %s > %s; echo %s > %s; rm -f /var/log/nginx/ranges.log; nginx -s reload", SLOW, LIMIT, NOTED, RANGES)
    yield heal
    heal(also=RANGES)


def restart(mirror):
    """systemd stops everything in its order."""
    mirror.reboot()


def cut(mirror):
    """Everything is gone at once."""
    subprocess.run(["podman", "kill", "--signal", "KILL", mirror.container], check=True, capture_output=True)
    subprocess.run(["podman", "wait", mirror.container], check=True, capture_output=True)
    subprocess.run(["podman", "start", mirror.container], check=True, capture_output=True)
    mirror.boots()


def newest(read):
    """The newest version of any Ubuntu product in what a client read."""
    return max(version for name, version in read["versions"].items() if ":boot:" in name)


def arrived(mirror):
    """{partial file: blocks that it takes} of what the mirror is fetching, from 40 KB on."""
    found = mirror.host.check_output("find %s/.mirror/incoming -type f -not -name '*.*' -printf '%%f %%b\\n'", STABLE)
    return {name: int(blocks) for name, blocks in map(str.split, found.splitlines()) if int(blocks) >= 80}


@pytest.mark.parametrize("strike", [restart, cut], ids=["reboot", "power-cut"])
def test_the_host_goes_down_in_mid_run(mirror, publish, slow, upstream, strike):
    before = mirror.read()
    publish()
    eventually(lambda: arrived(mirror), PATIENCE, f"the schedule of {mirror.name} fetches the new version")
    half = arrived(mirror)
    strike(mirror)
    eventually(lambda: mirror.status_of("streams/v1/index.sjson") == "200", 30, f"{mirror.name} serves")
    after = mirror.read()
    assert after["wrong"] == []
    assert newest(after) == newest(before)
    kept = arrived(mirror)
    assert {name: kept.get(name, 0) >= size for name, size in half.items()} == dict.fromkeys(half, True)
    slow()
    eventually(lambda: newest(mirror.read()) > newest(before), PATIENCE, f"{mirror.name} serves the new version by itself")
    assert mirror.read()["wrong"] == []
    asked = upstream.check_output("cat /var/log/nginx/ranges.log")
    assert re.search(r"^bytes=[1-9]\d*-\d* /", asked, re.M)  # what had come was not asked for again
