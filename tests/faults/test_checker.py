# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watcher itself: whatever is broken on purpose, for no more than 50 ms, it reports; and nothing of a mirror that is well."""
from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import checker
import pytest
import scene
from scene import IMAGES, INDEX

GAP = 0.05  # seconds that something is broken
TRIES = 20  # gaps at the most until one is seen: on a machine with much else to do a pass may take longer than a gap


@pytest.fixture
def mirror(stage):
    """A mirror that holds the first state."""
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        Path(scratch).chmod(0o755)  # nginx is nobody
        yield scene.clone(stage.mirror, Path(scratch, "mirror"))


@pytest.fixture
def watcher(stage, mirror):
    """A checker of it."""
    with checker.Checker(mirror, stage.keyring, scene.wanted) as made:
        for number, state in enumerate(stage.states):
            made.know(str(number), state)
        made.look()
        yield made


def item(mirror):
    """A file that is selected."""
    return next(mirror.glob("noble/amd64/*/squashfs"))


def flipped(raw):
    """The same length, one bit of it another."""
    return bytes([raw[0] ^ 1]) + raw[1:]


def other(path, state=scene.SECOND):
    """A metadata file as another state has it."""
    return lambda stage, raw: (stage.states[state] / path).read_bytes()


BROKEN = {  # what becomes of which file, and what the watcher has to say of it
    "an-item-is-gone": (item, None, "status 404"),
    "an-item-is-shorter": (item, lambda stage, raw: raw[:-1], "bytes, listed"),
    "an-item-is-empty": (item, lambda stage, raw: b"", "0 bytes, listed"),
    "an-item-has-other-bytes": (item, lambda stage, raw: flipped(raw), "another hash"),
    "the-index-is-gone": (INDEX, None, "status 404"),
    "the-index-is-cut": (INDEX, lambda stage, raw: raw[:-300], "not signed"),
    "the-index-is-a-page": (INDEX, lambda stage, raw: b"<html>", "not signed"),
    "the-index-is-unsigned": (INDEX, lambda stage, raw: raw.partition(b"\n\n")[2].partition(b"\n-----BEGIN")[0], "not signed"),
    "the-index-is-nobody's": (INDEX, lambda stage, raw: stage.sign('{"updated": "today", "index": {}}'), "never published"),
    "the-index-is-of-a-state-without-its-items": (INDEX, other(INDEX), "another state than the index"),
    "the-products-are-gone": (IMAGES, None, "status 404"),
    "the-products-have-other-bytes": (IMAGES, lambda stage, raw: raw.replace(b'"amd64"', b'"arm64"'), "not signed"),
    "the-products-are-of-another-state": (IMAGES, other(IMAGES), "another state than the index"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_gap_of_50_ms_is_seen(stage, mirror, watcher, how):
    what, change, words = BROKEN[how]
    path = what(mirror) if callable(what) else mirror / what
    aside, spoiled = mirror.parent / "aside", mirror.parent / "spoiled"
    for _attempt in range(TRIES):
        if change:
            scene.replace(spoiled, change(stage, path.read_bytes()))
        path.rename(aside) if change is None else (os.link(path, aside), spoiled.rename(path))
        time.sleep(GAP)
        aside.rename(path)
        watcher.look()
        if watcher.broken:
            break
    assert any(words in broken.words for broken in watcher.broken), watcher.broken
    watcher.forgive()
    watcher.look()
    assert not watcher.broken  # it is well again


def test_two_states_in_turn_are_no_gap(stage, mirror, watcher):
    """What a mirror may do, however often, is not reported: both states are there, and one rename goes from one to the other."""
    second = scene.clone(stage.states[scene.SECOND], mirror.parent / "second")
    for path in (path for path in second.rglob("*") if path.is_file() and "streams" not in path.parts):
        there = mirror / path.relative_to(second)
        there.parent.mkdir(parents=True, exist_ok=True)
        if not there.exists():
            os.link(path, there)
    generations = [os.readlink(mirror / "streams"), str(second / "streams")]
    for turn in range(12):
        (mirror / "next").symlink_to(generations[turn % 2])
        (mirror / "next").rename(mirror / "streams")
        time.sleep(0.2)  # time for a pass: a client that takes longer than a publish and its undoing is helped by nobody
    watcher.look()
    assert not watcher.broken
    assert set(watcher.seen) == {"0", "1"} and len(watcher.seen) > 4


def test_a_pass_that_fails_is_reported(watcher):
    """A watcher that has died would find nothing."""
    watcher.wanted = None
    watcher.look()
    assert any("the checker failed" in broken.words for broken in watcher.broken)
