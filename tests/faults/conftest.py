# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror, its upstream and its watcher, new for each test.

The mirror holds the first of three states of a stream; upstream has published the second. A test lets something go
wrong; while it runs, and once more at its end, the watcher sees to the promise.
"""
from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lab"), str(TESTS / "faults")]
import scene  # noqa: E402  pylint: disable=wrong-import-position


def pytest_addoption(parser):
    """--kills N: how often the storm of signals strikes."""
    parser.addoption("--kills", type=int, default=100, help="runs that are cut off at a random instant (default 100)")


@pytest.fixture(scope="session")
def stage():
    """What all tests share and none changes: three states of a stream, and a mirror that holds the first."""
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        Path(scratch).chmod(0o755)  # nginx is nobody
        yield scene.Stage(Path(scratch))


@pytest.fixture
def lab(stage):
    """A scene.Lab for one test. The promise is asserted at its end, whatever else the test asserts."""
    yield from at_work(stage, stage.mirror)


@pytest.fixture
def pruning(stage):
    """A lab whose next sync goes through every step: it deletes a generation, and jammy with it."""
    yield from at_work(stage, stage.grown, prune_grace=0)


def at_work(stage, mirror, keyring=None, **settings):
    """A lab over a copy of a mirror. keyring: of one that signs its index itself."""
    scratch = Path(tempfile.mkdtemp(prefix="faults-"))
    scratch.chmod(0o755)
    with scene.Lab(stage, scratch, scene.clone(mirror, scratch / "mirror"), keyring) as made:
        made.settings.update(settings)
        yield made
        made.watcher.look()
        broken = list(made.watcher.broken)
    shutil.rmtree(scratch)
    assert not broken
