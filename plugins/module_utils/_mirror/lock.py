# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on a mirror. The kernel lets go of the lock when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time

from .errors import LockedError, explained


@contextlib.contextmanager
def locked(path, timeout):
    """Holds the lock of a file for the length of the block.

    timeout: seconds to wait for another holder; 0 fails at once.
    LockedError: who holds it, and since when.
    """
    deadline = time.monotonic() + timeout
    with explained(path):
        file = open(path, "a+", encoding="utf-8")
    with file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    file.seek(0)
                    raise LockedError("Another run works on this mirror: %s" % (file.read().strip() or "unknown"),
                                      "Wait for it, or set lock_timeout to the seconds to wait.") from error
                time.sleep(0.2)
        _note(file, "process %d since %s" % (os.getpid(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))
        yield
        _note(file, "")


def _note(file, words):
    """Who holds the lock, for whoever finds it held. On a full disk nobody is told; the lock holds without."""
    with contextlib.suppress(OSError):
        os.truncate(file.fileno(), 0)
        os.write(file.fileno(), words.encode())
