# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a run is, for whoever watches it."""

from __future__ import annotations

import collections
import contextlib
import threading
import time

SCHEMA = 1  # of progress.json
_WINDOW = 10  # seconds over which the rate is taken
_EVERY, _AT_LEAST = 30, 5  # seconds from one line to the next: at the latest, at the earliest within a step


class Progress:
    """Is told what a run does; this one remembers the step, for the error that may come, and shows nothing."""

    current = ""  # the step: snapshot, plan, preflight, fetch, verify, publish or prune

    def step(self, name):
        """The run begins a step."""
        self.current = name

    def begin(self, count, size):
        """So many items, of so many bytes in all, are going to be fetched or read."""

    def advance(self, size):
        """So many bytes have come; fewer than none where some are thrown away. May be called by several threads."""

    def admitted(self, item):
        """An item is in its place, or has been read. May be called by several threads."""


class Meter(Progress):
    """Counts what a run does. state() is the content of progress.json."""

    def __init__(self, command, started, clock=time.monotonic):
        """command: sync, verify or rollback. started: ISO 8601 in UTC."""
        self._about = {"schema": SCHEMA, "command": command, "started": started}
        self._clock = clock
        self._lock = threading.Lock()
        self._reset(0, 0)

    def step(self, name):
        with self._lock:
            self.current = name
            self._reset(0, 0)

    def begin(self, count, size):
        with self._lock:
            self._reset(count, size)

    def advance(self, size):
        with self._lock:
            self._bytes_done += size

    def admitted(self, item):
        with self._lock:
            self._items_done += 1

    def state(self, running=True):
        """What docs/status.md has of progress.json."""
        with self._lock:
            now, done = self._clock(), max(0, min(self._bytes_done, self._bytes))
            self._samples.append((now, done))
            while now - self._samples[0][0] > _WINDOW:
                self._samples.popleft()
            since, before = self._samples[0]
            rate = int((done - before) / (now - since)) if now > since and done > before else 0
            return dict(self._about, running=running, step=self.current, items=self._items, items_done=self._items_done,
                        bytes=self._bytes, bytes_done=done, rate=rate,
                        eta=-(-(self._bytes - done) // rate) if rate else None,
                        updated=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))

    def _reset(self, count, size):
        self._items, self._bytes, self._items_done, self._bytes_done = count, size, 0, 0
        self._samples = collections.deque([(self._clock(), 0)])


class Pace:
    """Tells which states are worth a line where lines stay: a new step, each tenth of its bytes, and one now and then."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._said, self._step, self._tenth = clock(), None, 0

    def worth_saying(self, state):
        """Whether to say it; it counts as said then."""
        tenth = 10 * state["bytes_done"] // state["bytes"] if state["bytes"] else 0
        passed = self._clock() - self._said
        news = (state["step"], bool(state["bytes"])) != self._step or (tenth != self._tenth and passed >= _AT_LEAST)
        if not state["bytes"] or not (news or passed >= _EVERY):
            return False
        self._said, self._step, self._tenth = self._clock(), (state["step"], bool(state["bytes"])), tenth
        return True


def words(state):
    """A state in words: `fetch 312 of 791 MiB, 41 MiB/s, 12 s left`."""
    if not state["bytes"]:
        return state["step"]
    unit, divisor = ("GiB", 1 << 30) if state["bytes"] >= 10 << 30 else ("MiB", 1 << 20)
    digits = 1 if state["bytes"] < 100 * divisor else 0
    said = "%s %.*f of %.*f %s" % (state["step"], digits, state["bytes_done"] / divisor, digits, state["bytes"] / divisor, unit)
    if state["rate"]:
        rate, unit = (state["rate"] / (1 << 20), "MiB") if state["rate"] >= 1 << 19 else (state["rate"] / (1 << 10), "KiB")
        said += ", %.*f %s/s, %s left" % (0 if rate >= 10 else 1, rate, unit, duration(state["eta"]))
    return said


def duration(seconds):
    """12 s, 3 min, 2 h 5 min."""
    if seconds < 100:
        return "%d s" % seconds
    minutes = -(-seconds // 60)
    return "%d min" % minutes if minutes < 60 else "%d h %d min" % divmod(minutes, 60)


@contextlib.contextmanager
def watched(meter, shows, every=1.0):
    """Shows what a Meter counts for the length of the block, and once more at its end.

    shows: functions of the state; what they can't write is nothing to a run. every: seconds.
    """
    ended = threading.Event()

    def show(running):
        state = meter.state(running)
        for one in shows:
            with contextlib.suppress(OSError, ValueError):  # ValueError: a stream that was closed
                one(state)

    def watch():
        show(True)
        while not ended.wait(every):
            show(True)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        show(False)
