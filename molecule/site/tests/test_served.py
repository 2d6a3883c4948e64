# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client gets of a mirror that was just made."""
from __future__ import annotations

import json

import pytest

BOOTLOADERS = {"pxelinux:pxe:i386", "grub-efi-signed:uefi:amd64", "grub-efi:uefi:arm64", "grub-ieee1275:open-firmware:ppc64el"}

FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())"


def test_every_file_of_the_selection_has_its_hash(mirror):
    got = mirror.read()
    assert got["wrong"] == []
    assert got["files"] > 20
    assert got["bytes"] > 0


def test_both_releases_and_all_bootloaders_are_there(mirror):
    products = " ".join(mirror.read()["versions"])
    for name in {":22.04:amd64:ga-22.04", ":24.04:amd64:ga-24.04"} | BOOTLOADERS:
        assert name in products


def test_daily_is_stable_without_a_redirect(mirror):
    assert mirror.read("daily") == mirror.read("stable")


@pytest.mark.parametrize("path", [".mirror/", ".mirror/lock", "noble/../.mirror/lock", "%2emirror/lock", "streams/.hidden"])
def test_what_is_private_is_not_served(mirror, path):
    assert mirror.status_of(path) in ("403", "404")


def test_the_lock_is_there_to_be_denied(mirror):
    assert mirror.host.file("/var/www/html/maas/images/ephemeral-v3/stable/.mirror/lock").exists


@pytest.mark.parametrize("path", ["ephemeral-v3/stable/", "ephemeral-v3/daily/", ""])
def test_a_visitor_sees_the_page(mirror, path):
    page = mirror.client.check_output("python3 -c %s %s", FETCH, f"http://{mirror.name}/maas/images/{path}")
    assert "<title>MAAS image mirror</title>" in page


def test_the_page_of_the_host_lists_its_mirrors(mirror):
    listed = json.loads(mirror.client.check_output("python3 -c %s %s", FETCH, f"http://{mirror.name}/maas/images/status.json"))
    assert listed == {"mirrors": [{"name": "stable", "location": "ephemeral-v3/stable/", "aliases": ["daily"]},
                                  {"name": "candidate", "location": "ephemeral-v3/candidate/", "aliases": []}]}


def test_a_copy_of_the_mirror_has_the_page(mirror):
    page = mirror.host.file("/var/www/html/maas/images/ephemeral-v3/stable/index.html")
    assert (page.user, page.mode) == ("root", 0o644)


def test_a_release_that_was_not_selected_is_not_held(mirror):
    assert not mirror.host.file("/var/www/html/maas/images/ephemeral-v3/stable/focal").exists
    assert mirror.host.file("/var/www/html/maas/images/ephemeral-v3/stable/noble").is_directory


def test_nobody_but_the_owner_writes(mirror):
    found = mirror.host.check_output(
        "find /var/www/html/maas /etc/maas-image-mirror /usr/local/lib/maas-image-mirror /usr/local/bin/maas-image-mirror "
        "-not -type l -perm /022")
    assert found == ""
    stable = mirror.host.file("/var/www/html/maas/images/ephemeral-v3/stable")
    assert stable.user == "maas-mirror"


def test_nothing_failed_on_the_host(mirror):
    assert mirror.host.check_output("systemctl list-units --failed --plain --no-legend") == ""
    assert mirror.host.run("nginx -t").rc == 0
