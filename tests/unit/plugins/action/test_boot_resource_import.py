# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin runs the module until it is done, and prints what has changed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.imagemirror.maas.plugins.action import boot_resource_import


@pytest.fixture(name="act")
def fixture_act(monkeypatch):
    """act(*results, **task) is (result, options of each run, lines, pauses)."""

    def act(*results, **task):
        options, lines, pauses, left = [], [], [], list(results)
        monkeypatch.setattr(boot_resource_import, "_display", SimpleNamespace(display=lines.append))
        monkeypatch.setattr(boot_resource_import.time, "sleep", pauses.append)
        monkeypatch.setattr(boot_resource_import.ActionBase, "run", lambda *_arguments: {})
        made = object.__new__(boot_resource_import.ActionModule)
        keys = {"args": {"force": True}, "async_val": 0, "no_log": False, "action": "imagemirror.maas.boot_resource_import"}
        made._task = SimpleNamespace(**dict(keys, **task))

        def execute(module_args=None, task_vars=None, wrap_async=False):
            options.append((module_args, wrap_async))
            return left.pop(0)

        made._execute_module = execute
        return made.run(None, {"inventory_hostname": "maas1"}), options, lines, pauses

    return act


def going(line, number):
    return {"changed": True, "watch": {"n": number}, "progress": line, "pause": number}


DONE = {"changed": True, "progress": "all"}


def test_it_goes_on_until_the_module_has_ended(act):
    result, options, lines, pauses = act(going("", 2), going("1 of 2", 3), going("1 of 2", 4), going("2 of 2", 5), DONE)
    assert result is DONE
    assert [given for given, _async in options] == [
        {"force": True, "watch": watch} for watch in ({}, {"n": 2}, {"n": 3}, {"n": 4}, {"n": 5})
    ]
    assert lines == ["boot_resource_import: [maas1] 1 of 2", "boot_resource_import: [maas1] 2 of 2"]
    assert pauses == [2, 3, 4, 5]


def test_a_failure_ends_it(act):
    failed = {"failed": True, "msg": "no"}
    assert act(going("x", 1), failed)[0] is failed


def test_nothing_is_shown_of_a_task_that_hides_itself(act):
    assert not act(going("secret", 1), DONE, no_log=True)[2]


def test_in_the_background_the_module_waits_by_itself(act):
    started = {"ansible_job_id": "1", "watch": {}}
    result, options, _lines, pauses = act(started, async_val=60)
    assert result is started and options == [(None, True)] and not pauses
