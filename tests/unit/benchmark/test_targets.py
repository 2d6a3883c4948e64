# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmark"))
import targets  # noqa: E402  pylint: disable=wrong-import-position

GOOD = {"case": "first", "condition": "20ms-limited", "tool": "ours", "stream": "many", "items": 183, "plan_bytes": 1000,
        "wall_s": 10, "cpu_s": 3, "peak_mb": 42, "requests": 357, "bytes": 1003, "complete": True}


def missed(*rows):
    return [target for target, _measured, met in targets.verdicts([dict(GOOD, **row) for row in rows]) if not met]


def test_rows_that_reach_all():
    rows = [{}, {"tool": "limit", "wall_s": 9.5}, {"tool": "sstream-mirror", "wall_s": 200, "peak_mb": 900, "complete": False},
            {"case": "noop", "requests": 3, "wall_s": 1}, {"case": "noop", "tool": "sstream-mirror", "requests": 11, "wall_s": 1.1},
            {"case": "resume", "bytes": 500, "before_kill": 510},
            {"case": "grow", "items": 500, "wall_s": 1, "peak_mb": 60}, {"case": "grow", "items": 8000, "wall_s": 16, "peak_mb": 79}]
    assert missed(*rows) == []
    assert len(targets.verdicts([dict(GOOD, **row) for row in rows])) == 8


def test_each_target_can_be_missed():
    assert missed({}, {"tool": "limit", "wall_s": 9}) == ["first sync of many, 20ms-limited: at most 1.1 x the limit"]
    assert missed({}, {"tool": "sstream-mirror", "wall_s": 149}) == [
        "first sync of many, 20ms-limited: at least 15 x as fast as sstream-mirror"]
    assert missed({"case": "resume", "before_kill": 20}) == ["bytes over the wire, resume: at most 1.02 x the plan"]
    assert missed({"case": "noop", "requests": 7}) == ["nothing new: at most 6 requests"]
    assert missed({"case": "noop", "requests": 3}, {"case": "noop", "tool": "sstream-mirror", "wall_s": 9}) == [
        "nothing new of many, 20ms-limited: not slower than sstream-mirror"]
    assert missed({"peak_mb": 81}) == ["memory: at most 80 MB"]
    assert missed({"case": "grow", "items": 500, "wall_s": 1}, {"case": "grow", "items": 8000, "wall_s": 21}) == [
        "cost of an item: flat from 500 to 8000"]
    assert missed({"complete": False}) == ["every run ends well and with all items"]


def test_of_several_runs_the_middle_one_counts():
    walls = [{"wall_s": 10}, {"wall_s": 99}, {"wall_s": 10.1}]
    assert missed(*walls, {"tool": "limit", "wall_s": 9.5}) == []


def test_nothing_is_said_of_what_was_not_measured():
    assert targets.verdicts([]) == []
    assert missed({"tool": "wget", "peak_mb": 900, "complete": False}) == []
