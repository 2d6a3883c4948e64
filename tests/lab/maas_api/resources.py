# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot-resources/: what MAAS holds, and the import's three operations."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import answer
from .answer import Answer
from .request import Request
from .state import File, Resource, Set
from .versions import Version

if TYPE_CHECKING:
    from .region import Region


def index(region: Region, request: Request) -> Answer:
    """GET boot-resources/?type=synced|uploaded|all; nothing can be uploaded here"""
    kinds = list(region.version.resource_types)
    kind = request.asked("type", "all")
    if kind not in (*kinds, "all"):
        raise answer.bad(f"'{kind}' is not a valid boot resource type. Available types: {kinds}")
    found = region.state.resources if kind in ("synced", "all") else []
    return answer.value([_show(region.version, one) for one in sorted(found, key=_order)])


def read(region: Region, _request: Request, number: str) -> Answer:
    """GET boot-resources/ID/, with its sets"""
    resource = _find(region, number)
    if resource is None:
        raise answer.missing("BootResource")
    return answer.value({**_show(region.version, resource), "sets": {
        one.version: _show_set(region.version, one) for one in resource.sets}})


def delete(region: Region, _request: Request, number: str) -> Answer:
    """DELETE boot-resources/ID/"""
    resource = _find(region, number)
    if resource is None:
        raise answer.broken("BootResource matching query does not exist.")
    region.state.resources.remove(resource)
    return answer.deleted()


def start(region: Region, _request: Request) -> Answer:
    """POST ?op=import; the answer is the same whatever comes of it"""
    region.start_import()
    return answer.text("Import of boot resources started", charset=True)


def stop(region: Region, _request: Request) -> Answer:
    """POST ?op=stop_import"""
    region.stop_import()
    return answer.text("Import of boot resources is being stopped", charset=True)


def is_importing(region: Region, _request: Request) -> Answer:
    """GET ?op=is_importing"""
    return answer.value(region.importing)


def _find(region: Region, number: str) -> Resource | None:
    if not number.isdigit():
        raise answer.broken(f"Field 'id' expected a number but got '{number}'.")
    return next((one for one in region.state.resources if one.id == int(number)), None)


def _order(resource: Resource) -> tuple[str, ...]:
    return resource.key


def _show(version: Version, resource: Resource) -> dict[str, Any]:
    os, release, arch, kernel = resource.key
    shown = {
        "id": resource.id, "type": "Synced", "name": f"{os}/{release}", "architecture": f"{arch}/{kernel}",
        "resource_uri": f"/MAAS/api/2.0/boot-resources/{resource.id}/",
    }
    if version.last_deployed:
        shown["last_deployed"] = None
    if resource.subarches:
        shown["subarches"] = resource.subarches
    return shown


def _show_set(version: Version, one: Set) -> dict[str, Any]:
    size = sum(file.size for file in one.files)
    shown: dict[str, Any] = {"version": one.version, "label": one.label, "size": size, "complete": one.complete,
                             "files": {file.name: _show_file(version, file) for file in one.files}}
    if not one.complete:
        shown["progress"] = 100 * sum(file.size for file in one.files if file.complete) // (size or 1)
    return shown


def _show_file(version: Version, file: File) -> dict[str, Any]:
    shown: dict[str, Any] = {"filename": file.name, "filetype": file.ftype, "sha256": file.sha256, "size": file.size,
                             "complete": file.complete}
    if version.filename_on_disk:
        shown["filename_on_disk"] = file.sha256[:7]
    if not file.complete:
        shown["progress"] = 0
    return shown
