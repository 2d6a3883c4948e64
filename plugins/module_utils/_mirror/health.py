# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a mirror is fresh, complete and as listed, told so that a web server can answer it alone, with no daemon to ask.

    .mirror/health/fresh/1763999      there while the mirror is fresh: one link for each period of time until it is stale
    .mirror/health/fresh/176400012    the last periods are shorter: the name is the time, in thousands or tens of seconds
    .mirror/health/fresh/always       where it never is stale
    .mirror/health/fresh.json         the answer, which these links lead to
    .mirror/health/why.json           the answer where there is no link for the present time

So it tells the truth when every timer has died: what makes a mirror stale is that nobody makes more links.
"""

from __future__ import annotations

import datetime
import json
import os
import time

from .errors import StorageError, explained
from .tree import replace

LONG, SHORT = 1000, 10  # seconds of a period; the role mirror_web's site for nginx counts with these
_SHOWN = 5  # items that an answer names


def tell(tree, status, now=None):
    """Makes the answer true after a run, whether it went well or not.

    status: the content of status.json. now: seconds since 1970.
    StorageError: it can't be written.
    """
    now = time.time() if now is None else now
    answer = {"mirror": status.get("name") or os.path.basename(tree.path), "generation": tree.current(),
              "last_success": status.get("last_success"), "pinned": status.get("pinned") or None}
    wrong = _wrong(tree)
    if wrong:
        with explained(tree.health):
            _link(os.path.join(tree.health, "fresh"), set())  # first: it needs no room on a full disk
            _write(tree, "why.json", dict(answer, **wrong))
        return
    last, max_age = _seconds(answer["last_success"]), status.get("stale_after", 0)
    last = last and min(last, now)  # a clock that was ahead must not make it fresh for years
    end = last and last + max_age if max_age else None
    names = _periods(now, end) if last and max_age else ["always"] if last else []
    until = datetime.datetime.fromtimestamp(end, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if end else None
    with explained(tree.health):
        _write(tree, "fresh.json", dict(answer, status="fresh", fresh_until=until))
        _write(tree, "why.json", dict(answer, status="stale", reason=(
            "the last sync that went well ended %s, more than %d seconds (max_age) ago" % (answer["last_success"], max_age)
            if last else "no sync has gone well yet")))
        _link(os.path.join(tree.health, "fresh"), set(names))


def doubt(tree, items):
    """Some items are missing or are not what is listed. Where these are published, the mirror is not healthy from now on.

    It is again when tell() finds them all, with their sizes and changed since.
    """
    published = _published(tree)
    doubted = [item for item in items if item.path in published]
    corrupt = {item.path: _identity(tree, item.path) for item in doubted if tree.size(item.path) == item.size}
    if corrupt:
        with explained(tree.health):
            _write(tree, "suspects.json", dict(_suspects(tree), **corrupt))
    if doubted:
        tell(tree, tree.status())


def _wrong(tree):
    """{status, reason} of a mirror that publishes what it does not have, or nothing; {} where all is well."""
    try:
        published = _published(tree)
    except StorageError as error:
        return {"status": "unverified", "reason": str(error)}
    if not published:
        return {"status": "empty", "reason": "nothing is published yet"}
    absent = [path for path, item in published.items() if tree.size(path) != item.size]
    if absent:
        return {"status": "incomplete", "reason": "%d published items are missing or have another size: %s" % (
            len(absent), _named(absent))}
    suspects = [path for path, identity in _suspects(tree).items() if path in published and _identity(tree, path) == identity]
    if suspects:
        return {"status": "unverified", "reason": "%d published items have another SHA-256 than listed: %s" % (
            len(suspects), _named(suspects))}
    return {}


def _published(tree):
    """{path: Item} of what is published."""
    current = tree.current()
    return next((generation.items for generation in tree.generations() if generation.name == current), {})


def _named(paths):
    return ", ".join(sorted(paths)[:_SHOWN]) + (", …" if len(paths) > _SHOWN else "")


def _suspects(tree):
    """{path: identity} of the files that were found corrupt."""
    try:
        with open(os.path.join(tree.health, "suspects.json"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def _identity(tree, path):
    """What changes when a file is replaced or written to; not when it gets one more name."""
    with explained(path):
        stat = os.stat(os.path.join(tree.path, path))
    return [stat.st_ino, stat.st_mtime_ns]


def _periods(now, end):
    """The names of all periods from now to the end, which is never in one of them."""
    last = int(end) // LONG
    first = min(int(now) // LONG, last)
    return ([str(number) for number in range(first, last)]
            + [str(number) for number in range(max(last * LONG, int(now)) // SHORT, int(end) // SHORT)])


def _link(directory, names):
    """Makes these links and no others be there. One that stays is there all the time."""
    os.makedirs(directory, mode=0o755, exist_ok=True)
    there = set(os.listdir(directory))
    for name in sorted(names - there):
        os.symlink(os.path.join("..", "fresh.json"), os.path.join(directory, name))
    for name in there - names:
        os.unlink(os.path.join(directory, name))


def _write(tree, name, answer):
    os.makedirs(tree.health, mode=0o755, exist_ok=True)
    replace(os.path.join(tree.health, name), json.dumps(answer, sort_keys=True) + "\n")


def _seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None
