# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a run and how they are shown."""
from __future__ import annotations

_LINE = ("{case:9} {stream:5} {condition:12} {tool:14} {items:5} {wall:>8} {limit:>7} {cpu_s:>7} {peak_mb:>8} "
         "{requests:>8} {mb:>8} {plan:>6} {whole}")
_TITLES = {"case": "case", "stream": "of", "condition": "condition", "tool": "tool", "items": "items", "wall": "wall s",
           "limit": "x limit", "cpu_s": "cpu s", "peak_mb": "peak MB", "requests": "requests", "mb": "MB",
           "plan": "x plan", "whole": ""}
_COLUMNS = ("case", "stream", "condition", "tool", "items", "cpu_s", "peak_mb", "requests")  # shown as they are
_FIRST = ("first", "grow")  # cases that the limit is measured for


class Table:
    """Prints each row when it comes, and all of them, ordered, at the end."""

    def __init__(self):
        self.rows = []

    def add(self, row):
        self.rows.append(row)
        print(self._line(row), flush=True)

    def print(self):
        print("\n" + _LINE.format(**_TITLES))
        order = {}
        for row in self.rows:
            order.setdefault((row["stream"], row["items"], row["case"], row["condition"]), []).append(row)
        for rows in order.values():
            for row in rows:
                print(self._line(row))

    def _line(self, row):
        least = [other["wall_s"] for other in self.rows
                 if other["tool"] == "limit" and row["case"] in _FIRST and row["case"] == other["case"] and
                 all(other[key] == row[key] for key in ("stream", "items", "condition"))]
        sent = row["bytes"] + row.get("before_kill", 0)
        return _LINE.format(
            wall="%.2f" % row["wall_s"], mb="%.1f" % (row["bytes"] / 1e6),
            limit="%.2f" % (row["wall_s"] * len(least) / sum(least)) if least else "",
            plan="%.3f" % (sent / row["plan_bytes"]), whole="" if row["complete"] else "incomplete or failed",
            **{key: row[key] for key in _COLUMNS})
