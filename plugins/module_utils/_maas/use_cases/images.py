# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What MAAS holds beside what it should hold."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import notifications, stream
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import image
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.wanted import missing, obsolete, wanted_of
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import NotFoundError, UnreachableError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import without_password
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import sources
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.words import scrub


@dataclass(frozen=True)
class Survey:
    """One look at a MAAS. `unread` are the words for each source whose stream can't be read from here."""

    images: list
    wanted: list
    missing: list
    obsolete: list
    told: list  # see notifications.read
    importing: bool
    unread: tuple = ()

    @property
    def newest_known(self):
        """True if every stream could be read: then what is not missing is the newest."""
        return not self.unread


def expected(client):
    """([Wanted], [Selection], unread): what MAAS should hold by its selections and its sources' streams."""
    found, unread, selections = [], [], []
    for source in sources.read(client):
        chosen = sources.read_selections(client, source)
        selections += chosen
        try:
            products = stream.read(client.fetch, source.url) if source.enabled is not False else []
        except UnreachableError as error:
            products = None
            why = scrub(str(error), client.secrets)
            unread.append("%s (read from this host: %s)" % (without_password(source.url), why))
        found.append((source, chosen, products))
    return wanted_of(found, client.version), selections, tuple(unread)


def survey(client, expectation=None):
    """The Survey of now; `expectation` is what `expected` gave, if it was read already."""
    wanted, selections, unread = expectation or expected(client)
    images = read(client)
    return Survey(
        images=images,
        wanted=wanted,
        missing=missing(wanted, images),
        obsolete=obsolete(selections, images),
        told=notifications.read(client),
        importing=is_importing(client),
        unread=unread,
    )


def is_importing(client):
    """What MAAS says; 3.8 says false for a moment after an import was started."""
    return bool(client.get(image.PATH, op="is_importing"))


def read(client, kind="all"):
    """[Image] with their sets, by name. A request for each: MAAS has no list that says what is complete."""
    query = {} if kind == "all" else {"type": kind}
    listed = [image.from_api(one) for one in client.get(image.PATH, **query)]
    full = [one for one in (_details(client, listing) for listing in listed) if one]
    return sorted(full, key=lambda one: (one.name, one.architecture, one.id))


def _details(client, listing):
    try:
        return image.from_api(client.get(image.path_of(listing.id)))
    except NotFoundError:
        return None  # deleted in between, by an import


def shown(images, wanted, newest_known):
    """The images for a module's return value."""
    return [image.result(one, _is_newest(one, wanted) if newest_known else None) for one in images]


def _is_newest(one, wanted):
    fitting = [other for other in wanted if other.offers and other.fits(one)]
    return any(one.has(other.versions) for other in fitting) if one.synced and fitting else None
