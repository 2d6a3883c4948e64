# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four times the items are four times the work. It is counted, not timed: sstream-mirror rewrites all references for each item."""
from __future__ import annotations

import subprocess
import sys

import faults
import scene


def work(stage, products):
    """(items, changes of the disk, requests) of a first sync of so many products."""
    made, listed = stage.scratch / f"{products}", stage.scratch / f"{products}-instants"
    subprocess.run([sys.executable, str(scene.STREAM), "make", str(made), "--products", str(products), "--scale", "0.000001",
                    "--versions", "1", "--no-centos", "--no-bootloaders"], check=True, capture_output=True)
    with faults.Upstream(made / "ephemeral-v3" / "stable") as upstream:
        values = scene.settings(stage, upstream.url, stage.scratch / f"{products}-mirror", keyring=str(made / "keyring.gpg"),
                                selections=[{"os": ["ubuntu"]}], require_bootloaders=False)
        run = scene.engine(stage.scratch, values, "sync", strike=("list", "every", listed))
        assert run.code == 0, run.words
        items = {request.path for request in upstream.requests if not request.path.startswith("streams/")}
        # several threads may try to make the same directory
        changes = [line for line in listed.read_text(encoding="utf-8").splitlines() if " os.mkdir " not in line]
        return len(items), len(changes), upstream.count()


def test_the_work_grows_as_the_items_do(stage):
    few, some = work(stage, 50), work(stage, 200)
    assert some[0] > 3 * few[0] > 300
    for number in (1, 2):  # what comes once makes it a little less for each
        assert some[number] / some[0] <= 1.05 * few[number] / few[0]
