# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which generations are kept. An item goes when no kept generation lists it."""

from __future__ import annotations

import datetime


def split(generations, name, keep, grace, current, now):
    """(kept, retired) of the generations beside the one that is going to be published.

    generations: all that there are, the newest publish first.
    name: the one that is going to be published; it may be published already.
    keep: how many generations to keep in all, the published one among them.
    grace: seconds for which a generation stays after the next one took its place: MAAS may still be importing from it.
    current: the name of the generation that is published until this run, or None.
    now: ISO 8601 in UTC, as `published` is.
    """
    kept, retired, successor = [], [], now
    for generation in generations:
        if generation.name != name:
            replaced = now if generation.name == current else successor
            spared = len(kept) + len(retired) < keep - 1 or _seconds(replaced, now) < grace
            (kept if spared else retired).append(generation)
        successor = generation.published
    return kept, retired


def settled(generations, grace, now):
    """Whether files that no generation lists may go: for the grace after a first publish they may be what a directory that was
    taken over has been serving until then, and a client may still be at it.

    generations: all that there are. grace: seconds. now: ISO 8601 in UTC.
    """
    return grace == 0 or any(_seconds(generation.published, now) >= grace for generation in generations)


def _seconds(since, until):
    return (_time(until) - _time(since)).total_seconds()


def _time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.9 and 3.10 don't read the Z
