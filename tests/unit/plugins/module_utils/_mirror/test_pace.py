# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import pace
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.client import wait
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.pace import Throttle, pause


@pytest.mark.parametrize("text, seconds", [
    ("", 0), ("7", 7), ("soon", 0), ("Thu, 24 Jul 2025 08:01:49 GMT", 9), ("Thu, 24 Jul 2025 08:01:39 GMT", 0), ("-3", 0)])
def test_what_a_server_asks_to_wait(text, seconds):
    assert wait(text, 1753344100) == seconds


def test_pauses_grow_up_to_a_bound_and_differ():
    for tries, longest in ((1, 0.5), (2, 1), (3, 2), (30, 30)):
        pauses = {pause(tries, 0) for _time in range(50)}
        assert len(pauses) > 10 and longest / 2 <= min(pauses) and max(pauses) <= longest


def test_a_server_is_given_the_time_that_it_asks_for_within_reason():
    assert pause(1, 20) == 20
    assert pause(1, 86400) == 120


def test_a_throttle_spreads_bytes_over_time(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(pace.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    throttle = Throttle(1000)
    for _chunk in range(50):
        throttle.pass_on(500)
    assert 23 <= clock[0] - 100 <= 25.5
    clock[0] += 60  # a pause earns nothing
    throttle.pass_on(5000)
    throttle.pass_on(1)
    assert clock[0] - 185 >= 4


def test_without_a_rate_nobody_waits(monkeypatch):
    monkeypatch.setattr(pace.time, "sleep", None)
    Throttle(None).pass_on(10 ** 12)
