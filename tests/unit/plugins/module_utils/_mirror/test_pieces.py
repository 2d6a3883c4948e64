# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import pieces

MIB = 1 << 20


@pytest.mark.parametrize("spans, joined", [
    ([], []),
    ([(5, 9), (0, 5)], [(0, 9)]),
    ([(0, 3), (4, 6), (2, 3)], [(0, 3), (4, 6)]),
    ([(0, 10), (2, 5)], [(0, 10)]),
    ([(3, 3)], []),
])
def test_joined(spans, joined):
    assert pieces.joined(spans) == joined


@pytest.mark.parametrize("spans, gaps", [
    ([], [(0, 10)]),
    ([(0, 10)], []),
    ([(0, 4)], [(4, 10)]),
    ([(6, 8), (2, 4)], [(0, 2), (4, 6), (8, 10)]),
])
def test_gaps_are_what_has_not_come(spans, gaps):
    assert pieces.gaps(spans, 10) == gaps
    assert pieces.count(gaps) + pieces.count(pieces.joined(spans)) == 10


def test_an_empty_file_lacks_nothing():
    assert pieces.gaps([], 0) == []


def test_pieces_are_long_at_first_and_short_at_the_end():
    lengths = [pieces.length(left, 16) for left in (1 << 30, 100 * MIB, 40 * MIB, 10)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == 8 * MIB and lengths[-1] == MIB


def test_pieces_cover_a_gap_once_and_leave_no_crumb():
    missing, taken = [(7, 100), (200, 210)], []
    while missing:
        taken.append(pieces.cut(missing, 30))
    assert taken == [(7, 37), (37, 67), (67, 100), (200, 210)]
