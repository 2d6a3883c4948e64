# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run at work looks like: a bar on a terminal, lines in a journal."""

from __future__ import annotations

import os

from .progress import Pace, words

_BAR = 24  # characters


def display(stream, name):
    """What shows the states of a run on a stream: a function for progress.watched()."""
    if stream.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return Bar(stream)
    return Lines(stream, name)


class Bar:
    """One line that is drawn over and over, and gone at the end."""

    def __init__(self, stream):
        self._stream = stream

    def __call__(self, state):
        text = ""
        if state["running"]:
            text = words(state)
            if state["bytes"]:
                full = _BAR * state["bytes_done"] // state["bytes"]
                text = "[%s%s] %3d%% %s, %d of %d items" % ("#" * full, "." * (_BAR - full), 100 * state["bytes_done"] // state["bytes"],
                                                            text, state["items_done"], state["items"])
        self._stream.write("\r\x1b[K" + text[:self._width()])
        self._stream.flush()

    def _width(self):
        try:
            return os.get_terminal_size(self._stream.fileno()).columns - 1
        except OSError:
            return 79


class Lines:
    """A line now and then; a run of a few seconds has none."""

    def __init__(self, stream, name):
        self._stream, self._name, self._pace = stream, name, Pace()
        self._states = 0

    def __call__(self, state):
        self._states += 1
        if state["running"] and self._states > 3 and self._pace.worth_saying(state):
            self._stream.write("%s: %s\n" % (self._name, words(state)))
            self._stream.flush()
