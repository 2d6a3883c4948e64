# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with an index that the mirror signs itself: it lists what is held, or it stays as it was."""
from __future__ import annotations

import shutil
import signal
import subprocess

import pytest
import scene
from conftest import at_work
from test_disk import mounted

FAILING_GPG = """#!/bin/sh
case "$*" in *--clearsign*) echo "gpg: signing failed: No agent running" >&2; exit 2;; esac
exec /usr/bin/gpg "$@"
"""


@pytest.fixture(scope="session")
def signed(stage):
    """A mirror of the first state with an index of its own, beside the home directory of its key."""
    place = stage.scratch / "trimmed"
    place.mkdir()
    stage.sync(scene.FIRST, place / "mirror", index="trimmed", signing_home=str(place / "own"))
    return place


@pytest.fixture
def trimmed(stage, signed):
    """A lab over a copy of it; the watcher takes its key alone, and asks for all that its index lists."""
    for made in at_work(stage, signed / "mirror", signed / "mirror" / "keyring.gpg", index="trimmed", prune_grace=0):
        shutil.copytree(signed / "own", made.scratch / "own", ignore=shutil.ignore_patterns("S.*"))
        made.settings["signing_home"] = str(made.scratch / "own")
        yield made


def test_it_follows_upstream(trimmed):
    trimmed.heals()
    trimmed.tidy(scene.FIRST, scene.SECOND)
    trimmed.upstream.directory = trimmed.stage.states[scene.THIRD]
    trimmed.heals(scene.THIRD)


def test_there_is_no_gap_at_any_instant(trimmed):
    run = trimmed.watched("sync")
    assert run.code == 0, run.words
    assert trimmed.published == scene.SECOND


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("step", ["fetch", "publish", "prune", "report"])
def test_struck_where_a_step_begins(trimmed, step, number):
    run = trimmed.sync(strike=(signal.Signals(number).name, step, trimmed.scratch))
    assert run.code == (128 + number if number == signal.SIGTERM else -number), run.words
    trimmed.heals()


def test_gpg_fails(trimmed, monkeypatch):
    """Refused in its words; the items that have come wait for the next run."""
    tools = trimmed.scratch / "tools"
    tools.mkdir()
    (tools / "gpg").write_text(FAILING_GPG)
    (tools / "gpg").chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tools), prepend=":")
        run = trimmed.sync()
    assert run.code == 7 and "signing failed: No agent running" in run.words, run.words
    assert trimmed.published == scene.FIRST
    trimmed.upstream.heal()
    assert trimmed.sync().code == 0
    assert trimmed.upstream.count("noble/*") == 0
    assert trimmed.published == scene.SECOND


def test_the_key_is_gone(trimmed):
    """No new one is made: MAAS knows the old one, and would read the mirror no more."""
    key = (trimmed.mirror / "keyring.gpg").read_bytes()
    own = trimmed.scratch / "own"
    own.rename(trimmed.scratch / "away")
    run = trimmed.sync()
    assert run.code == 5 and "holds no key" in run.words and "Put the key back" in run.words, run.words
    assert trimmed.published == scene.FIRST
    assert (trimmed.mirror / "keyring.gpg").read_bytes() == key
    (trimmed.scratch / "away").rename(own)
    trimmed.heals()


def test_the_secret_half_of_the_key_is_gone(trimmed):
    shutil.rmtree(trimmed.scratch / "own" / "private-keys-v1.d")
    run = trimmed.sync()
    assert run.code in (5, 7) and str(trimmed.scratch / "own") in run.words, run.words
    assert trimmed.published == scene.FIRST
    shutil.rmtree(trimmed.scratch / "own")
    shutil.copytree(trimmed.stage.scratch / "trimmed" / "own", trimmed.scratch / "own", ignore=shutil.ignore_patterns("S.*"))
    trimmed.heals()


def test_the_disk_becomes_full_while_it_signs(trimmed):
    """The home directory of the key and the mirror are full: the index and the public key stay as they are."""
    with mounted("none", trimmed.scratch / "disk", "-t", "tmpfs", "-o", "size=80m,mode=755") as disk:
        subprocess.run(["cp", "-a", str(trimmed.mirror), str(disk / "mirror")], check=True)
        key = (disk / "mirror" / "keyring.gpg").read_bytes()
        run = trimmed.sync(strike=("fill", "publish", disk / "ballast"), path=str(disk / "mirror"))
        assert run.code == 7 and "No space left on device" in run.words, run.words
        assert (disk / "mirror" / "keyring.gpg").read_bytes() == key
        assert (disk / "mirror" / scene.INDEX).read_bytes() == (trimmed.mirror / scene.INDEX).read_bytes()
        (disk / "ballast").unlink()
        assert trimmed.sync(path=str(disk / "mirror")).code == 0
        assert (disk / "mirror" / scene.INDEX).read_bytes() != (trimmed.mirror / scene.INDEX).read_bytes()


@pytest.mark.parametrize("path", [scene.INDEX, scene.IMAGES], ids=["index", "products"])
def test_its_damaged_metadata_is_published_again(trimmed, path):
    trimmed.heals()
    scene.replace(trimmed.mirror / path, (trimmed.mirror / path).read_bytes()[:200])
    assert trimmed.sync().code == 0
    trimmed.watcher.forgive()
    assert trimmed.published == scene.SECOND
