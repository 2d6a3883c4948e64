# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background work that a test can hold, and wait for."""
from __future__ import annotations

import threading

import pytest
from ansible_collections.imagemirror.maas.tests.lab.maas_api.jobs import Jobs

LONG = 30  # seconds; nothing here takes that long unless it is broken


def test_what_is_held_is_settled_and_what_was_let_go_is_not_until_it_is_done():
    for _time in range(50):
        jobs, done = Jobs(), []
        jobs.hold(["rows"])
        jobs.submit("import", "one", lambda jobs=jobs, done=done: (jobs.pass_by("rows"), done.append(1)))
        assert jobs.settle(LONG)
        assert done == []
        jobs.release()
        assert jobs.settle(LONG)
        assert done == [1]


def test_a_job_that_is_stopped_does_not_stay_where_it_is_held():
    jobs, stop, done = Jobs(), threading.Event(), []
    jobs.hold(["files"])
    jobs.submit("import", "one", lambda: (jobs.pass_by("files", stop.is_set), done.append(1)))
    assert jobs.settle(LONG)
    stop.set()
    jobs.wake()
    assert jobs.settle(LONG)
    assert done == [1]


def test_a_job_that_waits_to_start_is_not_queued_twice():
    jobs, done = Jobs(), []
    jobs.hold(["cache"])
    jobs.submit("cache", "first", lambda: jobs.pass_by("cache"))
    for _time in range(3):
        jobs.submit("cache", "again", lambda: done.append(1))
    jobs.release()
    assert jobs.settle(LONG)
    assert done == [1]


def test_a_job_that_fails_does_not_stop_the_others(capsys):
    jobs, done = Jobs(), []
    jobs.submit("cache", "bad", lambda: 1 / 0)
    jobs.submit("cache", "good", lambda: done.append(1))
    assert jobs.settle(LONG)
    assert done == [1]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_settling_has_a_limit():
    jobs, end = Jobs(), threading.Event()
    jobs.submit("cache", "long", lambda: end.wait(LONG))
    assert jobs.settle(0) is False
    end.set()


def test_an_unknown_point_is_refused():
    with pytest.raises(ValueError, match="No such point: nowhere. There are cache, rows,"):
        Jobs().hold(["nowhere"])
