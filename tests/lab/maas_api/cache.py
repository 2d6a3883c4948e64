# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading sources into the cache that selections are checked against."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import gpgv, mirror
from .state import Source

if TYPE_CHECKING:
    from .region import Region


def refresh(region: Region, only: int | None, stopped: Callable[[], bool]) -> bool:
    """Read every source (or one) again; False: an error that nobody handled ended it.

    Up to 3.7 all sources are read one after the other, so a keyring that is missing or wrong keeps the others from
    being read, in silence. 3.8 reads each by itself.
    """
    region.jobs.pass_by("cache", stopped)
    region.jobs.pause(region.options.cache_delay, stopped)
    with region.lock:
        sources = [one for one in region.state.sources if one.enabled and only in (None, one.id)]
    if region.version.many_sources:
        for source in sorted(sources, key=lambda one: -one.priority):
            _read_alone(region, source)
    elif not _read_together(region, sources):
        return False
    check_commissioning(region)
    return True


def _read_together(region: Region, sources: list[Source]) -> bool:
    try:
        for source in sources:
            with mirror.keyring(source, region.options.keyrings):
                pass
        for source in sources:
            try:
                _store(region, source, region.read(source))
            except mirror.Unusable as error:
                unreadable(region, source, error)
    except (mirror.KeyringMissing, gpgv.BadSignature) as error:
        region.log(f"traceback of a refresh: {error}")
        return False
    return True


def _read_alone(region: Region, source: Source) -> None:
    ident = f"Image manifest fetcher (boot source {source.id})"
    try:
        products = region.read(source)
    except (mirror.Unusable, mirror.KeyringMissing, gpgv.BadSignature) as error:
        region.log(f"boot source {source.id}: {error}")
        with region.lock:
            region.state.notify(ident, f"Failed to fetch image manifest for boot source with url {source.url}. Check "
                                       "the logs for more details.", users=True)
        return
    _store(region, source, products)
    with region.lock:
        region.state.withdraw(lambda name: name == ident)


def _store(region: Region, source: Source, products: list[mirror.Product]) -> None:
    with region.lock:
        if region.state.source(source.id):  # it may have been deleted meanwhile
            region.state.products[source.id] = products


def unreadable(region: Region, source: Source, error: Exception) -> None:
    """Up to 3.7: tell that a source can't be read. There is one such notification, of the last that failed."""
    with region.lock:
        region.state.notify("Image importer", f"Failed to import images from {source.url}: {error}", users=False)


def check_commissioning(region: Region) -> None:
    """Warn when the release that MAAS commissions with is nowhere to be had. No record shows it withdrawn."""
    with region.lock:
        state = region.state
        release = state.setting("commissioning_distro_series")
        wanted = ("ubuntu", release)
        start = f"ubuntu {release} is configured as the commissioning release but it is"
        if all((one.os, one.release) != wanted for one in state.selections):
            state.notify("commissioning_series_unselected", f"{start} not selected for download!", users=True,
                         replace=False)
        if all((one.os, one.release) != wanted for products in state.products.values() for one in products):
            state.notify("commissioning_series_unavailable", f"{start} unavailable in the configured streams!",
                         users=True, replace=False)
