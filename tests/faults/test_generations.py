# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong while an older generation is published, on the way to it, or while what is held is verified."""
from __future__ import annotations

import signal

import pytest
import scene
from faults import Flip, Status


@pytest.fixture
def two(lab):
    """The lab, whose mirror keeps the first state and publishes the second."""
    assert lab.sync().code == 0
    lab.upstream.heal()
    return lab


@pytest.fixture
def pinned(two):
    """The first state is published again, and pinned; upstream has gone on to the third."""
    assert two.run("rollback").code == 0
    assert two.published == scene.FIRST
    two.upstream.directory = two.stage.states[scene.THIRD]
    return two


def old_squashfs(lab):
    """The item of the first state that is not in the others."""
    return next(item for path, item in lab.items(scene.FIRST).items() if path.endswith("/squashfs"))


def spoil(lab, item):
    """Another bit in a published file: served with it, until it is replaced by one rename."""
    lab.watcher.damaged.add(item["path"])
    with open(lab.mirror / item["path"], "r+b") as file:
        file.write(b"spoiled")


def test_a_scheduled_sync_leaves_a_pinned_mirror_alone(pinned):
    """Whatever upstream does: it is not asked for metadata, and its faults are none of a pinned mirror's."""
    pinned.upstream.fault("streams/*", Status(500))
    run = pinned.sync(prune_grace=0)
    assert run.code == 0 and "pinned to generation" in run.words, run.words
    assert pinned.published == scene.FIRST
    assert pinned.run("unpin").code == 0
    assert pinned.published == scene.SECOND  # nothing of it has gone meanwhile
    pinned.heals(scene.THIRD)


def test_a_pinned_mirror_heals_what_is_damaged(pinned):
    item = old_squashfs(pinned)
    pinned.watcher.damaged.add(item["path"])
    scene.replace(pinned.mirror / item["path"], b"x" * 1000)
    assert pinned.sync().code == 0
    pinned.watcher.forgive()
    assert scene.sha256(pinned.mirror / item["path"]) == item["sha256"]
    assert pinned.published == scene.FIRST


def test_what_upstream_does_not_have_any_more_is_named(pinned):
    """A pinned mirror is damaged and upstream has dropped the version: named, and all else stays as it is."""
    item = old_squashfs(pinned)
    (pinned.mirror / item["path"]).unlink()
    pinned.upstream.fault("*/" + item["path"].split("/")[-2] + "/squashfs", Status(404))
    run = pinned.sync()
    assert run.code == 6 and item["path"] in run.words and "404" in run.words, run.words
    pinned.upstream.heal()
    assert pinned.sync().code == 0
    pinned.watcher.forgive()
    assert pinned.published == scene.FIRST


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("step", ["lock", "preflight", "fetch", "verify", "publish", "prune", "report"])
def test_a_rollback_struck_where_a_step_begins(two, step, number):
    """One state or the other is published, and what the next run says is done."""
    run = two.run("rollback", strike=(signal.Signals(number).name, step, two.scratch))
    assert run.code == (128 + number if number == signal.SIGTERM else -number), run.words
    assert two.published == (scene.FIRST if step in ("prune", "report") else scene.SECOND)
    run = two.run("rollback")
    assert run.code == 0, run.words
    assert two.published == scene.FIRST
    assert two.run("unpin").code == 0
    two.heals()


def test_a_rollback_to_what_is_damaged_is_refused(two):
    item = old_squashfs(two)
    (two.mirror / item["path"]).unlink()
    run = two.run("rollback")
    assert run.code == 5 and item["path"] in run.words and "`maas-image-mirror verify` fetches them again" in run.words, run.words
    assert two.published == scene.SECOND
    assert two.verify().code == 0
    assert two.run("rollback").code == 0
    assert two.published == scene.FIRST


def test_a_rollback_to_nothing_that_is_kept_is_refused(two):
    run = two.run("rollback", "20200101T000000Z-nothing")
    assert run.code == 5 and "keeps no generation" in run.words and "There are: " in run.words, run.words
    assert two.published == scene.SECOND


def test_a_pinned_mirror_with_damaged_metadata_says_so(pinned):
    """Upstream has other metadata now: nothing can be put in its place, and no run may call that well."""
    index = pinned.mirror / scene.INDEX
    raw = index.read_bytes()
    scene.replace(index, raw[:300])
    for command in ("sync", "verify"):
        run = pinned.run(command)
        assert run.code == 7 and "is not as it was published" in run.words and "unpinned" in run.words, run.words
    assert pinned.run("unpin").code == 0
    pinned.watcher.forgive()
    assert pinned.published == scene.SECOND
    pinned.heals(scene.THIRD)


def test_a_generation_whose_plan_is_unreadable_stops_every_run_with_its_name(two):
    """Nobody knows any more what it lists, so nothing may be deleted until somebody has decided."""
    plan = next(path for path in two.mirror.glob(".mirror/generations/*/plan.json")
                if str(path.parent) not in str((two.mirror / "streams").resolve()))
    scene.replace(plan, b'{"half')
    run = two.sync()
    assert run.code == 7 and str(plan) in run.words and "Remove that directory" in run.words, run.words
    assert two.published == scene.SECOND
    scene.remove(plan.parent)
    two.heals()


@pytest.mark.parametrize("command", [("verify", "--full"), ("sync", "--full")], ids=" ".join)
@pytest.mark.parametrize("what", [Status(404), Flip(at=5)], ids=["404", "flipped"])
def test_a_repair_that_fails_takes_nothing_away(two, command, what):
    """The bad file is served until there is a good one: half of an image is more than none."""
    item = two.new("squashfs")
    spoil(two, item)
    two.upstream.fault("*/squashfs", what)
    run = two.run(*command)
    assert run.code == 6 and item["path"] in run.words, run.words
    assert (two.mirror / item["path"]).stat().st_size == item["size"]
    two.upstream.heal()
    assert two.run(*command).code == 0
    two.watcher.damaged.clear()
    assert scene.sha256(two.mirror / item["path"]) == item["sha256"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("step", ["verify", "fetch", "publish", "report"])
def test_a_verification_struck_where_a_step_begins(two, step, number):
    item = two.new("squashfs")
    spoil(two, item)
    run = two.run("verify", "--full", strike=(signal.Signals(number).name, step, two.scratch))
    assert run.code == (128 + number if number == signal.SIGTERM else -number), run.words
    assert two.verify("--full").code == 0
    two.watcher.damaged.clear()
    assert scene.sha256(two.mirror / item["path"]) == item["sha256"]
    assert two.published == scene.SECOND
