# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports: what the selections want is entered, what nobody wants is deleted, files are downloaded and checked."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING

from . import cache, gpgv, mirror, sources
from .state import File, Resource, Selection, Set
from .wire import Damaged, Refused, Unreachable

if TYPE_CHECKING:
    from .region import Region

_EVENT = "Region import info"
Wanted = list[tuple[mirror.Product, "Selection | None"]]


def run(region: Region) -> None:
    """One import, from its start to its end."""
    wanted = _newer(region) if region.version.many_sources else _older(region)
    if wanted is None:
        return
    region.jobs.pass_by("rows", region.stopping)
    if not (region.version.many_sources and region.stopping()):
        wanted = [(product, selection) for product, selection in wanted
                  if selection is None or selection in region.state.selections]  # it may have been deleted meanwhile
        _enter(region, wanted)
        region.jobs.pass_by("purge", region.stopping)
        _purge(region, wanted)
        _download(region)
    _end(region)


def _older(region: Region) -> Wanted | None:
    """Up to 3.7: read everything twice, and give up where one source fails. None: nothing is imported."""
    with region.lock:
        if not region.state.sources:
            sources.default(region)
    if not cache.refresh(region, None, region.stopping):
        return None
    with region.lock:
        listed = list(region.state.sources)
        region.state.event(_EVENT, "DEBUG", f"Started importing of boot images from {len(listed)} source(s).")
    found = {}
    for source in listed:
        try:
            found[source.id] = region.read(source)
        except mirror.Unusable as error:
            cache.unreadable(region, source, error)
            return None
        except (mirror.KeyringMissing, gpgv.BadSignature) as error:
            region.log(f"traceback of an import: {error}")
            return None
    wanted: Wanted = []
    with region.lock:
        for source in listed:
            region.state.event(_EVENT, "DEBUG", f"Importing images from source: {source.url}")
            for product in found[source.id]:
                _want(wanted, product, [one for one in region.state.selections if one.source == source.id], False)
    return wanted


def _newer(region: Region) -> Wanted:
    """3.8: read each source by itself, then take the best that was ever read, by priority."""
    cache.refresh(region, None, region.stopping)
    wanted: Wanted = []
    with region.lock:
        region.syncing = not region.stopping()
        for source in sorted(region.state.sources, key=lambda one: -one.priority):
            if source.enabled:
                for product in region.state.products.get(source.id, []):
                    _want(wanted, product, [one for one in region.state.selections if one.source == source.id], True)
    return wanted


def _want(wanted: Wanted, product: mirror.Product, selections: list[Selection], lenient: bool) -> None:
    """Add a product that is selected, or a bootloader, unless an earlier source has it."""
    if any(one.key == product.key for one, _selection in wanted):
        return
    if product.bootloader:
        wanted.append((product, None))
        return
    for selection in selections:
        if (selection.os, selection.release) == (product.os, product.release) and _in(product.arch, selection.arches) \
                and (lenient or _in(product.subarch, selection.subarches) and _in(product.label, selection.labels)):
            wanted.append((product, selection))
            return


def _in(value: str, several: list[str]) -> bool:
    return value in several or "*" in several


def _enter(region: Region, wanted: Wanted) -> None:
    """Enter images and their newest sets. A file whose hash is here already is complete at once."""
    with region.lock:
        state = region.state
        syncs = {product.key[:3] for product, selection in wanted if selection}
        for product, selection in sorted(wanted, key=lambda one: (one[1] is not None, one[0].key)):
            rows = [one for one in state.resources if one.key == product.key]
            # In 3.8 it is every selection's sync that enters the bootloaders it does not find, all at the same time.
            # Inferred: 2 of each were recorded with 2 releases and arches selected, 3 with 3, none with none.
            copies = len(syncs) if product.bootloader and region.version.many_sources else 1
            while len(rows) < copies and not (rows and rows[0].sets):
                rows.append(Resource(state.next_id("resource"), product.key))
                state.resources.append(rows[-1])
            for row in rows:
                row.subarches, row.source = product.subarches, selection.source if selection else None
                _enter_set(region, row, product)


def _enter_set(region: Region, row: Resource, product: mirror.Product) -> None:
    files = product.files()
    for file in files:
        file.complete = file.sha256 in region.state.stored
    newest = Set(product.version, product.label, files)
    if not row.sets or row.sets[-1].version != newest.version or not row.sets[-1].complete:
        row.sets = [one for one in row.sets if one.complete and one.version != newest.version] + [newest]


def _purge(region: Region, wanted: Wanted) -> None:
    """Delete images that nobody wants; one that is selected still but gone from its stream stays."""
    with region.lock:
        state = region.state
        keys = {product.key for product, _selection in wanted}
        for row in list(state.resources):
            if row.key in keys or (row.source is None and region.version.many_sources):
                continue
            if any((one.os, one.release) == row.key[:2] and _in(row.key[2], one.arches) for one in state.selections):
                os, release, arch, kernel = row.key
                state.event("Region import warning", "WARNING",
                            f"Boot image {os}/{release}/{arch}/{kernel} no longer exists in stream, but remains in "
                            "selections. To delete this image remove its selection.")
            else:
                state.resources.remove(row)


def _download(region: Region) -> None:
    with region.lock:
        rows = list(region.state.resources)
    for row in rows:
        for one in row.sets[-1:]:
            for file in one.files:
                if not file.complete and not _fetch(region, row, file):
                    break
    with region.lock:
        for row in list(region.state.resources):
            if row.sets and row.sets[-1].complete:
                row.sets = row.sets[-1:]


def _fetch(region: Region, row: Resource, file: File) -> bool:
    """Download one file, in this version's way with one that is bad. False: leave its set as it is."""
    give_up = time.monotonic() + region.options.give_up
    while True:
        region.jobs.pass_by("files", region.stopping)
        if region.stopping():
            return False
        with region.lock:
            done = file.sha256 in region.state.stored
        try:
            length = 0 if done else region.wire().download(file.url, file.sha256, file.size,
                                                           region.version.follows_redirects)
        except (Refused, Unreachable, Damaged) as error:
            region.log(f"{file.url}: {error}")
            if region.version.on_bad_file == "drop":
                with region.lock:
                    _forget(region, row)
                return False
            if region.version.on_bad_file == "report" and isinstance(error, Refused):
                _report(region, row, error)
                return False
            if time.monotonic() >= give_up:
                return False
            region.jobs.pause(region.options.retry_delay, region.stopping)
            continue
        with region.lock:
            file.complete = True
            region.state.stored.add(file.sha256)
            region.state.downloads += not done
            region.state.downloaded += length
        return True


def _forget(region: Region, row: Resource) -> None:
    """Drop the sets that are not complete, and the image with its last one."""
    row.sets = [one for one in row.sets if one.complete]
    if not row.sets and row in region.state.resources:
        region.state.resources.remove(row)


def _report(region: Region, row: Resource, error: Refused) -> None:
    """3.8's notification; of a bootloader none was recorded."""
    with region.lock:
        state = region.state
        number = next((one.id for one in state.selections if (one.os, one.release) == row.key[:2]
                       and one.source == row.source), 0)
        state.notify(f"Sync selection {number}", f"Failed to synchronize selection {number}: HTTPStatusError {error}",
                     users=True)


def _end(region: Region) -> None:
    stopped = region.stopping()
    if stopped:
        region.jobs.pass_by("stop")
    with region.lock:
        if region.version.drops_incomplete:
            for row in list(region.state.resources):
                _forget(region, row)
        if not stopped:
            region.state.withdraw(lambda ident: ident == "Image importer")
            _settle_releases(region)


def _settle_releases(region: Region) -> None:
    """After the first good import the default releases stay as they are, or become the first one that is here."""
    state = region.state
    releases = sorted({row.key[1] for row in state.resources if row.key[0] == "ubuntu"})
    for name in ("commissioning_distro_series", "default_distro_series") if releases else ():
        if name not in state.settings:
            default = state.setting(name)
            state.settings[name] = default if default in releases else releases[0]
