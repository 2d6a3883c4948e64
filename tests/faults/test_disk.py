# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the disk: it is full, or the power is cut."""
from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import checker
import pytest
import scene
import strike

INSTANTS = 8  # of the four dozen of a sync
FULL = {  # the step at whose beginning the disk becomes full: what the run ends with
    "lock": (7, "snapshot/streams/v1/index.sjson: No space left on device"),
    "snapshot": (7, "snapshot/streams/v1/index.sjson: No space left on device"),
    "plan": (5, "MiB free and the plan needs"),
    "preflight": (5, "MiB free and the plan needs"),
    "fetch": (7, "No space left on device"),
    "verify": (7, "No space left on device"),
    "publish": (7, "No space left on device"),
    "prune": (0, ""),
    "report": (0, "No space left on device"),  # there is room for status.json, and a warning of what else could not be told
}


@contextmanager
def mounted(what, where, *options):
    """A file system, for as long as the block lasts."""
    where.mkdir(exist_ok=True)
    subprocess.run(["mount", *options, str(what), str(where)], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", "--lazy", str(where)], check=True)


@pytest.fixture
def small(stage):
    """A pruning lab whose mirror is on a file system of its own, of 80 MiB."""
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        Path(scratch).chmod(0o755)
        with mounted("none", Path(scratch, "disk"), "-t", "tmpfs", "-o", "size=80m,mode=755") as disk:
            subprocess.run(["cp", "-a", str(stage.grown), str(disk / "mirror")], check=True)
            with scene.Lab(stage, Path(scratch), disk / "mirror") as lab:
                lab.settings["prune_grace"] = 0
                yield lab
                lab.watcher.look()
                broken = list(lab.watcher.broken)
    assert not broken


def keep_room(lab):
    """As the engine keeps it for its report: the copy of a mirror has a hole in its place."""
    subprocess.run(["fallocate", "-l", "256K", str(lab.mirror / ".mirror" / "spare")], check=True)


def test_too_little_space_is_seen_before_a_byte_moves(small):
    ballast = small.mirror.parent / "ballast"
    subprocess.run(["fallocate", "-l", "15M", str(ballast)], check=True)
    run = small.sync()
    assert run.code == 5
    assert "MiB free and the plan needs 65 MiB" in run.words
    assert small.upstream.count("noble/*") == 0
    ballast.unlink()
    small.heals()


@pytest.mark.parametrize("step", strike.STEPS)
def test_the_disk_becomes_full_in_a_step(small, step):
    """The run says so; what is published stays, what has arrived too, and with some space the next run goes on."""
    ballast = small.mirror.parent / "ballast"
    keep_room(small)
    run = small.sync(strike=("fill", step, ballast))
    assert ballast.exists()
    code, words = FULL[step]
    assert run.code == code and words in run.words, run.words
    assert small.published == (scene.SECOND if step in ("prune", "report") else scene.FIRST)
    ballast.unlink()
    small.heals()
    small.tidy(scene.FIRST, scene.SECOND)


@pytest.mark.parametrize("number", range(INSTANTS))
def test_the_disk_becomes_full_at_an_instant(small, number):
    ballast = small.mirror.parent / "ballast"
    keep_room(small)
    run = small.sync(strike=("fill", small.instant(number, INSTANTS), ballast))
    assert ballast.exists()
    assert run.code in (0, 4, 5, 6, 7), run.words
    assert run.code == 0 or "No space left on device" in run.words or "MiB free" in run.words, run.words
    assert small.published in (scene.FIRST, scene.SECOND)
    attempt = json.loads((small.mirror / "status.json").read_text(encoding="utf-8"))["last_attempt"]
    assert attempt["exit_code"] == run.code  # there is room to tell of it
    ballast.unlink()
    small.heals()
    small.tidy(scene.FIRST, scene.SECOND)


@contextmanager
def block_device(lab, mirror):
    """A mirror's copy on an ext4 of its own; what is read of its image beside it is what a power cut leaves."""
    image = lab.scratch / "image"
    subprocess.run(["truncate", "-s", "96M", str(image)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-E", "root_owner=0:0", str(image)], check=True)
    # A journal that is written every five seconds by itself would now and then do what the engine has to do.
    with mounted(image, lab.scratch / "disk", "-o", "loop,commit=300") as disk:
        subprocess.run(["cp", "-a", str(mirror), str(disk / "mirror")], check=True)
        subprocess.run(["sync", "--file-system", str(disk)], check=True)
        yield image, disk / "mirror"


def same(one, other):
    """Whether two files have the same bytes."""
    return subprocess.run(["cmp", "--silent", str(one), str(other)], check=False).returncode == 0


def test_the_power_is_cut_at_every_instant_of_a_run(pruning):
    """Copies of the block device, made while the run goes on, have what was written to it and nothing of what was not."""
    with block_device(pruning, pruning.mirror) as (image, mirror):
        run = pruning.sync(strike=("copy", "every", image), path=str(mirror))
        subprocess.run(["cp", "--sparse=always", str(image), f"{image}.end"], check=True)
        assert run.code == 0, run.words
    copies = sorted(pruning.scratch.glob("image.*"), key=lambda path: path.stat().st_mtime_ns)
    assert len(copies) > 30
    found, steps = [], [copy.suffixes[-2] for copy in copies[:-1]]
    fresh = [copies[0], copies[-1], *(copy for last, copy in zip(copies, copies[1:]) if not same(last, copy))]
    for number, copy in enumerate(copies):
        if copy not in fresh:
            found.append(found[-1])  # nothing was written to the disk meanwhile
            continue
        with mounted(copy, pruning.scratch / "again", "-o", "loop") as again:
            found.append(published(pruning, again / "mirror"))
            if number % 4 == 0 or copy is copies[-1]:
                after = pruning.sync(path=str(again / "mirror"))
                assert after.code == 0, after.words
                assert published(pruning, again / "mirror") == scene.SECOND
    assert found == sorted(found)
    assert found[0] == scene.FIRST and found[-1] == scene.SECOND
    assert set(found[steps.index(".prune"):]) == {scene.SECOND}  # it lasts before anything old is deleted


@pytest.mark.parametrize("command", ["sync", "verify"])
def test_the_power_is_cut_after_a_repair(lab, command):
    """A repair publishes nothing, and still lasts once the run has said that it is done."""
    lab.upstream.directory = lab.stage.states[scene.FIRST]
    item = next(item for path, item in lab.items(scene.FIRST).items() if path.endswith("/squashfs"))
    with block_device(lab, lab.mirror) as (image, mirror):
        (mirror / item["path"]).unlink()
        assert lab.run(command, path=str(mirror)).code == 0
        subprocess.run(["cp", "--sparse=always", str(image), f"{image}.end"], check=True)
    with mounted(f"{image}.end", lab.scratch / "again", "-o", "loop") as again:
        assert published(lab, again / "mirror") == scene.FIRST


def test_the_power_is_cut_after_a_rollback(lab):
    """The pin lasts too: the next scheduled sync must not undo it."""
    assert lab.sync().code == 0
    with block_device(lab, lab.mirror) as (image, mirror):
        assert lab.run("rollback", path=str(mirror)).code == 0
        subprocess.run(["cp", "--sparse=always", str(image), f"{image}.end"], check=True)
    with mounted(f"{image}.end", lab.scratch / "again", "-o", "loop") as again:
        assert lab.sync(path=str(again / "mirror")).code == 0
        assert published(lab, again / "mirror") == scene.FIRST


def published(lab, mirror):
    """The state that clients of a mirror see, all of which is there."""
    watcher = checker.Checker(mirror, lab.stage.keyring, scene.wanted)
    for number, state in enumerate(lab.stage.states):
        watcher.know(str(number), state)
    with watcher:
        watcher.look()
        assert not watcher.broken, watcher.broken
        return int(watcher.seen[-1])
