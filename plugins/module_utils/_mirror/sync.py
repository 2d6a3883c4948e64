# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a mirror: lock, snapshot, plan, preflight, fetch, verify, publish, prune, report.

Each function returns a report.Result, or raises the MirrorError that says which step failed over what; then the published
generation is as it was. With check=True it makes the same plan, from the real stream, and touches nothing.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile

from . import report, signing, work
from .errors import FetchError, MirrorError
from .fetch import fetch
from .identity import call_as
from .lock import locked
from .progress import Progress
from .tree import KEYRING, Tree
from .trim import trim


def sync(settings, check=False, progress=None):
    """Makes the mirror hold and publish what is selected of the stream.

    A pinned mirror stays as it is; what it lacks of its kept generations is fetched again.
    progress: a Progress that is told how far it is.
    """
    def plan(tree, snapshot, steps):
        if not tree.pinned():
            if settings.index == "trimmed" and not check:
                signing.make(settings.signing_home)
            return work.update(settings, tree, snapshot, steps, _now())
        held = work.repair(settings, tree, steps)
        held.result.warnings.append("pinned to generation %s: the stream was not looked at" % tree.pinned())
        return held

    return _run(settings, "sync", plan, check, progress)


def verify(settings, check=False, progress=None):
    """Fetches again what is not on disk as the kept generations list it."""
    return _run(settings, "verify", lambda tree, snapshot, steps: work.repair(settings, tree, steps), check, progress)


def rollback(settings, generation, pinned=True, check=False):
    """Publishes a kept generation (a name, `previous` or `latest`) at once; pinned: syncs leave it published."""
    def plan(tree, snapshot, steps):
        planned = work.rollback(settings, tree, steps, generation)
        planned.result.pin = planned.result.generation if pinned else ""
        planned.result.pin_changed = (tree.pinned() or "") != planned.result.pin
        return planned

    return _run(settings, "rollback", plan, check)


def _run(settings, command, plan, check, progress=None):
    tree, progress = Tree(settings.path), progress or Progress()
    if check:
        tree.check_vacant()
        with tempfile.TemporaryDirectory(prefix="maas-image-mirror-") as directory:
            return plan(tree, os.path.join(directory, "snapshot"), progress.step).result
    os.umask(0o022)  # nginx reads what is written, whatever the caller's umask
    if command == "sync":
        tree.prepare(settings.owner)
    return call_as(settings.owner, _carry_out, settings, tree, command, plan, progress)


def _carry_out(settings, tree, command, plan, progress):
    started = _now()
    with locked(tree.lock, settings.lock_timeout):
        try:
            outcome = _apply(settings, tree, plan(tree, tree.snapshot, progress.step), progress)
        except BaseException as error:
            if isinstance(error, MirrorError):
                error.step = error.step or progress.current
            with contextlib.suppress(MirrorError):  # a full disk must not hide what went wrong first
                tree.report(report.status(settings, tree.status(), command, started, _now(), error))
            raise
        tree.report(report.status(settings, tree.status(), command, started, _now(), outcome))
        return outcome


def _apply(settings, tree, planned, progress):
    result = planned.result
    progress.step("fetch")
    missing = planned.missing + [item for item, sibling, path in planned.linked if not tree.share(item, sibling, path)]
    tree.forget_partials(missing)
    if missing:
        result.served["files"] = fetch(settings, tree, missing, progress)

    progress.step("verify")
    absent = [item for item in result.after.values() if tree.size(item.path) != item.size]
    if absent:
        raise FetchError("%d items are not on disk as listed" % len(absent), "Something else changes %s." % settings.path,
                         failures=[(item.path, "%s bytes, listed %d" % (tree.size(item.path), item.size)) for item in absent])

    progress.step("publish")
    if result.pin_changed:
        tree.pin(result.pin or None)
    if result.published and planned.fresh:
        if settings.index == "trimmed":
            trim(settings, tree.snapshot, planned.rows)
            signing.export(settings.signing_home, os.path.join(settings.path, KEYRING))
            signing.rest(settings.signing_home)
        tree.store(result.generation, result.after, _now())
    if result.published:
        tree.publish(result.generation)
    tree.clear(tree.snapshot)

    progress.step("prune")
    tree.drop(path for path, size in result.removed)
    for generation in planned.retired:  # after its items: a kill between the two leaks nothing
        tree.clear(generation.directory)
    return result


def _now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
