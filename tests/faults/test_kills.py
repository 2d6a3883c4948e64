# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the process: stopped or killed at any instant, or run twice at once."""
from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import scene
import strike
from faults import Hook, Rate, Stall
from scene import IMAGES

KILLS = 18  # instants at which a run is killed, of the five dozen of a sync
SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
STORMS = 4  # parts of the storm, each with a chance of its own


def wait_for(condition):
    """Until something holds; the longest that it may take is a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@SIGNALS
@pytest.mark.parametrize("step", strike.STEPS)
def test_struck_where_a_step_begins(pruning, step, number):
    """Before the publish the old state stays, after it the new one; the next run makes good whatever was left."""
    run = pruning.sync(strike=(signal.Signals(number).name, step, pruning.scratch))
    assert run.code == (128 + number if number == signal.SIGTERM else -number), run.words
    assert pruning.published == (scene.FIRST if strike.STEPS.index(step) <= strike.STEPS.index("publish") else scene.SECOND)
    pruning.heals()
    pruning.tidy(scene.FIRST, scene.SECOND)


@pytest.mark.parametrize("part", range(KILLS))
def test_killed_before_a_change(pruning, part):
    instant = pruning.instant(part, KILLS)
    assert pruning.sync(strike=("SIGKILL", instant, pruning.scratch)).code == -signal.SIGKILL
    switch = pruning.stage.last("os.rename /.mirror/streams /streams")
    assert pruning.published == (scene.FIRST if strike.place(instant) <= strike.place(switch) else scene.SECOND)
    pruning.heals()
    pruning.tidy(scene.FIRST, scene.SECOND)


@pytest.mark.parametrize("part", range(STORMS))
def test_a_storm_of_signals(lab, request, part):
    """One run after the other is cut off at random, while upstream goes round its states: fetch, publish and prune each time."""
    chance, codes, settings = random.Random(20250724 + part), [], {"allow_downgrade": True, "prune_grace": 0}
    begun = time.monotonic()
    assert lab.sync(**settings).code == 0
    whole = time.monotonic() - begun  # what such a run takes on this machine
    while len(codes) - codes.count(0) < request.config.getoption("--kills") // STORMS:
        lab.upstream.directory = lab.stage.states[codes.count(0) % 3]
        process = lab.start(**settings)
        time.sleep(chance.uniform(0, whole))
        process.send_signal(chance.choice((signal.SIGTERM, signal.SIGKILL)))
        run = scene.end(process)
        assert run.code in {0, -signal.SIGKILL, 128 + signal.SIGTERM, -signal.SIGTERM}, f"{run.code}: {run.words}"
        assert not lab.watcher.broken
        codes.append(run.code)
    lab.upstream.directory = lab.stage.states[scene.THIRD]
    lab.heals(scene.THIRD)


@pytest.mark.parametrize("what", ["sync", "verify --full", "rollback"])
def test_the_watcher_looks_before_every_change(pruning, what):
    """The run waits for it, so that no instant is too short to be seen."""
    if what != "sync":
        assert pruning.sync().code == 0
    if what == "verify --full":
        item = pruning.new("squashfs")
        pruning.watcher.damaged.add(item["path"])
        with open(pruning.mirror / item["path"], "r+b") as file:
            file.write(b"spoiled")
    run = pruning.watched(*what.split())
    assert run.code == 0, run.words
    pruning.watcher.damaged.clear()
    assert pruning.published == (scene.FIRST if what == "rollback" else scene.SECOND)


@SIGNALS
def test_nothing_outlives_a_run_that_hangs(lab, number):
    for pattern in (IMAGES, "*/squashfs"):  # the metadata hangs, an item hangs
        lab.upstream.heal()
        lab.upstream.fault(pattern, Stall(seconds=60))
        process = lab.start(stall_timeout=60)
        wait_for(lambda pattern=pattern: lab.upstream.count(pattern))
        process.send_signal(number)
        scene.end(process)
        wait_for(lambda: not programs(str(lab.mirror)))
    lab.heals()


def programs(words):
    """The command lines of all processes with these words."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().decode()
        except (OSError, UnicodeDecodeError):
            continue
        if words in line:
            found.append(line)
    return found


def test_a_killed_run_writes_nothing_into_the_next_one(lab):
    """The first run would get its answer when the second one has checked its snapshot."""
    lab.upstream.fault(IMAGES, Hook(lambda: time.sleep(4)), times=1)
    first = lab.start()
    wait_for(lambda: lab.upstream.count(IMAGES) == 1)
    first.kill()
    scene.end(first)
    lab.upstream.directory = lab.stage.states[scene.THIRD]
    lab.upstream.fault("*/squashfs", Rate(200_000))
    assert lab.sync().code == 0
    assert lab.published == scene.THIRD


def test_a_killed_run_is_reported_by_the_next_one(lab):
    """When that begins, as it may be killed, too: for want of memory, say."""
    def read(name):
        return json.loads((lab.mirror / f"{name}.json").read_text())

    heard, killed = lab.scratch / "heard", read("progress")
    hook = ["sh", "-c", f'echo "$MAAS_IMAGE_MIRROR_OUTCOME" >> {heard}']
    lab.upstream.fault("*/squashfs", Rate(200_000))
    for _run in range(2):
        run = lab.start(hook=hook)
        wait_for(lambda: read("progress")["started"] != killed["started"] and read("progress")["step"] == "fetch")
        run.kill()
        scene.end(run)
        killed = read("progress")
    status = read("status")
    assert status["last_attempt"]["step"] == "fetch" and "killed, or the host went down" in status["last_attempt"]["error"]
    assert heard.read_text() == "failed\n"
    lab.upstream.heal()
    assert lab.sync(hook=hook).code == 0 and lab.sync(hook=hook).code == 0
    assert heard.read_text() == "failed\nfailed\nok\nok\n"
    runs = read("status")["runs"]
    assert [run["outcome"] for run in runs[:4]] == ["ok", "ok", "failed", "failed"]


@SIGNALS
def test_a_signal_reaches_the_run_of_another_user(number):
    """Started by root for an owner, the engine works in a child process: that ends with its parent, and its programs too."""
    seconds = f"{random.uniform(1000, 2000):.5f}"
    process = subprocess.Popen([
        sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); from _mirror import identity, tools; "
        "identity.call_as('nobody', tools.run, ['sleep', sys.argv[2]])", str(scene.TREE / "plugins" / "module_utils"), seconds])
    wait_for(lambda: programs(f"sleep\0{seconds}"))
    process.send_signal(number)
    process.wait()
    wait_for(lambda: not programs(seconds))


def test_two_runs_at_once(lab):
    lab.upstream.fault("*/squashfs", Rate(400_000))
    first = lab.start()
    wait_for(lambda: lab.upstream.count("*/squashfs"))
    second = lab.sync()
    assert second.code == 3
    assert f"process {first.pid} since " in second.words
    third = lab.sync(lock_timeout=60)
    assert scene.end(first).code == 0
    assert third.code == 0 and "unchanged" in third.words
    assert lab.published == scene.SECOND
