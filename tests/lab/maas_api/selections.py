# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot-sources/ID/selections/: what is wanted of a source, checked against what was read from it."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import answer, sources
from .answer import Answer
from .request import Request
from .state import Selection, State

if TYPE_CHECKING:
    from .region import Region

LENGTH = 20  # characters of an os and of a release
_LISTS = {"arches": "arch", "subarches": "subarch", "labels": "label"}


def index(region: Region, _request: Request, source: str) -> Answer:
    """GET selections/"""
    number = sources.find(region.state, source).id
    return answer.value([show(one) for one in region.state.selections if one.source == number])


def create(region: Region, request: Request, source: str) -> Answer:
    """POST selections/; 200, not 201"""
    state = region.state
    given = _clean(state, request, Selection(0, sources.find(state, source).id, "", ""))
    given.id = state.next_id("selection")
    state.selections.append(given)
    return answer.value(show(given))


def read(region: Region, _request: Request, source: str, number: str) -> Answer:
    """GET selections/ID/"""
    return answer.value(show(_find(region.state, source, number)))


def update(region: Region, request: Request, source: str, number: str) -> Answer:
    """PUT selections/ID/; what is not sent stays"""
    state = region.state
    selection = _find(state, source, number)
    given = _clean(state, request, selection)
    state.selections[state.selections.index(selection)] = given
    return answer.value(show(given))


def delete(region: Region, _request: Request, source: str, number: str) -> Answer:
    """DELETE selections/ID/"""
    state = region.state
    selection = _find(state, source, number)
    if region.version.undeletable and (selection.os, selection.release) == (
            "ubuntu", state.setting("commissioning_distro_series")):
        raise answer.bad(region.version.undeletable.replace("{os}", selection.os)
                         .replace("{release}", selection.release))
    state.selections.remove(selection)
    return answer.deleted()


def show(selection: Selection) -> dict[str, Any]:
    """The object as it is answered."""
    return {
        "id": selection.id, "boot_source_id": selection.source, "os": selection.os, "release": selection.release,
        "arches": selection.arches, "subarches": selection.subarches, "labels": selection.labels,
        "resource_uri": f"/MAAS/api/2.0/boot-sources/{selection.source}/selections/{selection.id}/",
    }


def _find(state: State, source: str, number: str) -> Selection:
    for text in (source, number):
        if not text.isdigit():
            raise answer.broken(f"Field 'id' expected a number but got '{text}'.")
    found = next((one for one in state.selections if (one.source, one.id) == (int(source), int(number))), None)
    if found is None:
        raise answer.missing("BootSourceSelection")
    return found


def _clean(state: State, request: Request, old: Selection) -> Selection:
    """The selection as it will be. Raises Refusal."""
    def text(name: str) -> str:
        sent = request.first(name)
        return getattr(old, name) if sent is None else str(sent).strip()

    def several(name: str) -> list[str]:
        return [str(value) for value in request.fields.get(name, getattr(old, name))]

    new = Selection(old.id, old.source, text("os"), text("release"), *[several(name) for name in _LISTS])
    errors = {name: [f"Ensure this value has at most {LENGTH} characters (it has {len(getattr(new, name))})."]
              for name in ("os", "release") if len(getattr(new, name)) > LENGTH}
    errors = errors or _available(state, new)
    if errors:
        raise answer.invalid(errors)
    if any((one.source, one.os, one.release) == (new.source, new.os, new.release)
           for one in state.selections if one.id != new.id):
        raise answer.invalid({"__all__": ["Boot source selection with this Boot source, Os and Release already "
                                          "exists."]}, charset=False)
    return new


def _available(state: State, new: Selection) -> dict[str, list[str]]:
    """What the source, as far as it was read, does not have."""
    products = [one for one in state.products.get(new.source, []) if (one.os, one.release) == (new.os, new.release)]
    if not products:
        return {"os": [f"OS {new.os} with release {new.release} has no available images for download"]}
    errors = {}
    for name, attribute in _LISTS.items():
        wanted = getattr(new, name)
        if set(wanted) - {getattr(one, attribute) for one in products} - {"*"}:
            errors[name] = [f"No available images to download for {wanted!r}"]
    return errors
