# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in the background, and the places where a test may hold it."""
from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable

# cache: before a source is read; rows: before an import enters images; purge: before it deletes others;
# files: before each download; stop: before a stopped import ends
POINTS = ("cache", "rows", "purge", "files", "stop")


class Jobs:
    """One thread for each kind of work, each with its queue; a job that waits to start is not queued twice."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._queues: dict[str, list[tuple[str, Callable[[], None]]]] = {}
        self._busy: set[str] = set()
        self._standing: list[Callable[[], bool]] = []  # for each job at a point: whether it has to stay there
        self._held: set[str] = set()

    def submit(self, kind: str, name: str, work: Callable[[], None]) -> None:
        """Do it soon, after what was submitted of its kind."""
        with self._change:
            if kind not in self._queues:
                self._queues[kind] = []
                threading.Thread(target=self._run, args=(kind,), name=kind, daemon=True).start()
            if all(queued != name for queued, _work in self._queues[kind]):
                self._queues[kind].append((name, work))
            self._change.notify_all()

    def hold(self, points: list[str]) -> None:
        """Let nothing pass these points."""
        unknown = set(points) - set(POINTS)
        if unknown:
            raise ValueError(f"No such point: {', '.join(sorted(unknown))}. There are {', '.join(POINTS)}.")
        with self._change:
            self._held |= set(points)

    def release(self, points: list[str] | None = None) -> None:
        """Let jobs pass again: these points, or all."""
        with self._change:
            self._held -= set(self._held if points is None else points)
            self._change.notify_all()

    def wake(self) -> None:
        """Have those that wait look again whether to stop."""
        with self._change:
            self._change.notify_all()

    @property
    def held(self) -> list[str]:
        """The points that are held."""
        with self._change:
            return sorted(self._held)

    def pass_by(self, point: str, stopped: Callable[[], bool] = lambda: False) -> None:
        """Wait while the point is held, unless the job is stopped."""
        def stays() -> bool:
            return point in self._held and not stopped()

        with self._change:
            self._standing.append(stays)
            self._change.notify_all()
            self._change.wait_for(lambda: not stays())
            self._standing.remove(stays)

    def pause(self, seconds: float, stopped: Callable[[], bool] = lambda: False) -> None:
        """Wait, unless the job is stopped."""
        with self._change:
            self._change.wait_for(stopped, timeout=seconds)

    def settle(self, seconds: float) -> bool:
        """Wait until every job is done or held; False when it takes longer."""
        end = time.monotonic() + seconds
        with self._change:
            return self._change.wait_for(self._settled, timeout=max(0.0, end - time.monotonic()))

    def _settled(self) -> bool:
        """Whether nothing runs but what is held. A job that was let go counts as running before its thread wakes."""
        held = sum(stays() for stays in self._standing)
        waiting = any(queue and kind not in self._busy for kind, queue in self._queues.items())
        return len(self._busy) == held and not waiting

    def _run(self, kind: str) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._queues[kind])
                _name, work = self._queues[kind].pop(0)
                self._busy.add(kind)
            try:
                work()
            except Exception:  # a fault of the stand-in itself: say so and go on, as a server does
                traceback.print_exc()
            with self._change:
                self._busy.discard(kind)
                self._change.notify_all()
