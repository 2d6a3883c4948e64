# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with an item that comes in pieces: no byte of it comes twice that need not."""
from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import faults
import pytest
import scene

BUFFER = 128 << 10  # bytes that a connection holds before they are written
FEW = 8  # connections: this machine keeps none of them waiting so long that another one takes over what it brings


@pytest.fixture(scope="module")
def large(stage):
    """A stream whose squashfs is of 13 MB."""
    made = stage.scratch / "large"
    subprocess.run([sys.executable, str(scene.STREAM), "make", str(made), "--releases", "noble", "--arches", "amd64", "--kernels", "ga",
                    "--versions", "1", "--scale", "0.05", "--no-centos"], check=True, capture_output=True)
    return made


@pytest.fixture
def upstream(large):
    with faults.Upstream(large / "ephemeral-v3" / "stable") as made:
        yield made


@pytest.fixture
def values(stage, large, upstream, tmp_path):
    """Settings of a mirror of it, which does not exist yet."""
    return dict(scene.settings(stage, upstream.url, tmp_path / "mirror"), keyring=str(large / "keyring.gpg"))


def sync(values, tmp_path, **more):
    run = scene.engine(tmp_path, {**values, **more}, "sync")
    assert run.code == 0, run.words
    squashfs, = Path(values["path"]).glob("noble/*/*/squashfs")
    assert not list(Path(values["path"], ".mirror", "incoming").iterdir())
    return squashfs.stat().st_size


def test_every_byte_comes_once(values, upstream, tmp_path):
    size = sync(values, tmp_path, parallel=FEW)
    assert upstream.count("*/squashfs") > 2
    assert upstream.sent("*/squashfs") == size


@pytest.mark.parametrize("fault", [faults.Drop(at=300_000), faults.Status(503), faults.Stall(at=300_000)], ids=["drop", "503", "stall"])
def test_every_third_request_goes_wrong(values, upstream, tmp_path, fault):
    upstream.fault("*/squashfs", fault, every=3)
    size = sync(values, tmp_path, retries=5, parallel=FEW)
    assert size <= upstream.sent("*/squashfs") - sum(one.sent for one in upstream.asked("*/squashfs") if one.status >= 400) <= 1.02 * size


def test_what_became_slow_is_shared(values, upstream, tmp_path):
    """Who has nothing else to do asks for half of what it lacks: the most of a slow answer is never waited for."""
    upstream.fault("*/squashfs", faults.Rate(50_000), times=1)
    size = sync(values, tmp_path)
    slow, *others = upstream.asked("*/squashfs")
    assert slow.sent < 500_000 < others[0].sent
    assert size <= upstream.sent("*/squashfs") <= size + slow.sent


def test_a_server_that_falls_silent_at_the_end_is_not_waited_for(values, upstream, tmp_path):
    """Long before the stall timeout what is missing is asked for once more, of an item that comes whole, too."""
    for path, after in ("*/squashfs", 300_000), ("*/boot-kernel", 5_000):
        upstream.fault(path, faults.Stall(at=after), times=1)
    begun = time.monotonic()
    size = sync(values, tmp_path, stall_timeout=120, parallel=FEW)
    assert time.monotonic() - begun < 60
    assert upstream.sent("*/squashfs") == size
    assert upstream.asked("*/boot-kernel")[0].sent == 5_000


def test_a_silent_server_is_left_only_once(values, upstream, tmp_path):
    """The second time it has the whole stall timeout: it may be slow to begin."""
    upstream.fault("*/boot-kernel", faults.Stall(at=5_000), times=2)
    sync(values, tmp_path, stall_timeout=9, retries=2)
    assert upstream.count("*/boot-kernel") == 3


def test_a_killed_run_loses_no_more_than_each_connection_holds(values, upstream, tmp_path):
    chance = random.Random(7)
    upstream.fault("*/squashfs", faults.Rate(500_000))
    for kills in range(1, 4):
        process = scene.start(tmp_path, {**values, "parallel": 8}, "sync")
        time.sleep(chance.uniform(1.5, 2.5))
        process.kill()
        scene.end(process)
    size = sync(values, tmp_path)
    assert size <= upstream.sent("*/squashfs") <= size + kills * 8 * (BUFFER + 50_000)


def test_no_ranges(values, upstream, tmp_path):
    upstream.fault("*/squashfs", faults.NoRange())
    sync(values, tmp_path)


def test_ranges_that_are_heeded_now_and_then(values, upstream, tmp_path):
    upstream.fault("*/squashfs", faults.NoRange(), every=3)
    sync(values, tmp_path)


def test_the_journal_of_a_power_cut_claims_what_was_never_written(values, upstream, tmp_path):
    upstream.fault("*/squashfs", faults.Rate(1_000_000))
    process = scene.start(tmp_path, values, "sync")
    incoming = Path(values["path"], ".mirror", "incoming")
    deadline = time.monotonic() + 30
    while not any(one.stat().st_size for one in incoming.glob("*.journal")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    scene.end(process)
    for journal in incoming.glob("*.journal"):
        partial = journal.with_suffix("")
        partial.write_bytes(bytes(partial.stat().st_size))
    upstream.heal()
    sync(values, tmp_path, retries=0)
