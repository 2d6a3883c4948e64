# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the engine and lets something happen at an exact instant: just before one of a step's changes of the disk, or where
a step begins.

    python3 strike.py ACTION WHEN FILE MODULE_UTILS COMMAND…

Python tells an audit hook of every rename, unlink, mkdir, link, chmod, opening for writing and start of a program before
it does it, and the engine tells its Progress of every step; nothing else of its code has to be known here. WHEN is an
instant, STEP.N (before the N-th change of that step, or before the next one where the step has fewer: what items that are
fetched side by side share is not the same in every run), the name of a step (`lock` is before the first change, `report`
before the report is written), or `every` instant. ACTION is the name of a signal, `fill` (the file system of FILE becomes
full), `copy` (the block device FILE is copied to FILE.<step>.<n>), or `list` (the instant is a line of FILE: its name,
what happens, and to what).
"""
from __future__ import annotations

import os
import signal
import subprocess
import sys

STEPS = ("lock", "snapshot", "plan", "preflight", "fetch", "verify", "publish", "prune", "report")  # of a sync, in their order
_CHANGES = {"os.rename", "os.remove", "os.symlink", "os.link", "os.mkdir", "os.rmdir", "os.chmod"}
_REPORT = ("status.json", ".mirror/spare")
_CLOCK = ("progress.json", "/health/fresh/")  # are written as time goes by: not at the same instant twice


class Strike:
    """Acts when its time has come."""

    def __init__(self, action: str, when: str, file: str) -> None:
        self.action, self.when, self.file = action, when, file
        self.count, self.step, self.busy = 0, "", False  # count: the changes of this step
        self.instant = place(when) if "." in when else None

    def hook(self, event: str, arguments: tuple) -> None:
        """Python's audit hook."""
        if self.busy or not _changes(event, arguments):
            return
        words = arguments[1][:1] if event == "subprocess.Popen" else [str(one) for one in arguments if isinstance(one, str)]
        if any(name in word for name in _CLOCK for word in words):
            return
        if not self.step:
            self.begin("lock")
        elif any(name in word for name in _REPORT for word in words) and self.step != "report":
            self.begin("report")
        self.count += 1
        name = f"{self.step}.{self.count}"
        if self.when == "every":
            self._act(" ".join([name, event, *words]))
        elif self.instant and place(name) >= self.instant:
            self.instant = None
            self._act(name)

    def begin(self, step: str) -> None:
        """A step begins."""
        if step == self.step:
            return
        self.step, self.count = step, 0
        if self.when == step:
            self._act(step)

    def watch(self, progress: type) -> None:
        """Learns of the steps that a class of the engine's Progress, or one that is made from it, is told of."""
        for one in [progress, *progress.__subclasses__()]:
            if "step" in vars(one):
                setattr(one, "step", self._told(one.step))  # noqa: B010

    def _told(self, tell):
        def step(progress, name):
            self.begin(name)
            tell(progress, name)
        return step

    def _act(self, words: str) -> None:
        self.busy = True
        try:
            if self.action == "list":
                with open(self.file, "a", encoding="utf-8") as out:
                    out.write(words + "\n")
            elif self.action == "copy":
                _copy(self.file, f"{self.file}.{words.split()[0]}")
            elif self.action == "fill":
                _fill(self.file)
            else:
                os.kill(os.getpid(), signal.Signals[self.action])
        finally:
            self.busy = False


def place(instant: str) -> tuple[int, int]:
    """Of a STEP.N, to compare it with another one's: the earlier instant is the smaller one."""
    step, number = instant.split(".")
    return STEPS.index(step), int(number)


def _changes(event: str, arguments: tuple) -> bool:
    if event == "open":
        return isinstance(arguments[0], str) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR)) and arguments[0] != os.devnull
    return event in _CHANGES or event == "subprocess.Popen"


def _copy(device: str, target: str) -> None:
    """Until nothing was written meanwhile: half of one moment and half of the next is what no power cut leaves."""
    while True:
        subprocess.run(["cp", "--sparse=always", device, target], check=True)
        if subprocess.run(["cmp", "--silent", device, target], check=False).returncode == 0:
            return


def _fill(file: str) -> None:
    with open(file, "wb", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                pass


if __name__ == "__main__":
    strike = Strike(*sys.argv[1:4])
    sys.path[0] = sys.argv[4]
    sys.argv[1:] = sys.argv[5:]
    from _mirror.command import main
    from _mirror.progress import Progress

    strike.watch(Progress)
    sys.addaudithook(strike.hook)
    sys.exit(main())
