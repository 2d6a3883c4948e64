# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full verification that is killed, that a sync comes across, or whose upstream does not answer."""
from __future__ import annotations

import json
import random
import signal
import time

import pytest
import scene
from faults import Rate, Status

SECONDS = 6  # that a verification takes here


@pytest.fixture
def slow(lab):
    """The lab, whose mirror is verified at a pace that leaves time for something to happen."""
    size = sum(path.stat().st_size for path in lab.mirror.rglob("*") if path.is_file() and ".mirror" not in path.parts)
    lab.settings["verify_rate_limit"] = str(size // SECONDS)
    return lab


def verify(lab, *options):
    """A full verification that has begun."""
    return scene.start(lab.scratch, lab.settings, "verify", "--full", *options)


def journal(lab):
    """The paths that a verification has read and not yet finished with."""
    file = lab.mirror / ".mirror" / "verified"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line)[0] for line in lines[1:] if line.endswith("]")]


def status(lab):
    """What the mirror tells."""
    return json.loads((lab.mirror / "status.json").read_text(encoding="utf-8"))


def flip(lab, name):
    """A published file has a flipped bit. Returns its item."""
    path, item = next((path, item) for path, item in lab.items(scene.FIRST).items() if path.endswith("/" + name))
    content = (lab.mirror / path).read_bytes()
    scene.replace(lab.mirror / path, bytes([content[0] ^ 1]) + content[1:])
    return item


def test_killed_at_random_instants_it_goes_on_where_it_was(slow):
    lab = slow
    item = flip(lab, "squashfs")
    lab.upstream.directory = lab.stage.states[scene.FIRST]
    chance = random.Random(20250724)
    read, begun = [], time.time()
    for _kill in range(8):
        process = verify(lab)
        time.sleep(chance.uniform(0.3, 1.2))
        process.send_signal(chance.choice((signal.SIGTERM, signal.SIGKILL)))
        scene.end(process)
        assert read == journal(lab)[:len(read)]  # nothing of it is lost
        read = journal(lab)
    assert len(read) > 3
    run = scene.end(verify(lab))
    assert run.code == 0, run.words
    lab.watcher.forgive()  # the flipped bit
    told = status(lab)["last_verification"]
    assert told["bad"] == told["repaired"] == 1 and told["items"] == len(lab.items(scene.FIRST))
    assert time.mktime(time.strptime(told["started"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone < begun + 3 * SECONDS
    assert told["started"] < status(lab)["last_attempt"]["started"]
    assert scene.sha256(lab.mirror / item["path"]) == item["sha256"]
    assert not journal(lab) and lab.upstream.count("*/boot-*") == 0


def test_a_sync_goes_first_and_the_verification_goes_on(slow):
    lab = slow
    first = verify(lab)
    while not journal(lab):
        time.sleep(0.05)
    run = lab.sync()
    assert run.code == 0, run.words
    assert lab.published == scene.SECOND
    assert first.poll() is None
    run = scene.end(first)
    assert run.code == 0, run.words
    commands = [attempt["command"] for attempt in status(lab)["runs"][:2]]
    assert commands == ["verify", "sync"]
    both = {**lab.items(scene.FIRST), **lab.items()}
    assert status(lab)["last_verification"]["items"] == len(both)  # the new ones as well


def test_a_scheduled_verification_waits_for_a_sync(slow):
    lab = slow
    lab.upstream.fault("*/squashfs", Rate(400_000))
    sync = lab.start()
    while not lab.upstream.count("*/squashfs"):
        time.sleep(0.05)
    run = scene.end(verify(lab))
    assert run.code == 3, run.words
    run = scene.end(verify(lab, "--lock-timeout", "60"))
    assert run.code == 0, run.words
    assert scene.end(sync).code == 0


def test_what_cannot_be_repaired_stays_known_until_it_is(lab):
    """Upstream does not give the item: the old file stays in its place, status.json tells, and the next verification reads it alone."""
    lab.upstream.directory = lab.stage.states[scene.FIRST]
    item = flip(lab, "squashfs")
    lab.upstream.fault("*/squashfs", Status(503))
    run = lab.verify("--full")
    assert run.code == 6 and item["path"] in run.words
    assert (lab.mirror / item["path"]).stat().st_size == item["size"]
    told = status(lab)["last_verification"]
    assert (told["bad"], told["repaired"]) == (1, 0)
    assert item["path"] not in journal(lab) and len(journal(lab)) == told["items"] - 1
    lab.upstream.heal()
    run = lab.verify("--full")
    assert run.code == 0, run.words
    lab.watcher.forgive()
    told = status(lab)["last_verification"]
    assert (told["bad"], told["repaired"]) == (1, 1)
    assert scene.sha256(lab.mirror / item["path"]) == item["sha256"]
