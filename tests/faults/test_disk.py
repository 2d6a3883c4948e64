# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the disk: it is full, or the power is cut."""
from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import checker
import pytest
import scene

INSTANTS = 8  # of the three dozen of a sync


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
    """A lab whose mirror is a file system of 80 MiB of its own."""
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        Path(scratch).chmod(0o755)
        with mounted("none", Path(scratch, "disk"), "-t", "tmpfs", "-o", "size=80m,mode=755") as disk:
            subprocess.run(["cp", "-a", str(stage.mirror), str(disk / "mirror")], check=True)
            with scene.Lab(stage, Path(scratch), mirror=disk / "mirror") as lab:
                yield lab
                lab.watcher.look()
                broken = list(lab.watcher.broken)
    assert not broken


def test_too_little_space_is_seen_before_a_byte_moves(small):
    ballast = small.mirror.parent / "ballast"
    subprocess.run(["fallocate", "-l", "15M", str(ballast)], check=True)
    run = small.sync()
    assert run.code == 5
    assert "MiB free and the plan needs 65 MiB" in run.words
    assert small.upstream.count("noble/*") == 0
    ballast.unlink()
    small.heals()


@pytest.mark.parametrize("number", range(INSTANTS))
def test_the_disk_becomes_full_at_an_instant(small, number):
    ballast = small.mirror.parent / "ballast"
    run = small.sync(strike=("fill", small.instant(number, INSTANTS), ballast))
    assert ballast.exists()
    assert run.code in (0, 4, 5, 6, 7), run.words
    assert run.code == 0 or "No space left on device" in run.words or "MiB free" in run.words, run.words
    assert small.published in (scene.FIRST, scene.SECOND)
    ballast.unlink()
    small.heals()


def test_the_power_is_cut_at_every_instant_of_a_run(lab):
    """Copies of the block device, made while the run goes on, have what was written to it and nothing of what was not."""
    image, again = lab.scratch / "image", lab.scratch / "again"
    subprocess.run(["truncate", "-s", "96M", str(image)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-E", "root_owner=0:0", str(image)], check=True)
    with mounted(image, lab.scratch / "disk", "-o", "loop") as disk:
        subprocess.run(["cp", "-a", str(lab.mirror), str(disk / "mirror")], check=True)
        subprocess.run(["sync", "--file-system", str(disk)], check=True)
        run = lab.sync(strike=("copy", "every", image), path=str(disk / "mirror"))
        subprocess.run(["cp", "--sparse=always", str(image), f"{image}.end"], check=True)
        assert run.code == 0, run.words
    copies = sorted(lab.scratch.glob("image.*"), key=lambda path: path.stat().st_mtime_ns)
    assert len(copies) > 20
    found = []
    for number, copy in enumerate(copies):
        with mounted(copy, again, "-o", "loop"):
            found.append(published(lab, again / "mirror"))
            if number % 8 == 0 or copy is copies[-1]:
                after = lab.sync(path=str(again / "mirror"))
                assert after.code == 0, after.words
                assert published(lab, again / "mirror") == scene.SECOND
    assert found == sorted(found)
    assert found[0] == scene.FIRST and found[-1] == scene.SECOND


def published(lab, mirror):
    """The state that clients of a mirror see, all of which is there."""
    with checker.Checker(mirror, lab.stage.keyring, scene.wanted) as watcher:
        for number, state in enumerate(lab.stage.states):
            watcher.know(str(number), state)
        watcher.look()
        assert not watcher.broken, watcher.broken
        return int(watcher.seen[-1])
