# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.retention import settled, split

NOW = "2025-07-10T12:00:00.000000Z"
DAY = 86400


def generations(*days):
    return [SimpleNamespace(name=str(day), published="2025-07-%02dT12:00:00.000000Z" % day) for day in days]


def kept(others, **values):
    return [one.name for one in split(others, **dict({"name": "new", "keep": 2, "grace": 0, "current": None, "now": NOW}, **values))[0]]


def test_the_newest_are_kept_with_the_one_to_be_published():
    kept_ones, retired = split(generations(9, 8, 7), "new", 3, 0, None, NOW)
    assert [one.name for one in kept_ones] == ["9", "8"]
    assert [one.name for one in retired] == ["7"]
    assert kept(generations(9, 8), keep=1) == []


def test_grace_counts_from_when_the_next_one_took_its_place():
    assert kept(generations(9, 8, 3), keep=1, grace=DAY) == ["9"]  # 9 is replaced now, 8 was on the 9th
    assert kept(generations(9, 3), keep=1, grace=DAY + 1) == ["9", "3"]


def test_one_that_was_rolled_back_to_is_replaced_only_now():
    assert kept(generations(9, 3), keep=1, grace=DAY, current="3") == ["9", "3"]


def test_one_whose_place_was_taken_long_ago_goes_though_nothing_new_is_published():
    assert kept(generations(9, 3), name="9", current="9", keep=1, grace=DAY) == []  # the 9th was a day ago
    assert kept(generations(9, 3), name="9", current="9", keep=1, grace=DAY + 1) == ["3"]
    assert kept(generations(9, 3), name="9", current="9", keep=2, grace=0) == ["3"]


def test_what_nothing_lists_stays_for_the_grace_after_the_first_publish():
    assert not settled([], DAY, NOW)
    assert not settled(generations(10), DAY, NOW)
    assert settled(generations(10, 9), DAY, NOW)
    assert settled([], 0, NOW)
