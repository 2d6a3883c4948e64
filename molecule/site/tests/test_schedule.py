# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upstream goes on, and the mirrors follow by themselves: a timer on one host, cron on the other, after a reboot too."""
from __future__ import annotations

from conftest import eventually

# One period of cron is 60 s, a sync of the lab's stream a few.
PATIENCE = 120


def newest(read):
    """The newest version of any Ubuntu product in what a client read."""
    return max(version for name, version in read["versions"].items() if ":boot:" in name)


def follows(mirrors, publish):
    """Publish one more version; every mirror serves it, complete, without anybody's help."""
    before = {mirror.name: newest(mirror.read()) for mirror in mirrors}
    publish()
    for mirror in mirrors:
        eventually(lambda mirror=mirror: newest(mirror.read()) > before[mirror.name], PATIENCE,
                   f"{mirror.name} serves a version newer than {before[mirror.name]}")
        assert mirror.read()["wrong"] == []


def test_each_host_has_the_schedule_it_was_asked_for(mirrors):
    bookworm, trixie = (mirror.host for mirror in mirrors)
    assert "maas-image-mirror-stable.timer" in bookworm.check_output("systemctl list-timers --plain --no-legend")
    assert not bookworm.file("/etc/cron.d/maas-image-mirror").exists
    assert trixie.file("/etc/cron.d/maas-image-mirror").exists
    assert "maas-image-mirror" not in trixie.check_output("systemctl list-timers --all --plain --no-legend")


def test_the_schedule_brings_the_next_version(mirrors, publish):
    follows(mirrors, publish)


def test_a_reboot_changes_nothing(mirrors, publish):
    before = [mirror.read() for mirror in mirrors]
    for mirror in mirrors:
        mirror.reboot()
    for mirror, was in zip(mirrors, before):
        eventually(lambda mirror=mirror: mirror.status_of("streams/v1/index.sjson") == "200", 30, f"{mirror.name} serves")
        assert mirror.read() == was
    follows(mirrors, publish)
