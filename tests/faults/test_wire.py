# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the wire and the host do to a whole run: now and then a request fails, or the tools find another HTTP library."""
from __future__ import annotations

import pytest
import scene
from faults import Drop, Flip, Status
from scene import JAMMY, SELECTIONS

REQUESTS = """
import os
open(os.environ["REQUESTS_IMPORTED"], "a").close()


class Session:
    def __init__(self):
        self.headers = {}

    def get(self, *_args, **_options):
        raise AssertionError("requests was used")


def get(*_args, **_options):
    raise AssertionError("requests was used")


def head(*_args, **_options):
    raise AssertionError("requests was used")
"""


BAD = {"503": Status(503), "closed": Drop(at=0), "dropped": Drop(at=900), "flipped": Flip(at=60)}


@pytest.mark.parametrize(("what", "first"), [("503", 1), ("503", 3), ("503", 20), ("closed", 2), ("dropped", 1), ("dropped", 7),
                                             ("flipped", 7), ("flipped", 13)])
def test_one_request_in_twenty_fails(lab, what, first):
    """It converges in one run, from nothing, wherever the bad request falls: on metadata, on a small item or a large one."""
    path = lab.scratch / "fresh"
    lab.upstream.fault("*", BAD[what], after=first - 1, times=1)
    lab.upstream.fault("*", BAD[what], after=first, every=20)
    run = lab.sync(path=str(path), selections=[*SELECTIONS, JAMMY], retries=3)
    assert run.code == 0, run.words
    for item in lab.items().values():
        assert scene.sha256(path / item["path"]) == item["sha256"]


@pytest.mark.parametrize("there", [False, True], ids=["urllib alone", "requests importable"])
def test_the_http_library_of_the_tools_makes_no_difference(lab, monkeypatch, there):
    """simplestreams takes `requests` where it finds it: without a read timeout, and with every status for content."""
    library, imported = lab.scratch / "library", lab.scratch / "imported"
    (library / "requests").mkdir(parents=True)
    (library / "requests-2.32.0.dist-info").mkdir()  # simplestreams asks for the version
    (library / "requests-2.32.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: requests\nVersion: 2.32.0\n")
    (library / "requests" / "__init__.py").write_text(REQUESTS if there else "raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", str(library))
    monkeypatch.setenv("REQUESTS_IMPORTED", str(imported))
    lab.upstream.fault(scene.INDEX, Status(404))
    run = lab.sync()
    assert run.code == 4 and "404" in run.words, run.words
    assert lab.published == scene.FIRST
    lab.heals()
    assert imported.exists() == there  # the tools have found it, and nothing came of it
