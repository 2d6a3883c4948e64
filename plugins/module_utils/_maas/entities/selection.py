# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot source selection: which images MAAS takes from a source. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

ANY = ("*",)
LISTS = ("arches", "subarches", "labels")
_PROTECTED = ("operating system used for commissioning", "operating system used in ephemeral environments")


def path_of(source, number=None):
    """The API's path of a source's selections, or of one. Either may be a `{name}` in a step."""
    collection = "boot-sources/%s/selections/" % source
    return collection if number is None else "%s%s/" % (collection, number)


@dataclass(frozen=True)
class Selection:
    """All that is taken of one release. The tuples are sorted: their order means nothing to MAAS."""

    os: str
    release: str
    arches: tuple
    subarches: tuple = ANY
    labels: tuple = ANY
    id: Optional[int] = None
    answer: Any = None

    @property
    def key(self):
        """What is unique within a source."""
        return self.os, self.release


def from_api(answer):
    """The Selection of an object that the API answered."""
    return Selection(
        os=answer["os"],
        release=answer["release"],
        arches=_set(answer.get("arches")),
        subarches=_set(answer.get("subarches")),
        labels=_set(answer.get("labels")),
        id=answer.get("id"),
        answer=answer,
    )


def from_options(options, present=None):
    """The Selection of a dict of options.

    What is left out means all: MAAS would store nothing and import nothing. But arches stay those of `present`, the
    selection there is, and are empty where there is none: so much is not downloaded because an option was forgotten.
    """
    return Selection(
        os=options["os"],
        release=options["release"],
        arches=_set(options.get("arches")) or (present.arches if present else ()),
        subarches=_set(options.get("subarches")) or ANY,
        labels=_set(options.get("labels")) or ANY,
        id=present.id if present else None,
        answer=present.answer if present else None,
    )


def _set(values):
    return tuple(sorted(set(values or ())))


def equal(one, other):
    """True if the two select the same."""
    return replace(one, id=other.id, answer=other.answer) == other


def payload(selection):
    """The fields of the POST or PUT: always all, as each one left out is stored as nothing."""
    return {
        "os": selection.os,
        "release": selection.release,
        "arches": list(selection.arches),
        "subarches": list(selection.subarches),
        "labels": list(selection.labels),
    }


def shown(selection):
    """The selection for diffs: no ids."""
    return payload(selection)


def result(selection):
    """The selection for a module's return value."""
    return dict(selection.answer or {}, id=selection.id, **payload(selection))


def is_protected(error):
    """True for the words in which MAAS up to 3.7 refuses to delete what it commissions machines with."""
    return any(words in error.words for words in _PROTECTED)
