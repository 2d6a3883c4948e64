# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the mirror's own directory: damage, planted links, permissions, and selections that change."""
from __future__ import annotations

import os
import stat
import subprocess
from contextlib import contextmanager

import pytest
import scene


@pytest.fixture
def current(lab):
    """The lab, whose mirror holds the second state already."""
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND
    lab.upstream.heal()
    return lab


def damage(path, how):
    """Something happens to a published file."""
    if how == "deleted":
        path.unlink()
    elif how == "truncated":
        os.truncate(path, 1000)
    elif how == "emptied":
        os.truncate(path, 0)
    elif how == "longer":
        with open(path, "ab") as file:
            file.write(b"x")
    elif how == "a link":
        path.rename(path.with_suffix(".away"))
        path.symlink_to(path.with_suffix(".away"))
    elif how == "a directory":
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize("how", ["deleted", "truncated", "emptied", "longer", "a link", "a directory"])
def test_a_damaged_item_is_fetched_again(current, how):
    item = current.new("squashfs")
    damage(current.mirror / item["path"], how)
    assert current.sync().code == 0
    current.watcher.forgive()
    assert current.upstream.count("*/squashfs") == 1
    assert current.upstream.count("*/boot-*") == 0
    assert scene.sha256(current.mirror / item["path"]) == item["sha256"]


@pytest.mark.parametrize("command", [("verify", "--full"), ("sync", "--full")], ids=" ".join)
def test_a_flipped_bit_is_found_by_a_full_verification(current, command):
    item = current.new("squashfs")
    path = current.mirror / item["path"]
    with open(path, "r+b") as file:
        file.write(bytes([path.read_bytes()[0] ^ 1]))
    assert current.sync().code == 0 and current.upstream.count("*/squashfs") == 0  # by size alone it is not seen
    run = scene.engine(current.scratch, current.settings, *command)
    assert run.code == 0, run.words
    current.watcher.forgive()
    assert current.upstream.count("*/squashfs") == 1
    assert scene.sha256(path) == item["sha256"]


def test_a_damaged_item_is_replaced_without_a_gap(current):
    """The bad file stays where it is until the good one takes its place: never a 404."""
    item = current.new("squashfs")
    with open(current.mirror / item["path"], "r+b") as file:
        file.write(b"xxxx")
    assert current.verify("--full").code == 0
    current.watcher.look()
    assert {broken.words.split(", ")[0] for broken in current.watcher.broken} <= {"status 200"}
    current.watcher.forgive()


def test_a_whole_release_is_gone(current):
    subprocess.run(["rm", "-rf", str(current.mirror / "noble")], check=True)
    assert current.verify().code == 0
    current.watcher.forgive()


def test_what_upstream_does_not_list_is_removed(current):
    strays = [current.mirror / name for name in ("noble/amd64/stray", "stray/deep/file", ".hidden", "noble/link")]
    for stray in strays:
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.symlink_to("/etc") if stray.name == "link" else stray.write_text("x")
    assert current.sync(prune_grace=0).code == 0
    assert [stray for stray in strays if os.path.lexists(stray)] == []
    assert not (current.mirror / "stray").exists()


@pytest.mark.parametrize("place", ["noble", "noble/amd64"])
def test_a_planted_link_leads_nothing_out_of_the_mirror(lab, place):
    """The directory of the items to come leads elsewhere: refused, and nothing is written there."""
    outside = lab.scratch / "outside"
    (lab.mirror / place).rename(outside)
    (lab.mirror / place).symlink_to(outside)
    before = sorted(outside.rglob("*"))
    run = lab.sync()
    assert run.code == 7, run.words
    assert "symlink" in run.words
    assert sorted(outside.rglob("*")) == before
    (lab.mirror / place).unlink()
    outside.rename(lab.mirror / place)
    lab.watcher.forgive()
    lab.heals()


def test_umask_077(lab):
    process = lab.start_with(umask=0o077)
    assert scene.end(process).code == 0
    assert lab.published == scene.SECOND
    for folder, folders, files in os.walk(lab.mirror):
        for name in folders + files:
            mode = stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
            assert ".mirror" in folder or mode & 0o004, (folder, name, oct(mode))


@contextmanager
def read_only(path):
    """The directory is on a file system that is mounted read-only."""
    subprocess.run(["mount", "--bind", str(path), str(path)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(path)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def test_a_read_only_tree(lab):
    with read_only(lab.mirror):
        run = lab.sync()
        assert run.code == 7, run.words
        assert "Read-only file system" in run.words
        assert lab.published == scene.FIRST
    lab.heals()


def test_a_generation_that_a_power_cut_left_without_bytes(pruning):
    """It was stored and not published; its state comes again."""
    switch = pruning.stage.last(" os.symlink ")
    assert pruning.sync(strike=("SIGKILL", switch, pruning.scratch)).code < 0
    assert pruning.published == scene.FIRST
    stored = [path for path in (pruning.mirror / ".mirror" / "generations").iterdir()
              if (path / scene.INDEX).read_bytes() == (pruning.stage.states[scene.SECOND] / scene.INDEX).read_bytes()]
    assert len(stored) == 1
    for path in stored[0].rglob("*.sjson"):
        scene.replace(path, b"")
    pruning.heals()


def test_old_versions_go_when_no_kept_generation_has_them(lab):
    for state in (scene.SECOND, scene.THIRD):
        lab.upstream.directory = lab.stage.states[state]
        assert lab.sync(prune_grace=0).code == 0
    there = {str(path.relative_to(lab.mirror)) for path in lab.mirror.rglob("*") if path.is_file()}
    kept = set(lab.items(scene.SECOND)) | set(lab.items(scene.THIRD))
    assert kept <= there
    assert there & (set(lab.items(scene.FIRST)) - kept) == set()
    assert lab.published == scene.THIRD


def test_empty_directories_go_wherever_the_run_is_started(pruning):
    """Those of the mirror; what has the same names where the caller stands is none of its business."""
    elsewhere = pruning.scratch / "elsewhere"
    for folder in ("jammy/amd64", "noble/amd64", "streams/v1"):
        (elsewhere / folder).mkdir(parents=True)
    before = sorted(elsewhere.rglob("*"))
    assert scene.end(pruning.start_with(cwd=elsewhere)).code == 0
    assert sorted(elsewhere.rglob("*")) == before
    assert not (pruning.mirror / "jammy").exists()
    pruning.tidy(scene.FIRST, scene.SECOND)


def test_what_a_killed_run_fetched_does_not_stay_for_ever(lab):
    """Killed in mid-run, run again, and then an update: what nothing lists any more is gone."""
    last = lab.stage.last("fetch.")
    lab.settings["prune_grace"] = 0
    assert lab.sync(strike=("SIGKILL", last, lab.scratch)).code < 0
    lab.heals()
    lab.upstream.directory = lab.stage.states[scene.THIRD]
    assert lab.sync().code == 0
    lab.tidy(scene.SECOND, scene.THIRD)


METADATA = {"truncated": lambda raw: raw[:500], "emptied": lambda raw: b"", "flipped": lambda raw: raw.replace(b"amd64", b"amd65", 1),
            "deleted": None}


@pytest.mark.parametrize("path", [scene.INDEX, scene.IMAGES], ids=["index", "products"])
@pytest.mark.parametrize("how", METADATA)
def test_damaged_metadata_is_published_again(current, how, path):
    """What lies below `streams` may rot as any other file does."""
    raw = (current.mirror / path).read_bytes()
    scene.replace(current.mirror / path, METADATA[how](raw)) if METADATA[how] else (current.mirror / path).unlink()
    run = current.sync()
    assert run.code == 0, run.words
    current.watcher.forgive()
    assert (current.mirror / path).read_bytes() == raw
    assert current.published == scene.SECOND
