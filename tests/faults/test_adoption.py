# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory that sstream-mirror filled by the documented calls, in every state that it leaves behind, becomes a mirror."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import faults
import pytest
import scene
from conftest import at_work

CALLS = (["arch=amd64", "release=noble"], ["os~(grub*|pxelinux)"])  # the two of MAAS's documentation


def by_hand(stage, source, target, filters, kill_at=None):
    """sstream-mirror, as the documentation calls it; killed once a file of that name is being written."""
    command = [str(Path(sys.executable).parent / "sstream-mirror"), "--keyring", str(stage.keyring), "--max=1", source, str(target),
               *filters]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if kill_at:
        while process.poll() is None and not list(target.glob(kill_at)):
            time.sleep(0.005)
        process.kill()
    process.wait()
    assert kill_at or process.returncode == 0


@pytest.fixture(scope="session")
def filled(stage):
    """A directory that both calls have filled, at the first state."""
    target = stage.scratch / "by-hand"
    with faults.Upstream(stage.states[scene.FIRST]) as upstream:
        for filters in CALLS:
            by_hand(stage, upstream.url, target, filters)
    assert (target / ".data").is_dir() and not (target / "streams").is_symlink()
    return target


@pytest.fixture
def adopting(stage, filled):
    """A lab over a copy of it. What it lacks already, as documented, is not the engine's fault."""
    yield from at_work(stage, filled)


def whole(lab):
    """Nothing happened to it."""


def killed_and_run_again(lab):
    """Killed while the squashfs came, and run once more: references in .data are doubled."""
    lab.upstream.fault("*/squashfs", faults.Rate(400_000))
    by_hand(lab.stage, lab.upstream.url, lab.mirror, CALLS[0], kill_at="noble/amd64/20250621/squashfs*")
    lab.upstream.heal()
    by_hand(lab.stage, lab.upstream.url, lab.mirror, CALLS[0])


def killed(lab):
    """Killed while the squashfs came: a part of it lies there, and the superseded items are gone."""
    lab.upstream.fault("*/squashfs", faults.Rate(400_000))
    by_hand(lab.stage, lab.upstream.url, lab.mirror, CALLS[0], kill_at="noble/amd64/20250621/squashfs*")
    lab.upstream.heal()


def parts_left_over(lab):
    """A part that is complete, on which sstream-mirror would get a 416 for ever, and one that is not."""
    squashfs, initrd = lab.new("squashfs"), lab.new("boot-initrd")
    for item, length in ((squashfs, None), (initrd, 1000)):
        part = lab.mirror / (item["path"] + ".part")
        scene.replace(part, (lab.stage.states[scene.SECOND] / item["path"]).read_bytes()[:length])


def power_cut(lab):
    """Most files have no bytes, those of .data and streams among them."""
    for number, path in enumerate(sorted(path for path in lab.mirror.rglob("*") if path.is_file())):
        if number % 9:
            scene.replace(path, b"")


def items_damaged(lab):
    """One is truncated, one has another bit, one is gone."""
    squashfs, initrd, kernel = (next(lab.mirror.glob("noble/**/" + name)) for name in ("squashfs", "boot-initrd", "boot-kernel"))
    scene.replace(squashfs, squashfs.read_bytes()[:1000])
    scene.replace(initrd, b"x" + initrd.read_bytes()[1:])
    kernel.unlink()


def private_files(lab):
    """umask 077 made files that no web server can read."""
    away = lab.mirror.rename(lab.scratch / "away")
    subprocess.run(["cp", "-r", str(away), str(lab.mirror)], check=True)  # no hard links: a mode is of the file
    for path in [lab.mirror, *lab.mirror.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)


def no_references(lab):
    """.data is not JSON any more: sstream-mirror dies of it."""
    for path in (lab.mirror / ".data").iterdir():
        scene.replace(path, b'{"half')


STATES = {state.__name__: state for state in (whole, killed, killed_and_run_again, parts_left_over, power_cut, items_damaged,
                                              private_files, no_references)}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("upstream", [scene.FIRST, scene.SECOND], ids=["same-version", "next-version"])
def test_what_sstream_mirror_left_becomes_a_mirror(adopting, upstream, state):
    """One sync: its good files are kept, its bad ones fetched again, and nothing of its own is left."""
    STATES[state](adopting)
    adopting.upstream.directory = adopting.stage.states[upstream]
    adopting.upstream.heal()
    items = adopting.items(upstream)
    good = {path for path, item in items.items()
            if (adopting.mirror / path).is_file() and scene.sha256(adopting.mirror / path) == item["sha256"]}
    run = adopting.sync(prune_grace=0)
    assert run.code == 0, run.words
    fetched = {request.path for request in adopting.upstream.requests if not request.path.startswith("streams/")}
    assert fetched == set(items) - good
    adopting.watcher.forgive()
    assert adopting.published == upstream
    adopting.tidy(upstream)


def test_a_whole_one_is_adopted_without_a_gap(adopting):
    """Its clients notice nothing, at no instant of the run."""
    adopting.upstream.directory = adopting.stage.states[scene.FIRST]
    adopting.watcher.forgive()
    run = adopting.watched("sync")
    assert run.code == 0, run.words
    assert not adopting.watcher.broken
    assert adopting.published == scene.FIRST


def test_what_it_served_until_now_stays_for_the_grace(adopting):
    """A client that has read its index a moment ago gets all of it still; sstream-mirror's own files are gone at once."""
    adopting.watcher.forgive()
    assert adopting.sync().code == 0
    assert all((adopting.mirror / path).is_file() for path in adopting.items(scene.FIRST))
    assert not (adopting.mirror / ".data").exists()
    assert adopting.sync(prune_grace=0).code == 0
    assert not any((adopting.mirror / path).is_file() for path in set(adopting.items(scene.FIRST)) - set(adopting.items()))


@pytest.mark.parametrize("step", ["fetch", "publish", "prune", "report"])
def test_an_adoption_that_was_killed_is_taken_up(adopting, step):
    adopting.watcher.forgive()
    assert adopting.sync(strike=("SIGKILL", step, adopting.scratch)).code < 0
    adopting.heals()
    assert adopting.sync(prune_grace=0).code == 0  # now that no client reads what was served before
    adopting.tidy(scene.SECOND)


def test_a_directory_of_something_else_is_left_alone(lab):
    """Without an index of simplestreams nothing says that it may be taken over."""
    other = lab.scratch / "other"
    scene.replace(other / "precious", b"x")
    run = lab.sync(path=str(other))
    assert run.code == 5 and "holds no mirror of this collection" in run.words, run.words
    assert os.listdir(other) == ["precious"]
    assert json.loads((lab.mirror / "status.json").read_text())["generation"]
