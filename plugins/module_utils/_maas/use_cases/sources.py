# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what MAAS has, and finding the boot source that a user means."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import boot_source, selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import (
    same_source,
    same_source_any_scheme,
    without_password,
)


def read(client):
    """All boot sources, by id: MAAS' own order changes with every update."""
    return sorted((boot_source.from_api(one) for one in client.get(boot_source.PATH)), key=lambda one: one.id)


def read_selections(client, source):
    """The selections of a source, by id."""
    found = [selection.from_api(one) for one in client.get(selection.path_of(source.id))]
    return sorted(found, key=lambda one: one.id)


def find(sources, url, match_url=None):
    """The source that `url` means; else the one that `match_url` means, http or https; else None."""
    found = _only(sources, url, same_source)
    if found or not match_url:
        return found
    return _only(sources, match_url, same_source) or _only(sources, match_url, same_source_any_scheme)


def _only(sources, url, same):
    found = [source for source in sources if same(source.url, url)]
    exact = [source for source in found if source.url == url]
    if len(exact or found) > 1:
        raise MaasError(
            "%s fits %d boot sources: %s. Remove all but one, or give the URL exactly as one of them has it."
            % (without_password(url), len(found), listed(found))
        )
    return (exact or found or [None])[0]


def pick(sources, options):
    """The source that boot_source_url, boot_source_id or, with neither, there being no other means; or None."""
    number, url = options.get("boot_source_id"), options.get("boot_source_url")
    if number is not None:
        return next((source for source in sources if source.id == number), None)
    if url is not None:
        return find(sources, url)
    if len(sources) > 1:
        raise MaasError(
            "MAAS has %d boot sources: %s. Say which one by boot_source_url or boot_source_id."
            % (len(sources), listed(sources))
        )
    return (sources or [None])[0]


def not_there(sources, options):
    """The words for a source that `pick` did not find."""
    if options.get("boot_source_id") is not None:
        meant = "with id %d" % options["boot_source_id"]
    elif options.get("boot_source_url") is not None:
        meant = "with the URL %s" % without_password(options["boot_source_url"])
    else:
        meant = "at all"
    return "MAAS has no boot source %s. It has %s." % (meant, listed(sources) or "none")


def listed(sources):
    """The sources for people: `URL (id N), …`, without passwords."""
    return ", ".join("%s (id %s)" % (without_password(source.url), source.id) for source in sources)
