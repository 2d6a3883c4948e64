# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did, for the three who ask: Ansible (a result), monitors (status.json) and people (a line)."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field

from . import health, hook, metrics, signing
from .errors import FetchError, MirrorError, StorageError, without_credentials
from .plan import label, summary, table, total

SCHEMA = 1  # of status.json
_RUNS = 20  # how many are remembered
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-")
_UNCHANGED = {"name": "", "source": None, "stream": None, "index": None, "signer": None, "generation": None, "published": None,
              "upstream_updated": None, "items": 0, "bytes": 0, "images": [], "generations": [], "pinned": None, "selections": [],
              "stale_after": 0, "last_success": None, "last_verification": None, "runs": []}


@dataclass
class Run:
    """A run that has ended."""

    command: str  # sync, verify or rollback
    started: str  # ISO 8601 in UTC
    finished: str
    outcome: Result | BaseException  # what it did, or what ended it
    verification: object = None  # the Verification that it made


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

    def answer(self, path):
        """What a module answers. path: the mirror's directory, for the diff."""
        return dict(self.to_dict(), diff=self.diff(path), warnings=self.warnings)

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


def publish(settings, tree, run):
    """Tells all who ask of a run: status.json, its health, the metrics and the hook. What goes wrong with the others is a warning."""
    content = status(settings, tree, run)
    try:
        tree.report(content)
    finally:
        warning = _health(tree, content)
    warnings = [words for words in (warning, metrics.write(settings, content), hook.run(settings, content)) if words]
    if warnings:
        if isinstance(run.outcome, Result):
            run.outcome.warnings += warnings
        content["last_attempt"]["warnings"] = content["last_attempt"]["warnings"] + warnings
        with contextlib.suppress(StorageError):  # a full disk has room kept for the report, not for what came after it
            tree.report(content)


def catch_up(settings, tree):
    """Reports the run before this one, where it was killed and could not do so itself."""
    lost, attempt = tree.told(), tree.status().get("last_attempt")
    if not lost.get("running") or attempt and attempt["started"] == lost["started"]:
        return
    error = MirrorError("It was killed, or the host went down, before its end", "The system's log (journalctl -k) says whether "
                        "memory was short.", step=lost["step"])
    with contextlib.suppress(MirrorError):  # this run has its own report to make
        publish(settings, tree, Run(lost["command"], lost["started"], lost["updated"], error))


def _health(tree, content):
    try:
        health.tell(tree, content)
    except MirrorError as error:
        return "The answer for health checks could not be written: %s" % error
    return None


def status(settings, tree, run):
    """The content of status.json after a run, as docs/status.md has it. What a failed run did not change stays as it was."""
    former = tree.status()
    new = {key: former.get(key, default) for key, default in _UNCHANGED.items()}
    new.update(_settings(settings))
    with contextlib.suppress(MirrorError):  # what can't be read of the mirror is what the run has failed over
        new.update(_held(tree))
    attempt = _attempt(run)
    if isinstance(run.outcome, Result):
        if run.outcome.published or not new["published"]:
            new["published"] = run.finished
        if run.command == "sync" and not tree.pinned():  # a pinned mirror was not compared with upstream
            new["last_success"] = run.finished
    verified = _verification(run)
    if verified:
        new["last_verification"] = verified
    short = {key: attempt[key] for key in ("command", "started", "finished", "outcome", "exit_code", "added_bytes", "step")}
    short.update(generation=new["generation"], error=attempt["error"] and attempt["error"].splitlines()[0])
    return dict(new, schema=SCHEMA, last_attempt=attempt, runs=([short] + new["runs"])[:_RUNS],
                disk=dict(tree.disk(), mirror=sum(size for path, size in tree.files())))


def _settings(settings):
    """What the settings tell; those of a tree alone tell little."""
    told = {"name": getattr(settings, "name", None)}
    if hasattr(settings, "source"):
        told.update(source=without_credentials(settings.source), index=settings.index, stale_after=settings.max_age,
                    signer=_signer(settings),
                    selections=[{key: value for key, value in vars(selection).items() if value} for selection in settings.selections])
    return {key: value for key, value in told.items() if value is not None or key == "signer"}


def _signer(settings):
    with contextlib.suppress(MirrorError):
        return settings.index == "trimmed" and signing.fingerprint(settings.signing_home) or None
    return None


def _held(tree):
    """What the mirror holds and publishes."""
    current = tree.current()
    generations = tree.generations()
    items = next((list(generation.items.values()) for generation in generations if generation.name == current), [])
    return {
        "generation": current, "upstream_updated": current and _upstream_date(current), "stream": label(items),
        "items": len(items), "bytes": total(items), "images": summary(items), "pinned": tree.pinned(),
        "generations": [{"name": one.name, "published": one.published, "upstream_updated": _upstream_date(one.name),
                         "items": len(one.items), "bytes": total(one.items.values()), "current": one.name == current}
                        for one in generations],
    }


def _upstream_date(generation):
    """Upstream's date, which a generation's name begins with."""
    match = _DATE.match(generation)
    return match and "%s-%s-%sT%s:%s:%sZ" % match.groups()


def _attempt(run):
    attempt = {"command": run.command, "started": run.started, "finished": run.finished, "outcome": "ok", "exit_code": 0,
               "warnings": [], "added_bytes": 0, "served": {}, "step": None, "error": None, "failures": []}
    outcome = run.outcome
    if isinstance(outcome, Result):
        attempt.update(added_bytes=total(outcome.added), warnings=outcome.warnings, served=outcome.served)
    elif isinstance(outcome, MirrorError):
        attempt.update(outcome.to_dict(), outcome="failed", exit_code=outcome.exit_code, error=without_credentials(str(outcome)))
    else:
        code = outcome.code if isinstance(outcome, SystemExit) and isinstance(outcome.code, int) else 1
        attempt.update(outcome="failed", exit_code=code, error="stopped by signal %d" % (code - 128) if code > 128 else
                       "unexpected: %s: %s" % (type(outcome).__name__, without_credentials(str(outcome))))
    return attempt


def _verification(run):
    """What the run found out about all items, if that was what it was for."""
    verification = run.verification
    if not verification or verification.found is None or not (run.command == "verify" or verification.mode == "full"):
        return None
    repaired = 0
    if isinstance(run.outcome, Result):
        repaired = len(verification.found)
    elif isinstance(run.outcome, FetchError):
        repaired = len({item.path for item in verification.found} - {path for path, words in run.outcome.failures})
    return {"mode": verification.mode, "started": verification.started, "finished": run.finished, "items": len(verification.seen),
            "bytes": total(verification.seen), "bad": len(verification.found), "repaired": repaired}


def human(size):
    """Bytes in words: 12.3 MiB."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return "%.*f %s" % (0 if unit == "B" else 1, size, unit)
        size /= 1024
    return "%.1f GiB" % size
