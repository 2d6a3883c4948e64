# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second mirror on the host: it shares its files with the first, signs its own index, and is verified, in systemd's sandbox too."""
from __future__ import annotations

import json

import pytest

ROOT = "/var/www/html/maas/images/ephemeral-v3"
VERSIONS = f"cd {ROOT}/candidate/noble/amd64 && ls"


@pytest.fixture
def bookworm(mirrors):
    """The host of systemd's schedule, whose timers wait meanwhile."""
    host = mirrors[0].host
    timers = "maas-image-mirror-stable.timer maas-image-mirror-candidate.timer"
    host.check_output(f"systemctl stop {timers}")
    host.check_output("flock {0}/stable/.mirror/lock true && flock {0}/candidate/.mirror/lock true".format(ROOT))
    yield host
    host.check_output(f"systemctl start {timers}")


def alone(host, version):
    """The files of a version that the second mirror has for itself."""
    return host.check_output("find %s -type f -links 1", f"{ROOT}/candidate/noble/amd64/{version}")


def status(host, name):
    """What a mirror tells."""
    return json.loads(host.check_output("cat %s", f"{ROOT}/{name}/status.json"))


def test_it_costs_nothing_that_the_first_one_has(mirror):
    assert status(mirror.host, "candidate")["items"] == status(mirror.host, "stable")["items"]
    first = mirror.host.check_output(VERSIONS).split()[0]  # they came one after the other; two at the same time don't share
    assert alone(mirror.host, first) == ""


def test_it_is_signed_by_a_key_of_the_host(mirror):
    told = status(mirror.host, "candidate")
    assert told["index"] == "trimmed" and len(told["signer"]) == 40
    mirror.host.check_output(f"gpgv --keyring {ROOT}/candidate/keyring.gpg {ROOT}/candidate/streams/v1/index.sjson")
    home = mirror.host.file("/var/lib/maas-image-mirror/gnupg")
    assert (home.user, oct(home.mode)) == ("maas-mirror", "0o700")


def test_its_metrics_are_where_the_collector_looks(mirror):
    for name in ("stable", "candidate"):
        assert f'maas_image_mirror_items{{mirror="{name}"}} ' in mirror.host.check_output(
            f"cat /var/lib/prometheus/node-exporter/maas_image_mirror_{name}.prom")


def test_the_sandbox_of_systemd_links_and_signs(bookworm, publish):
    publish()
    for name in ("stable", "candidate"):
        bookworm.check_output(f"systemctl start maas-image-mirror@{name}.service")
    assert status(bookworm, "candidate")["upstream_updated"] == status(bookworm, "stable")["upstream_updated"]
    assert status(bookworm, "candidate")["last_attempt"]["added_bytes"] > 0
    assert alone(bookworm, bookworm.check_output(VERSIONS).split()[-1]) == ""
    bookworm.check_output(f"gpgv --keyring {ROOT}/candidate/keyring.gpg {ROOT}/candidate/streams/v1/index.sjson")


def test_a_scheduled_verification_reads_and_repairs(bookworm):
    """A flipped bit in a file that both have: each is verified, and each is right again."""
    path = bookworm.check_output(f"cd {ROOT}/stable && ls noble/amd64/*/squashfs | tail -1")
    bookworm.check_output(f"printf X | dd of={ROOT}/stable/{path} conv=notrunc status=none")
    for name in ("stable", "candidate"):
        bookworm.check_output(f"systemctl start maas-image-mirror-verify@{name}.service")
        told = status(bookworm, name)["last_verification"]
        assert (told["mode"], told["bad"], told["repaired"]) == ("full", 1, 1), told
    assert alone(bookworm, bookworm.check_output(VERSIONS).split()[-1]) == ""


def test_each_host_verifies_on_a_schedule(mirrors):
    bookworm, trixie = (mirror.host for mirror in mirrors)
    timers = bookworm.check_output("systemctl list-timers --plain --no-legend")
    assert "maas-image-mirror-verify@stable.timer" in timers and "maas-image-mirror-verify@candidate.timer" in timers
    assert trixie.file("/etc/cron.d/maas-image-mirror").content_string.count(" verify --full ") == 2
