# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a run is, for whoever watches it."""

from __future__ import annotations


class Progress:
    """Is told what a run does; this one remembers the step, for the error that may come, and shows nothing."""

    current = ""  # the step: snapshot, plan, preflight, fetch, verify, publish or prune

    def step(self, name):
        """The run begins a step."""
        self.current = name

    def begin(self, count, size):
        """So many items, of so many bytes in all, are going to be fetched."""

    def advance(self, size):
        """So many bytes have come; fewer than none where some are thrown away. May be called by several threads."""

    def admitted(self, item):
        """An item is in its place. May be called by several threads."""
