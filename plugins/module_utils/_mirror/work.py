# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans what a run does, and touches nothing but a snapshot of the metadata: a check stops here, a run goes on."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from types import SimpleNamespace

from . import metadata, plan, preflight, retention, signing
from .errors import MirrorError, RefusedError, StorageError, without_credentials
from .report import Result
from .tree import Tree


@dataclass
class Work:
    """What a run will do, and the result that this comes to."""

    result: Result
    missing: list = field(default_factory=list)  # Items to fetch
    linked: list = field(default_factory=list)  # (Item, mirror, path there): what is on disk under another path
    rows: list = field(default_factory=list)  # sstream-query's rows of what is wanted, for a trimmed index
    fresh: bool = False  # the snapshot becomes a generation
    retired: list = field(default_factory=list)  # Generations to delete


def update(settings, tree, snapshot, steps, now, verification):
    """A sync: take what is selected of the stream as it is now.

    snapshot: the directory for the metadata. now: ISO 8601 in UTC. verification: tells which items are not on disk.
    """
    steps("snapshot")
    tree.clear(snapshot)
    served, found, index = metadata.snapshot(settings, snapshot)

    steps("plan")
    generations, current = _generations(tree)  # no sooner: of a large stream they take memory, and so does sstream-query
    rows = [row for taken in found for row in taken]
    wanted = plan.items(rows)
    name = index.generation(wanted.values(), settings.index == "trimmed" and signing.fingerprint(settings.signing_home) or "")

    steps("preflight")
    for number, (selection, taken) in enumerate(zip(settings.selections, found), 1):
        preflight.selection(number, selection, taken, lambda: metadata.rows(settings, snapshot))
    if settings.require_bootloaders:
        preflight.bootloaders(wanted.values())
    intact = current is None or tree.intact(current)
    preflight.age(index, _published(current, intact), settings.allow_downgrade)
    listed = _listed(generations)
    preflight.immutable(wanted, listed)
    before = current.items if current else {}
    preflight.wipe(before.values(), wanted.values(), settings.wipe_ratio)

    kept, retired = retention.split(generations, name, settings.keep_generations, settings.prune_grace, tree.current(), now)
    added = verification.bad(wanted.values(), listed)
    missing, linked = _obtainable(settings, tree, added, listed)
    promised = set(wanted).union(*(generation.items for generation in kept))
    settled = retention.settled(generations, settings.prune_grace, now)
    dropped = [(path, size) for path, size in tree.files() if path not in promised and (settled or path.startswith("."))]
    result = Result(generation=name, previous=current and current.name, before=before, after=wanted, added=added, removed=dropped,
                    published=current is None or current.name != name or not intact,
                    served={"metadata": without_credentials(served)})
    return Work(result, missing, linked, rows=rows if settings.index == "trimmed" else [], fresh=True, retired=retired)


def repair(settings, tree, steps, verification):
    """A verification: fetch again what is not on disk as the kept generations list it. The stream is not looked at."""
    steps("verify")
    generations, current = _generations(tree)
    _require(current, settings)
    if not tree.intact(current):
        raise StorageError("The metadata in %s is not as it was published" % current.directory,
                           "A sync publishes it again; a pinned mirror has to be unpinned for that, or rolled back.")
    listed = _listed(generations)
    added = verification.bad(listed.values(), listed)
    missing, linked = _obtainable(settings, tree, added, listed)
    return Work(Result(generation=current.name, previous=current.name, before=current.items, after=current.items,
                       added=added, removed=[], published=False), missing, linked)


def rollback(settings, tree, steps, wanted):
    """A switch to a kept generation, whose items have to be on disk: nothing is fetched.

    wanted: the generation's name; `previous` is the one before the newest, `latest` the newest.
    """
    steps("preflight")
    generations, current = _generations(tree)
    _require(current, settings)
    aliases = dict(zip(("latest", "previous"), generations))
    target = aliases.get(wanted) or next((one for one in generations if one.name == wanted), None)
    if target is None:
        raise RefusedError("%s keeps no generation %r" % (settings.path, wanted),
                           "There are: %s." % ", ".join(one.name for one in generations))
    if not tree.intact(target):
        raise RefusedError("The metadata of generation %s is damaged" % target.name, "Choose another one, or run a sync.")
    absent = [item for item in target.items.values() if tree.size(item.path) != item.size]
    if absent:
        raise RefusedError("%d items of generation %s are not on disk as listed" % (len(absent), target.name),
                           "`maas-image-mirror verify` fetches them again.", failures=[(item.path, "missing") for item in absent])
    return Work(Result(generation=target.name, previous=current.name, before=current.items, after=target.items, added=[],
                       removed=[], published=current.name != target.name), [])


def _generations(tree):
    generations = tree.generations()
    return generations, next((generation for generation in generations if generation.name == tree.current()), None)


def _published(current, intact):
    """What has the dates of the published generation: its metadata, and where that is damaged its name alone."""
    if current is None:
        return None
    return metadata.Index(current.directory) if intact else SimpleNamespace(updated=current.updated, dates={})


def _require(current, settings):
    if current is None:
        raise RefusedError("%s has published nothing yet" % settings.path, "Run a sync first.")


def _listed(generations):
    return {path: item for generation in generations for path, item in generation.items.items()}


def _obtainable(settings, tree, absent, listed):
    """(Items to fetch, those to link as (Item, mirror's directory, path there)) of the ones that are not on disk.

    listed: {path: Item} of this mirror's own generations; the siblings' are looked up.
    RefusedError: what has to be fetched has no room.
    """
    paths = {item.path for item in absent}
    held = {item.sha256: (settings.path, path) for path, item in listed.items() if path not in paths}
    for sibling in settings.siblings:
        with contextlib.suppress(MirrorError, OSError):  # whose trouble is not this mirror's
            held.update((item.sha256, (sibling, path)) for path, item in _listed(Tree(sibling).generations()).items())
    missing = [item for item in absent if item.sha256 not in held]
    preflight.space(plan.total(missing) - tree.arrived(missing), tree.free(), settings.path)
    return missing, [(item,) + held[item.sha256] for item in absent if item.sha256 in held]
