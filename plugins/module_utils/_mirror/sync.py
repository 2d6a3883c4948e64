# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a sync: lock, snapshot, plan, preflight, fetch, verify, publish, prune, report."""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile

from . import metadata, plan, preflight, report
from .errors import FetchError, MirrorError
from .fetch import fetch
from .identity import call_as
from .lock import locked
from .tree import Tree


def sync(settings):
    """Makes the mirror hold and publish what is selected of the stream. Returns a report.Result.

    MirrorError: which step failed, over what; the published generation is as it was.
    """
    os.umask(0o022)  # nginx reads what is written, whatever the caller's umask
    Tree(settings.path).prepare(settings.owner)
    return call_as(settings.owner, _sync, settings)


def check(settings):
    """What sync() would do now: the plan, from the real stream; the mirror is not touched."""
    tree = Tree(settings.path)
    tree.check_vacant()
    with tempfile.TemporaryDirectory(prefix="maas-image-mirror-") as directory:
        return _plan(settings, tree, os.path.join(directory, "snapshot"), _Steps()).result


def _sync(settings):
    tree, steps, started = Tree(settings.path), _Steps(), _now()
    with locked(tree.lock, settings.lock_timeout):
        try:
            outcome = _apply(settings, tree, _plan(settings, tree, tree.snapshot, steps), steps)
        except BaseException as error:
            if isinstance(error, MirrorError):
                error.step = error.step or steps.current
            with contextlib.suppress(MirrorError):  # a full disk must not hide what went wrong first
                tree.report(report.status(settings, tree.status(), started, _now(), error))
            raise
        tree.report(report.status(settings, tree.status(), started, _now(), outcome))
        return outcome


class _Steps:
    """Where a run is, for the error that may come."""

    current = ""

    def __call__(self, name):
        self.current = name


class _Work:
    """The plan of a run: what it will fetch, publish and drop, and the result that this comes to."""

    def __init__(self, missing, retired, result):
        self.missing = missing
        self.retired = retired
        self.result = result


def _plan(settings, tree, snapshot, steps):
    steps("snapshot")
    tree.clear(snapshot)
    metadata.snapshot(settings, snapshot)

    steps("plan")
    found = [metadata.rows(settings, snapshot, selection) for selection in settings.selections]
    wanted = plan.items(row for rows in found for row in rows)
    index = metadata.Index(settings, snapshot)
    generations = tree.generations()
    current = next((generation for generation in generations if generation.name == tree.current()), None)

    steps("preflight")
    for number, (selection, rows) in enumerate(zip(settings.selections, found), 1):
        preflight.selection(number, selection, rows, lambda: metadata.rows(settings, snapshot))
    if settings.require_bootloaders:
        preflight.bootloaders(wanted.values())
    preflight.age(index, current and metadata.Index(settings, current.directory), settings.allow_downgrade)
    listed = {path: item for generation in generations for path, item in generation.items.items()}
    preflight.immutable(wanted, listed)

    others = [generation for generation in generations if generation.name != index.generation]
    kept, retired = others[:settings.keep_generations - 1], others[settings.keep_generations - 1:]
    missing = [item for item in wanted.values() if not _present(tree, item, listed)]
    promised = set(wanted).union(*(generation.items for generation in kept))
    dropped = [(path, size) for path, size in tree.files() if path not in promised]
    preflight.space(plan.total(missing) - tree.arrived(missing), tree.free(), settings.path)

    before = current.items if current else {}
    published = current is None or current.name != index.generation or before != wanted
    return _Work(missing, retired, report.Result(
        generation=index.generation, previous=current.name if current else None, before=before, after=wanted,
        added=missing, removed=dropped, published=published))


def _present(tree, item, listed):
    """Whether an item is on disk. What no generation lists (a run was cut off before it published) is read and hashed."""
    return tree.size(item.path) == item.size and (item.path in listed or tree.matches(item))


def _apply(settings, tree, work, steps):
    result = work.result
    steps("fetch")
    tree.forget_partials(work.missing)
    if work.missing:
        fetch(settings, tree, work.missing)

    steps("verify")
    absent = [item for item in result.after.values() if tree.size(item.path) != item.size]
    if absent:
        raise FetchError("%d items are not on disk as listed" % len(absent), "Something else changes %s." % settings.path,
                         failures=[(item.path, "%s bytes, listed %d" % (tree.size(item.path), item.size)) for item in absent])

    steps("publish")
    if result.published:
        tree.publish(result.generation, result.after, _now())
    tree.clear(tree.snapshot)

    steps("prune")
    tree.drop(path for path, size in result.removed)
    tree.retire(work.retired)
    return result


def _now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
