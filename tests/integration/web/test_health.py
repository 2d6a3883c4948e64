# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health, from the engine's runs to what a monitor is told: the real engine, the role's site in a real nginx, curl."""

from __future__ import annotations

import time

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import health
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree


def test_a_mirror_that_was_synced_is_fresh(mirror):
    code, answer = mirror.health()
    assert (code, answer["mirror"], answer["status"]) == (200, "stable", "fresh")
    assert mirror.health("/maas/images/ephemeral-v3/daily/health") == (code, answer)


def test_the_host_is_as_healthy_as_all_of_its_mirrors(mirror):
    code, answer = mirror.health("/maas/images/health")
    assert (code, answer["status"]) == (503, "unhealthy")
    assert [(one["mirror"], one["status"]) for one in answer["mirrors"]] == [("stable", "fresh"), ("next", "empty")]
    link = mirror.path.parent / "next"
    link.symlink_to(mirror.path)
    try:
        code, answer = mirror.health("/maas/images/health")
        assert (code, answer["status"], len(answer["mirrors"])) == (200, "fresh", 2)
    finally:
        link.unlink()


def test_a_failed_sync_alone_is_no_fault_of_what_is_served(mirror):
    mirror.upstream.directory, directory = mirror.path / "nowhere", mirror.upstream.directory
    assert mirror.run("sync") != 0
    assert mirror.health()[0] == 200
    mirror.upstream.directory = directory


@pytest.mark.parametrize(
    ("fault", "status"),
    [(lambda path: path.unlink(), "incomplete"), (lambda path: path.write_bytes(bytes(path.stat().st_size)), "unverified")],
)
def test_what_is_bad_and_cannot_be_had_is_told_until_it_is_right(mirror, fault, status):
    item = mirror.item("squashfs")
    mirror.upstream.directory, directory = mirror.path / "nowhere", mirror.upstream.directory
    fault(item)
    assert mirror.run("verify", "--full") == 6
    code, answer = mirror.health()
    assert (code, answer["status"]) == (503, status) and str(item.relative_to(mirror.path)) in answer["reason"]
    assert mirror.health("/maas/images/health")[1]["mirrors"][0] == answer
    mirror.upstream.directory = directory
    assert mirror.run("verify", "--full") == 0
    assert mirror.health()[0] == 200


def test_it_is_stale_by_itself_when_nothing_runs_any_more(mirror):
    tree = Tree(str(mirror.path))
    status = dict(tree.status(), last_success=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), stale_after=25)
    begun = time.time()
    health.tell(tree, status)
    seen = []
    while time.time() < begun + 28:
        seen.append((time.time(), mirror.health()))
        time.sleep(0.5)
    fresh = [when for when, (code, _answer) in seen if code == 200]
    assert begun + 13 < max(fresh) < begun + 26
    assert [code for _when, (code, _answer) in seen] == [200] * len(fresh) + [503] * (len(seen) - len(fresh))
    assert seen[-1][1][1]["status"] == "stale" and "25 seconds" in seen[-1][1][1]["reason"]
    assert mirror.run("sync") == 0 and mirror.health()[0] == 200
