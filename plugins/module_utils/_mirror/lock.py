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

_GIVES_WAY = "gives way"  # in the words of a holder that lets go soon when it is asked to
_PATIENCE = 60  # seconds to wait for such a one, whatever the timeout


@contextlib.contextmanager
def locked(path, timeout, gives_way=False):
    """Holds the lock of a file for the length of the block.

    timeout: seconds to wait for another holder; 0 fails at once.
    gives_way: the block looks at asked() and ends soon when somebody wants the lock.
    LockedError: who holds it, and since when.
    """
    begun = time.monotonic()
    with explained(path):
        file = open(path, "a+", encoding="utf-8")
    with file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                patience = timeout
                if _GIVES_WAY in holder and not gives_way:
                    _ask(path)
                    patience = max(timeout, _PATIENCE)
                if time.monotonic() - begun >= patience:
                    raise LockedError("Another run works on this mirror: %s" % holder,
                                      "Wait for it, or set lock_timeout to the seconds to wait.") from error
                time.sleep(0.2)
        with contextlib.suppress(OSError):
            os.unlink(path + ".wanted")
        _note(file, "process %d since %s%s" % (os.getpid(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                                               ", which gives way" if gives_way else ""))
        yield
        _note(file, "")


def asked(path):
    """Whether somebody waits for a holder of the lock that gives way."""
    return os.path.exists(path + ".wanted")


def _ask(path):
    with contextlib.suppress(OSError):
        with open(path + ".wanted", "w", encoding="utf-8"):
            pass


def _note(file, words):
    """Who holds the lock, for whoever finds it held. On a full disk nobody is told; the lock holds without."""
    with contextlib.suppress(OSError):
        os.truncate(file.fileno(), 0)
        os.write(file.fileno(), words.encode())
