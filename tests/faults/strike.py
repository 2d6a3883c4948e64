# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the engine and lets something happen at an exact instant: just before it changes the disk for the N-th time.

    python3 strike.py ACTION N FILE MODULE_UTILS COMMAND…

Python tells an audit hook of every rename, unlink, mkdir, link, chmod, opening for writing and start of a program before
it does it, so nothing of the engine's code has to be known here but that progress.json is written by the clock, whose
instants would be others each time. ACTION is the name of a signal, `fill` (the file system
of FILE becomes full), `copy` (the block device FILE is copied to FILE.<n>, at every instant; N counts for nothing), or
`list` (the instants are written to FILE).
"""
from __future__ import annotations

import os
import signal
import subprocess
import sys

_CHANGES = {"os.rename", "os.remove", "os.symlink", "os.link", "os.mkdir", "os.rmdir", "os.chmod"}


def instants(action: str, wanted: int, file: str):
    """The audit hook."""
    state = {"count": 0, "busy": False}

    def hook(event: str, arguments: tuple) -> None:
        if state["busy"] or not _changes(event, arguments):
            return
        state["count"] += 1
        state["busy"] = True
        try:
            _act(action, state["count"], wanted, file, event, arguments)
        finally:
            state["busy"] = False

    return hook


def _changes(event: str, arguments: tuple) -> bool:
    if any("progress.json" in str(argument) for argument in arguments):
        return False
    if event == "open":
        return isinstance(arguments[0], str) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
    return event in _CHANGES or event == "subprocess.Popen"


def _act(action: str, count: int, wanted: int, file: str, event: str, arguments: tuple) -> None:
    if action == "list":
        with open(file, "a", encoding="utf-8") as out:
            words = arguments[1][:1] if event == "subprocess.Popen" else [str(one) for one in arguments if isinstance(one, str)]
            out.write(" ".join([event, *words]) + "\n")
    elif action == "copy":
        subprocess.run(["cp", "--sparse=always", file, f"{file}.{count}"], check=True)
    elif count == wanted and action == "fill":
        with open(file, "wb", buffering=0) as ballast:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError:
                    pass
    elif count == wanted:
        os.kill(os.getpid(), signal.Signals[action])


if __name__ == "__main__":
    name, number, place, module_utils, *rest = sys.argv[1:]
    sys.path[0] = module_utils
    sys.argv[1:] = rest
    from _mirror.command import main

    sys.addaudithook(instants(name, int(number), place))
    sys.exit(main())
