# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sync is meant to reach, and whether the rows of a run show it. Pure: of rows comes a verdict."""
from __future__ import annotations

from statistics import median

SLOWER, FASTER, MORE_BYTES, REQUESTS, MEMORY, STEADY = 1.1, 15, 1.02, 6, 80, 1.25
_OURS, _LIMIT, _OFFICIAL = "ours", "limit", "sstream-mirror"


def verdicts(rows):
    """[(target, what was measured, whether it is met)] for each target that the rows have something about."""
    found = [*_first(rows), *_bytes(rows), *_noop(rows), *_memory(rows), *_growth(rows)]
    return found + [("every run ends well and with all items", "%s of %s, %s failed" % (row["case"], row["stream"], row["tool"]), False)
                    for row in rows if row["tool"] == _OURS and not row["complete"]]


def show(rows):
    """The verdicts as lines of text."""
    return "".join("%-6s %-62s %s\n" % ("met" if met else "MISSED", target, measured) for target, measured, met in verdicts(rows))


def _walls(rows, **key):
    """Seconds of the rows with these values; of several runs the middle one counts. None where there is none."""
    found = [row["wall_s"] for row in rows if all(row[name] == value for name, value in key.items())]
    return median(found) if found else None


def _ours(rows, case):
    """[(stream, condition)] of the rows of a case that are ours, in their order."""
    return list(dict.fromkeys((row["stream"], row["condition"]) for row in rows if (row["tool"], row["case"]) == (_OURS, case)))


def _first(rows):
    for stream, condition in _ours(rows, "first"):
        key = {"case": "first", "stream": stream, "condition": condition}
        ours, limit, official = (_walls(rows, tool=tool, **key) for tool in (_OURS, _LIMIT, _OFFICIAL))
        if limit:
            yield ("first sync of %s, %s: at most %.1f x the limit" % (stream, condition, SLOWER), "%.2f x" % (ours / limit),
                   ours <= SLOWER * limit)
        if official and condition.endswith("limited"):
            yield ("first sync of %s, %s: at least %d x as fast as %s" % (stream, condition, FASTER, _OFFICIAL),
                   "%.1f x" % (official / ours), official >= FASTER * ours)


def _bytes(rows):
    parts = {case: [(row["bytes"] + row.get("before_kill", 0)) / row["plan_bytes"] for row in rows
                    if (row["tool"], row["case"]) == (_OURS, case)] for case in ("first", "resume")}
    for case, ratios in parts.items():
        if ratios:
            yield ("bytes over the wire, %s: at most %.2f x the plan" % (case, MORE_BYTES), "%.3f x" % max(ratios),
                   max(ratios) <= MORE_BYTES)


def _noop(rows):
    requests = [row["requests"] for row in rows if (row["tool"], row["case"]) == (_OURS, "noop")]
    if requests:
        yield "nothing new: at most %d requests" % REQUESTS, "%d" % max(requests), max(requests) <= REQUESTS
    for stream, condition in _ours(rows, "noop"):
        key = {"case": "noop", "stream": stream, "condition": condition}
        ours, official = _walls(rows, tool=_OURS, **key), _walls(rows, tool=_OFFICIAL, **key)
        if official:
            yield ("nothing new of %s, %s: not slower than %s" % (stream, condition, _OFFICIAL),
                   "%.2f s, %.2f s" % (ours, official), ours <= official)


def _memory(rows):
    peaks = {row["items"]: row["peak_mb"] for row in sorted(rows, key=lambda row: row["peak_mb"]) if row["tool"] == _OURS}
    if peaks:
        yield ("memory: at most %d MB" % MEMORY, "%.0f MB, with %d items" % (max(peaks.values()), max(peaks, key=peaks.get)),
               max(peaks.values()) <= MEMORY)


def _growth(rows):
    grown = sorted({row["items"] for row in rows if (row["tool"], row["case"]) == (_OURS, "grow")})
    if len(grown) > 1:
        each = [1000 * _walls(rows, tool=_OURS, case="grow", items=items) / items for items in grown]
        yield ("cost of an item: flat from %d to %d" % (grown[0], grown[-1]),
               ", ".join("%.2f ms" % cost for cost in each), each[-1] <= STEADY * each[0])
