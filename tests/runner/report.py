# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps of a layer, and counts."""
from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import xml.etree.ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT = 1800  # seconds for one step; the longest takes a third of it


class Report:
    """What passed and what failed, so far, and how long each layer took."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []
        self.seconds: dict[str, float] = {}

    def step(self, name: str, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None,
             live: bool = False, expect: str = "") -> bool:
        """One command that passes with exit code 0; its output is shown live, or when it fails.

        expect: a pattern that shows in the output (of a command that is not live) that it did something.
        """
        started = time.monotonic()
        code, output = _run(argv, cwd, env, live)
        if code == 0 and not live and not re.search(expect, output):
            code, output = 1, f"{output}\nexit code 0, but nothing like {expect!r} in the output"
        return self.verdict(name, code == 0, time.monotonic() - started, output)

    def verdict(self, name: str, good: bool, seconds: float = 0, output: str = "") -> bool:
        """Count and print one result, with its output where it is bad."""
        if not good and output:
            print(output, flush=True)
        print(f"{'ok' if good else 'FAILED'}: {name} ({seconds:.0f} s)", flush=True)
        if good:
            self.passed += 1
        else:
            self.failed.append(name)
        return good

    def pytest(self, name: str, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        """A run of pytest, shown live, each of its tests counted. A skipped test is a failure: it showed nothing."""
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            result = Path(scratch, "junit.xml")
            code = _run([*argv, f"--junitxml={result}"], cwd, env, live=True)[0]
            passed, failed = _junit(result) if result.exists() else (0, [])
        self.passed += passed
        self.failed += [f"{name}: {test}" for test in failed]
        if code and not failed:
            failed.append(f"pytest ended with {code}")
            self.failed.append(f"{name}: {failed[-1]}")
        print(f"{'FAILED' if failed else 'ok'}: {name} ({time.monotonic() - started:.0f} s)", flush=True)

    def summary(self) -> int:
        """Print the times, the failures and the count; returns the exit code."""
        print()
        for layer, seconds in self.seconds.items():
            print(f"{layer:10} {seconds:6.0f} s")
        for name in self.failed:
            print(f"FAILED: {name}")
        print(f"{self.passed} passed, {len(self.failed)} failed")
        return 1 if self.failed or not self.passed else 0


def _run(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None, live: bool) -> tuple[int, str]:
    """Exit code (124 after TIMEOUT seconds) and, unless live, the output of a command."""
    pipe = None if live else subprocess.PIPE
    try:
        done = subprocess.run(list(argv), cwd=cwd, env={**os.environ, **(env or {})}, check=False, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL, stdout=pipe, stderr=None if live else subprocess.STDOUT,
                              text=True, errors="replace")
    except subprocess.TimeoutExpired:
        return 124, f"no end after {TIMEOUT} s: {' '.join(argv)}"
    return done.returncode, done.stdout or ""


def _junit(path: Path) -> tuple[int, list[str]]:
    """Number of passed tests, and the names of all others."""
    passed, others = 0, []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        if any(case.find(outcome) is not None for outcome in ("failure", "error", "skipped")):
            others.append(f"{case.get('classname')}::{case.get('name')}")
        else:
            passed += 1
    return passed, others
