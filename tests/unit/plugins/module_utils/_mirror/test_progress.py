# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import json
import time

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.display import Bar, Lines, display
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.progress import Meter, Pace, duration, watched, words

MIB = 1 << 20
FETCH = {"step": "fetch", "items": 46, "items_done": 12, "bytes": 791 * MIB, "bytes_done": 312 * MIB, "rate": 41 * MIB, "eta": 12,
         "running": True}


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_meter_counts_bytes_rate_and_what_is_left():
    clock = Clock()
    meter = Meter("sync", "2026-11-24T03:00:00Z", clock)
    meter.step("fetch")
    meter.begin(3, 1000)
    assert meter.state()["rate"] == 0 and meter.state()["eta"] is None
    clock.now += 2
    meter.advance(300)
    meter.advance(-100)  # thrown away
    meter.admitted(None)
    state = meter.state()
    assert (state["bytes_done"], state["items_done"], state["rate"], state["eta"]) == (200, 1, 100, 8)
    for _second in range(20):  # the rate is that of the last ten seconds
        clock.now += 1
        meter.advance(10)
        state = meter.state()
    assert (state["rate"], state["eta"]) == (10, 60)
    meter.step("publish")
    assert meter.state(False)["bytes"] == 0 and meter.current == "publish" and not meter.state(False)["running"]


def test_more_than_the_plan_is_all_of_it():
    meter = Meter("sync", "2026-11-24T03:00:00Z")
    meter.begin(1, 10)
    meter.advance(12)
    assert meter.state()["bytes_done"] == 10


@pytest.mark.parametrize("changes, said", [
    ({}, "fetch 312 of 791 MiB, 41 MiB/s, 12 s left"),
    ({"rate": 0, "eta": None}, "fetch 312 of 791 MiB"),
    ({"bytes": 30 << 30, "bytes_done": 3 << 30, "rate": MIB // 2, "eta": 55296}, "fetch 3.0 of 30.0 GiB, 0.5 MiB/s, 15 h 22 min left"),
    ({"bytes": 0, "bytes_done": 0, "step": "snapshot"}, "snapshot"),
])
def test_a_state_in_words(changes, said):
    assert words(dict(FETCH, **changes)) == said


@pytest.mark.parametrize("seconds, said", [(0, "0 s"), (99, "99 s"), (100, "2 min"), (3599, "1 h 0 min"), (7500, "2 h 5 min")])
def test_durations(seconds, said):
    assert duration(seconds) == said


def test_lines_come_at_a_new_step_at_each_tenth_and_now_and_then():
    clock = Clock()
    pace = Pace(clock)
    said = []
    for second in range(100):  # a hundred seconds: the first half stands still, the second moves on
        clock.now += 1
        done = max(0, second - 50) * 20
        if pace.worth_saying({"step": "fetch", "bytes": 1000, "bytes_done": done}):
            said.append(second)
    assert said == [0, 30, 55, 60, 65, 70, 75, 80, 85, 90, 95]
    assert pace.worth_saying({"step": "verify", "bytes": 1000, "bytes_done": 1})
    assert not pace.worth_saying({"step": "publish", "bytes": 0, "bytes_done": 0})


def test_a_bar_on_a_terminal_and_lines_elsewhere(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(display(Terminal(), "stable"), Bar)
    assert isinstance(display(io.StringIO(), "stable"), Lines)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(display(Terminal(), "stable"), Lines)


def test_the_bar_is_one_line_and_gone_at_the_end():
    terminal = Terminal()
    display = Bar(terminal)
    display(FETCH)
    shown = terminal.getvalue()
    assert shown.startswith("\r\x1b[K[#########...............]  39% fetch 312 of 791 MiB") and "\n" not in shown
    assert len(shown) - len("\r\x1b[K") <= 79
    display(dict(FETCH, running=False))
    assert terminal.getvalue()[len(shown):] == "\r\x1b[K"


def test_a_short_run_has_no_lines_and_a_long_one_has():
    journal = io.StringIO()
    lines = Lines(journal, "stable")
    for _state in range(3):
        lines(FETCH)
    assert journal.getvalue() == ""
    lines(FETCH)
    lines(FETCH)
    assert journal.getvalue() == "stable: fetch 312 of 791 MiB, 41 MiB/s, 12 s left\n"


def test_what_cannot_be_shown_does_not_end_the_run():
    seen = []

    def broken(state):
        raise OSError("No space left on device")

    with watched(Meter("sync", "2026-11-24T03:00:00Z"), [broken, seen.append], every=0.01):
        while len(seen) < 3:
            time.sleep(0.001)
    assert [state["running"] for state in seen][-2:] == [True, False]
    json.dumps(seen)
