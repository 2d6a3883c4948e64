# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror's status in the text format of Prometheus, for node_exporter's textfile collector."""

from __future__ import annotations

import datetime
import os

from .errors import MirrorError, explained
from .tree import replace

_PREFIX = "maas_image_mirror_"


def write(settings, status):
    """Replaces the file of metrics; a warning where that can't be done, else None."""
    if not settings.metrics:
        return None
    path = settings.metrics
    if os.path.isdir(path):
        path = os.path.join(path, "%s%s.prom" % (_PREFIX, status["name"]))
    try:
        with explained(path):
            replace(path, render(status))
    except MirrorError as error:
        return "The metrics could not be written: %s" % error
    return None


def render(status):
    """The metrics of a status (docs/status.md), as text. What is not known is left out."""
    return "".join(_family(status["name"], *family) for family in _families(status))


def _families(status):
    """(name, help, [(labels, value)]): times are seconds since 1970, sizes bytes."""
    attempt, verified, disk = status["last_attempt"], status["last_verification"] or {}, status["disk"]
    of_attempt = {"command": attempt["command"]}
    of_verification = {"mode": verified.get("mode", "")}
    return [
        ("info", "What the mirror is of and what it publishes.", [(
            {key: status[key] or "" for key in ("source", "stream", "index", "generation")}, 1)]),
        ("items", "Items of the published generation.", [({}, status["items"])]),
        ("size_bytes", "Size of the items of the published generation.", [({}, status["bytes"])]),
        ("generations", "Generations that are kept.", [({}, len(status["generations"]))]),
        ("pinned", "Whether syncs leave the published generation as it is.", [({}, int(bool(status["pinned"])))]),
        ("published_timestamp_seconds", "When the published generation was published.", [({}, _seconds(status["published"]))]),
        ("upstream_updated_timestamp_seconds", "Upstream's own date of the published generation.",
         [({}, _seconds(status["upstream_updated"]))]),
        ("last_success_timestamp_seconds", "End of the last sync that compared the mirror with upstream.",
         [({}, _seconds(status["last_success"]))]),
        ("max_age_seconds", "Time after the last success from which the mirror counts as stale; 0 is never.",
         [({}, status["stale_after"])]),
        ("last_attempt_timestamp_seconds", "End of the last run.", [(of_attempt, _seconds(attempt["finished"]))]),
        ("last_attempt_duration_seconds", "How long the last run took.",
         [(of_attempt, round(_seconds(attempt["finished"]) - _seconds(attempt["started"]), 3))]),
        ("last_attempt_success", "Whether the last run went well.", [(of_attempt, int(attempt["outcome"] == "ok"))]),
        ("last_attempt_exit_code", "Exit code of the last run.", [(of_attempt, attempt["exit_code"])]),
        ("last_attempt_added_bytes", "Size of the items that the last run has added.", [(of_attempt, attempt["added_bytes"])]),
        ("last_attempt_failed_items", "Items that failed in the last run.", [(of_attempt, len(attempt["failures"]))]),
        ("verification_timestamp_seconds", "End of the last verification.",
         [(of_verification, _seconds(verified.get("finished")))]),
        ("verification_items", "Items that the last verification looked at.", [(of_verification, verified.get("items"))]),
        ("verification_bad_items", "Items that the last verification found bad.", [(of_verification, verified.get("bad"))]),
        ("verification_repaired_items", "Items that were bad and are right again since the last verification.",
         [(of_verification, verified.get("repaired"))]),
        ("files_bytes", "Size of the mirror's files, of all generations.", [({}, disk["mirror"])]),
        ("filesystem_avail_bytes", "Bytes of the file system that the mirror may still write.", [({}, disk["free"])]),
        ("filesystem_size_bytes", "Size of the file system.", [({}, disk["total"])]),
    ]


def _family(mirror, name, text, samples):
    samples = ["%s%s{%s} %s\n" % (_PREFIX, name, ",".join(
        "%s=%s" % (key, _quoted(words)) for key, words in [("mirror", mirror)] + list(labels.items())), value)
        for labels, value in samples if value is not None]
    if not samples:
        return ""
    return "# HELP %s%s %s\n# TYPE %s%s gauge\n%s" % (_PREFIX, name, text, _PREFIX, name, "".join(samples))


def _quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None
