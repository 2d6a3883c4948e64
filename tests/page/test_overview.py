# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the host: all its mirrors, and how each of them is."""
from __future__ import annotations

import mirrors
import pytest

WORDS = {"fresh": "Fresh", "stale": "Stale", "failing": "Failing", "unborn": "Never synced", "empty": "Never synced", "pinned": "Pinned",
         "trimmed": "Fresh", "working": "Fresh"}


@pytest.fixture
def overview(host, visit):
    """The page at /maas/images/, on a desktop."""
    one = visit()
    one.missing = {"/empty/status.json"}
    return one.open(host.url)


def test_every_mirror_is_there_with_its_state(overview):
    rows = overview.table("mirrors")
    assert {row[0].splitlines()[0]: row[1].splitlines()[0] for row in rows} == WORDS
    assert [row[0].splitlines()[0] for row in rows] == list(mirrors.MIRRORS)
    assert overview.text(".lead") == "8 mirrors of MAAS images: 3 fresh, 1 stale, 1 failing, 1 pinned, 2 never synced"
    assert overview.page.title() == "3 fresh, 1 stale, 1 failing, 1 pinned, 2 never synced – MAAS image mirrors"


def test_releases_and_arches_are_named(overview):
    rows = {row[0].splitlines()[0]: row for row in overview.table("mirrors")}
    assert [line for line in rows["fresh"][2].splitlines() if line] == ["jammy amd64, arm64", "noble amd64, arm64"]
    assert rows["empty"][2:] == ["", "", ""]


def test_aliases_are_named(overview):
    rows = overview.table("mirrors")
    assert ["also at daily" in row[0] for row in rows] == [row[0].startswith("fresh") for row in rows]


def test_each_mirror_is_one_click_away_and_so_is_the_way_back(overview, host):
    overview.page.get_by_role("link", name="pinned", exact=True).click()
    overview.settle()
    assert (overview.page.url, overview.state) == (host.at("pinned"), "Pinned")
    overview.page.get_by_role("link", name="All mirrors of this host").click()
    overview.settle()
    assert overview.page.url == host.url
    assert len(overview.table("mirrors")) == len(mirrors.MIRRORS)
