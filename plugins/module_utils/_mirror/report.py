# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did, for the three who ask: Ansible (a result), monitors (status.json) and people (a line)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import MirrorError, without_credentials
from .plan import summary, table, total

SCHEMA = 1  # of status.json


@dataclass
class Result:
    """What a sync did, or with check would do."""

    generation: str
    previous: str | None  # the generation that was published before
    before: dict  # {path: Item} published before
    after: dict  # {path: Item} published now
    added: list  # Items fetched
    removed: list  # (path, bytes) deleted
    published: bool = False
    pin: str = ""  # the generation that syncs leave published from now on
    pin_changed: bool = False
    warnings: list = field(default_factory=list)
    served: dict = field(default_factory=dict)  # which sources gave the "metadata" (a URL) and how many "files" ({URL: number})

    @property
    def changed(self):
        return self.published or self.pin_changed or bool(self.added) or bool(self.removed)

    def to_dict(self):
        return {
            "changed": self.changed,
            "generation": self.generation,
            "previous_generation": self.previous,
            "published": self.published,
            "added": [item.path for item in self.added],
            "added_bytes": total(self.added),
            "removed": [path for path, size in self.removed],
            "removed_bytes": sum(size for path, size in self.removed),
            "item_count": len(self.after),
            "bytes": total(self.after.values()),
            "images": summary(self.after.values()),
            "served": self.served,
        }

    def diff(self, path):
        """Ansible's diff: the images and their bytes as they were and as they are."""
        return {
            "before_header": "%s (%s)" % (path, self.previous or "nothing published"),
            "after_header": "%s (%s)" % (path, self.generation),
            "before": table(self.before.values()),
            "after": table(self.after.values()),
        }

    def line(self, name):
        if not self.changed:
            return "%s: unchanged, generation %s" % (name, self.generation)
        return "%s: generation %s: %d items, %s; added %d (%s), removed %d" % (
            name, self.generation, len(self.after), human(total(self.after.values())),
            len(self.added), human(total(self.added)), len(self.removed))


def status(settings, former, command, started, finished, outcome):
    """The content of status.json after a run.

    former: the status before it: what a failed run did not change stays as it was.
    command: sync, verify or rollback.
    started, finished: ISO 8601 in UTC.
    outcome: the run's Result, or the exception that ended it.
    """
    new = {key: former[key] for key in ("name", "source", "generation", "published", "items", "bytes", "images", "last_success",
                                        "pinned") if key in former}
    new.update((key, without_credentials(getattr(settings, key))) for key in ("name", "source") if hasattr(settings, key))
    attempt = {"command": command, "started": started, "finished": finished, "outcome": "ok"}
    if isinstance(outcome, Result):
        new.update(generation=outcome.generation, items=len(outcome.after), bytes=total(outcome.after.values()),
                   images=summary(outcome.after.values()), last_success=finished)
        if outcome.published or "published" not in new:
            new["published"] = finished
        if outcome.pin_changed:
            new["pinned"] = outcome.pin
        attempt.update(added_bytes=total(outcome.added), warnings=outcome.warnings, served=outcome.served)
    else:
        attempt.update(outcome="failed", error=without_credentials(str(outcome) or type(outcome).__name__))
        if isinstance(outcome, MirrorError):
            attempt.update(outcome.to_dict(), exit_code=outcome.exit_code)
    return dict(new, schema=SCHEMA, last_attempt=attempt)


def human(size):
    """Bytes in words: 12.3 MiB."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return "%.*f %s" % (0 if unit == "B" else 1, size, unit)
        size /= 1024
    return "%.1f GiB" % size
