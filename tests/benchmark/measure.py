# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command and measures what it takes."""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.05  # seconds between two looks at the memory and the bytes


@dataclass(frozen=True)
class Cost:
    """What a command took, with all the programs that it started."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: float  # bytes: the largest sum of the memory of all its processes (PSS) at one moment
    code: int  # exit code; negative: the signal that ended it
    output: str


def measure(argv, kill_after=None, timeout=None):
    """Runs a command to its end and returns its Cost.

    kill_after: bytes received by its host after which all its processes are killed (SIGKILL), as a power cut would.
    timeout: seconds after which they are, too.
    """
    with tempfile.TemporaryFile() as output:
        begun = time.monotonic()
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   preexec_fn=os.setpgrp)
        watch = _Watch(process.pid, kill_after, timeout)
        watch.start()
        try:
            usage = _wait(process)
        except BaseException:
            watch.kill()
            raise
        wall = time.monotonic() - begun
        watch.ended.set()
        watch.join()
        output.seek(0)
        return Cost(wall, usage.ru_utime + usage.ru_stime, watch.peak, process.returncode,
                    output.read().decode("utf-8", "replace"))


def cpu(pid):
    """Seconds of the processor, user and system, that a process and all that came of it have taken."""
    ticks = 0
    for member in _family(pid):
        with contextlib.suppress(OSError):
            ticks += sum(map(int, Path("/proc/%d/stat" % member).read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """Bytes of memory (PSS) of a process and all that came of it."""
    return sum(map(_memory, _family(pid)))


def _wait(process):
    usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(usage[1])
    return usage[2]


class _Watch(threading.Thread):
    def __init__(self, pid, kill_after, timeout):
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.peak = 0
        self._pid = pid
        self._kill_after = kill_after
        self._deadline = timeout and time.monotonic() + timeout

    def run(self):
        start = None
        while not self.ended.wait(_EVERY):
            self.peak = max(self.peak, sum(map(_memory, _family(self._pid))))
            if self._kill_after:
                received = _received(self._pid)
                start = received if start is None else start
                if received - start > self._kill_after:
                    self.kill()
            if self._deadline and time.monotonic() > self._deadline:
                self.kill()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)


def _family(pid):
    """A process and all that came of it."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path("/proc/%d/task" % pid).iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _memory(pid):
    """The resident memory of a process; what it shares with others is divided among them (PSS)."""
    with contextlib.suppress(OSError, IndexError):
        line = Path("/proc/%d/smaps_rollup" % pid).read_text().split("\nPss:", 1)[1]
        return int(line.split()[0]) * 1024
    return 0


def _received(pid):
    """Bytes that the network namespace of a process has received."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/%d/net/dev" % pid).read_text().splitlines()[2:]
        return sum(int(line.split(":")[1].split()[0]) for line in lines)
    return 0
