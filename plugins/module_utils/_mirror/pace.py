# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When to go on: how fast bytes may come, and how long to wait before something is tried again."""

from __future__ import annotations

import random
import threading
import time

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30  # seconds between tries, doubled each time
_PATIENCE = 120  # seconds: the longest that a server's Retry-After is followed


class Throttle:
    """Holds back whoever asks, so that all of them together get so many bytes a second."""

    def __init__(self, rate):
        """rate: bytes a second; 0 holds nobody back."""
        self.rate = rate
        self._lock = threading.Lock()
        self._free = time.monotonic()  # when all bytes that were granted have had their time

    def pass_on(self, size):
        """Waits until the bytes that were granted before have had their time, and takes so many more."""
        if self.rate:
            with self._lock:
                now = time.monotonic()
                begin = max(now, self._free)
                self._free = begin + size / self.rate
            time.sleep(begin - now)


def pause(tries, after):
    """The seconds to wait before trying again; random, so that many who failed together don't come back together.

    tries: how many there have been. after: what the server has asked for.
    """
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (tries - 1))
    return max(min(after, _PATIENCE), random.uniform(wait / 2, wait))
