# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells which items are not on disk as they are listed. A full verification that is cut off is taken up by the next one."""

from __future__ import annotations

import contextlib
import datetime
import json
import os

from . import health
from .lock import asked
from .settings import rate
from .tree import replace

_VALID = datetime.timedelta(days=30)  # for which what one run has read counts for the one that takes it up


class GaveWay(Exception):
    """Another run waits for the lock. What has been read is written down."""


class Verification:
    """What a run finds out about the items on disk."""

    def __init__(self, settings, tree, progress, now, lasting=True, gives_way=False):
        """
        now: ISO 8601 in UTC.
        lasting: whether to write down what it has read and found; a check writes nothing.
        gives_way: whether to stop, by GaveWay, when another run waits for the lock.
        """
        self._settings, self._tree, self._progress = settings, tree, progress
        self._journal = _Journal(tree, now) if settings.verify == "full" and lasting else None
        self._lasting, self._gives_way = lasting, gives_way
        self.mode = settings.verify
        self.started = self._journal.started if self._journal else now
        self.seen = self.found = None  # Items looked at, and the bad ones among them, once it is known

    def bad(self, items, listed):
        """The items that are not on disk as they are listed, in their order.

        A fast verification looks at the size; it reads what no generation lists, as a run was cut off before it published.
        listed: the paths that generations list.
        """
        items = list(items)
        sized = [item for item in items if self._tree.size(item.path) == item.size]
        doubted = [item for item in sized if self._settings.verify == "full" or item.path not in listed]
        right = {item.path for item in sized} - {item.path for item in doubted}
        if doubted:
            step = self._progress.current
            self._progress.step("verify")
            self._progress.begin(len(doubted), sum(item.size for item in doubted))
            with self._journal or contextlib.nullcontext():
                right.update(item.path for item in doubted if self._sound(item))
            self._progress.step(step)
        bad = [item for item in items if item.path not in right]
        self.seen, self.found = items, bad
        if self._lasting:
            health.doubt(self._tree, bad)  # before anything is fetched, which may take long or fail
        return bad

    def done(self):
        """The run has repaired what there was: the next one begins anew."""
        if self._journal:
            self._journal.forget()

    def _sound(self, item):
        if self._journal and self._journal.knows(item):
            self._progress.advance(item.size)
            sound = True
        else:
            sound = self._tree.matches(item, rate("verify_rate_limit", self._settings.verify_rate_limit), self._read)
            if sound and self._journal:
                self._journal.add(item)
        self._progress.admitted(item)
        return sound

    def _read(self, size):
        self._progress.advance(size)
        if self._gives_way and asked(self._tree.lock):
            raise GaveWay


class _Journal:
    """What was read and right: a line of JSON for the verification, and one for each item.

    A file that was changed since counts for nothing. A line that a kill has cut ends the journal.
    """

    def __init__(self, tree, now):
        self._tree, self._now, self._file = tree, now, None
        self._known = {}
        self.started = self._load() or now

    def __enter__(self):
        with contextlib.suppress(OSError):  # without it, the verification can't be taken up, and is as good
            lines = [{"started": self.started}] + [[path] + values for path, values in self._known.items()]
            replace(self._tree.verified, "".join(json.dumps(line) + "\n" for line in lines))
            self._file = open(self._tree.verified, "a", encoding="utf-8")
        return self

    def __exit__(self, *error):
        if self._file:
            with contextlib.suppress(OSError):
                self._file.close()

    def knows(self, item):
        """Whether the item was read, is right, and has not been touched since."""
        return self._known.get(item.path, [])[:2] == [item.sha256, self._tree.changed(item.path)]

    def add(self, item):
        """The item has been read and is right."""
        if self._file:
            line = json.dumps([item.path, item.sha256, self._tree.changed(item.path), self._now])
            with contextlib.suppress(OSError):
                self._file.write(line + "\n")
                self._file.flush()

    def forget(self):
        """There is nothing to take up."""
        with contextlib.suppress(OSError):
            os.unlink(self._tree.verified)

    def _load(self):
        """When the verification that was cut off began; None where there is none to take up."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            with open(self._tree.verified, encoding="utf-8") as file:
                started = json.loads(file.readline())["started"]
                if _time(self._now) - _time(started) > _VALID:
                    return None
                with contextlib.suppress(ValueError, TypeError):
                    for line in file:
                        path, *values = json.loads(line)
                        self._known[path] = values
                return started
        return None


def _time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.9 and 3.10 don't read the Z
