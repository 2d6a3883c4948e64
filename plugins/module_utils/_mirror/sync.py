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
import time

from . import report, signing, work
from .errors import FetchError, MirrorError
from .fetch import fetch
from .identity import call_as
from .lock import locked
from .progress import Meter, Progress, watched
from .tree import KEYRING, Tree
from .trim import trim
from .verification import GaveWay, Verification

_PAUSE = 2  # seconds for which a verification that gave way leaves the lock alone


def sync(settings, check=False, shows=()):
    """Makes the mirror hold and publish what is selected of the stream.

    A pinned mirror stays as it is; what it lacks of its kept generations is fetched again.
    shows: functions that are given the state of the run (progress.Meter) once a second.
    """
    def plan(tree, snapshot, steps, verification):
        if not tree.pinned():
            if settings.index == "trimmed" and not check:
                signing.make(settings.signing_home, os.path.join(settings.path, KEYRING))
            return work.update(settings, tree, snapshot, steps, _now(), verification)
        held = work.repair(settings, tree, steps, verification)
        held.result.warnings.append("pinned to generation %s: the stream was not looked at" % tree.pinned())
        return held

    return _run(settings, "sync", plan, check, shows)


def verify(settings, check=False, shows=()):
    """Fetches again what is not on disk as the kept generations list it. A sync that starts meanwhile goes first."""
    def plan(tree, snapshot, steps, verification):
        return work.repair(settings, tree, steps, verification)

    return _run(settings, "verify", plan, check, shows)


def rollback(settings, generation, pinned=True, check=False):
    """Publishes a kept generation (a name, `previous` or `latest`) at once; pinned: syncs leave it published."""
    def plan(tree, snapshot, steps, verification):
        planned = work.rollback(settings, tree, steps, generation)
        planned.result.pin = planned.result.generation if pinned else ""
        planned.result.pin_changed = (tree.pinned() or "") != planned.result.pin
        return planned

    return _run(settings, "rollback", plan, check)


def public_keyring(settings):
    """The path of the keyring that verifies what a mirror publishes, on its host; None where it is not signed."""
    if settings.index == "trimmed":
        return os.path.join(settings.path, KEYRING)
    return settings.keyring if settings.verify_signature else None


def _run(settings, command, plan, check, shows=()):
    tree = Tree(settings.path)
    if check:
        tree.check_vacant()
        progress = Progress()
        with tempfile.TemporaryDirectory(prefix="maas-image-mirror-") as directory:
            verification = _verification(settings, tree, progress, command, lasting=False)
            return plan(tree, os.path.join(directory, "snapshot"), progress.step, verification).result
    os.umask(0o022)  # nginx reads what is written, whatever the caller's umask
    if command == "sync":
        tree.prepare(settings.owner)
    return call_as(settings.owner, _carry_out, settings, tree, command, plan, shows)


def _carry_out(settings, tree, command, plan, shows):
    started, timeout = _now(), settings.lock_timeout
    while True:
        try:
            with locked(tree.lock, timeout, gives_way=command == "verify"):
                return _hold(settings, tree, command, plan, shows, started)
        except GaveWay:
            timeout = float("inf")  # whoever goes first has the time that it takes
            time.sleep(_PAUSE)


def _hold(settings, tree, command, plan, shows, started):
    report.catch_up(settings, tree)
    progress = Meter(command, started)
    verification = _verification(settings, tree, progress, command)
    with watched(progress, [tree.tell, *shows]):
        try:
            outcome = _apply(settings, tree, plan(tree, tree.snapshot, progress.step, verification), progress)
        except GaveWay:
            raise
        except BaseException as error:
            if isinstance(error, MirrorError):
                error.step = error.step or progress.current
            with contextlib.suppress(MirrorError):  # a full disk must not hide what went wrong first
                report.publish(settings, tree, report.Run(command, started, _now(), error, verification))
            raise
        if verification:
            verification.done()
        report.publish(settings, tree, report.Run(command, started, _now(), outcome, verification))
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
    tree.open_up(result.after)

    progress.step("publish")
    if result.pin_changed:
        tree.pin(result.pin or None)
    if result.published and planned.fresh:
        if settings.index == "trimmed":
            trim(settings, tree.snapshot, planned.rows)
            signing.export(settings.signing_home, os.path.join(settings.path, KEYRING))
            signing.rest(settings.signing_home)
        tree.store(result.generation, result.after, _now())
    elif result.added:
        tree.settle()
    if result.published:
        tree.publish(result.generation)
    tree.clear(tree.snapshot)

    progress.step("prune")
    for generation in planned.retired:  # before its items: a verification after a kill must not want them back
        tree.retire(generation.name)
    tree.drop(path for path, size in result.removed)
    tree.clear(tree.former)
    return result


def _verification(settings, tree, progress, command, lasting=True):
    """What finds out about the items on disk; a rollback is over without."""
    if command != "rollback":
        return Verification(settings, tree, progress, _now(), lasting, gives_way=lasting and command == "verify")
    return None


def _now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
