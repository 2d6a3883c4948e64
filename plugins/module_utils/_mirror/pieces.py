# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a file has come, what is missing, and in which pieces to ask for it. Nothing here touches a disk or a network.

A span is (start, end): the bytes from start up to, and without, end.
"""

from __future__ import annotations

_SMALLEST = 1 << 20  # bytes: a shorter piece costs more in round trips than it gains
_LARGEST = 8 << 20  # bytes: what one connection is trusted with at a time


def joined(spans):
    """The same bytes in as few spans as there can be, sorted."""
    found = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def gaps(spans, size):
    """The spans of a file of so many bytes that are missing, where these have come."""
    place, missing = 0, []
    for start, end in joined(spans) + [(size, size)]:
        if place < start:
            missing.append((place, start))
        place = max(place, end)
    return missing


def count(spans):
    """The bytes of spans that don't overlap."""
    return sum(end - start for start, end in spans)


def length(left, connections):
    """How long the next piece should be, in bytes.

    left: bytes that nobody has been asked for yet. No piece takes longer than half of the time that they take, so that all
    connections end at about the same time; while much is left, pieces are long, and requests few.
    """
    return max(_SMALLEST, min(_LARGEST, left // (2 * connections)))


def cut(missing, size):
    """Takes the next piece off a list of gaps: at most so long, or all of a gap when the rest would be less than half a piece."""
    start, end = missing.pop(0)
    if end - start > size + size // 2:
        missing.insert(0, (start + size, end))
        end = start + size
    return start, end
