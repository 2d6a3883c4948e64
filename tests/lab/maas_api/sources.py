# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot-sources/: list, create, read, update, delete, with the traps of updating a keyring."""
from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

from . import answer, fields
from .answer import Answer
from .request import Request
from .state import Selection, Source, State
from .versions import Version

if TYPE_CHECKING:
    from .region import Region

KEYRINGS = {
    "deb": "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg",
    "snap": "/snap/maas/current/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg",
}
_EMPTY = "The submitted file is empty."


def index(region: Region, _request: Request) -> Answer:
    """GET boot-sources/"""
    return answer.value([show(region.version, source) for source in region.state.sources])


def create(region: Region, request: Request) -> Answer:
    """POST boot-sources/"""
    state = region.state
    given = _clean(region, request, None)
    source = Source(state.next_id("source"), **given)
    state.sources.append(source)
    region.source_changed(source)
    return answer.value(show(region.version, source), 201)


def read(region: Region, _request: Request, number: str) -> Answer:
    """GET boot-sources/ID/"""
    return answer.value(show(region.version, find(region.state, number)))


def update(region: Region, request: Request, number: str) -> Answer:
    """PUT boot-sources/ID/"""
    source = find(region.state, number)
    for name, value in _clean(region, request, source).items():
        setattr(source, name, value)
    region.state.touch(source)
    region.source_changed(source)
    return answer.value(show(region.version, source))


def delete(region: Region, _request: Request, number: str) -> Answer:
    """DELETE boot-sources/ID/"""
    source = find(region.state, number)
    selected = [one.id for one in region.state.selections if one.source == source.id]
    region.state.drop_source(source)
    if region.version.many_sources and selected:  # 3.8: its images go with it; bootloaders and older versions' stay
        region.state.resources = [one for one in region.state.resources if one.source != source.id]
    region.refresh()
    return answer.deleted()


def find(state: State, number: str) -> Source:
    """The source that a path names. Raises Refusal."""
    if not number.isdigit():
        raise answer.broken(f"Field 'id' expected a number but got '{number}'.")
    source = state.source(int(number))
    if source is None:
        raise answer.missing("BootSource")
    return source


def show(version: Version, source: Source) -> dict[str, Any]:
    """The object as it is answered."""
    shown = {
        "id": source.id,
        "url": source.url,
        "keyring_filename": source.keyring_filename,
        "keyring_data": base64.b64encode(source.keyring_data).decode(),
        "created": _date(version, source.created),
        "updated": _date(version, source.updated),
        "resource_uri": f"/MAAS/api/2.0/boot-sources/{source.id}/",
    }
    if version.many_sources:
        shown.update(name=source.name, priority=source.priority, enabled=source.enabled,
                     skip_keyring_verification=source.skip_keyring_verification)
    return shown


def default(region: Region) -> None:
    """Add the source that a MAAS has at first, and up to 3.7 again whenever it has none, with its selection."""
    state, options = region.state, region.options
    url = options.default_url.rstrip("/") + ("" if region.version.many_sources else "/")
    source = Source(state.next_id("source"), url, name="MAAS Stable",
                    keyring_filename=options.default_keyring or KEYRINGS[options.install])
    state.sources.append(source)
    state.selections.append(Selection(state.next_id("selection"), source.id, "ubuntu",
                                      state.setting("commissioning_distro_series"), [options.arch], ["*"], ["*"]))


def _date(version: Version, seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}{version.date_suffix}"


def _clean(region: Region, request: Request, source: Source | None) -> dict[str, Any]:
    """The fields to store. Raises Refusal with every error."""
    errors: dict[str, list[str]] = {}
    given = _clean_newer(region, request, source, errors) if region.version.many_sources else {}
    _clean_url(region, request, source, given, errors)
    _clean_keyring(request, source, given, errors, _skips(request, source, given))
    if errors:
        raise answer.invalid(errors)
    return given


def _clean_url(region: Region, request: Request, source: Source | None, given: dict[str, Any],
               errors: dict[str, list[str]]) -> None:
    text = request.first("url")
    if text is None and source is not None:
        return
    url, wrong = fields.url(str(text or ""))
    if region.version.many_sources:
        url = url.rstrip("/")
    others = [one for one in region.state.sources if one is not source]
    if not wrong and any(one.url == url for one in others):
        wrong = ["Boot source with this Url already exists."]
    if wrong:
        errors["url"] = wrong
    given["url"] = url
    if region.version.many_sources and source is None:
        given.setdefault("name", url)
        given.setdefault("priority", max((one.priority for one in others), default=0) + 1)
        given.setdefault("skip_keyring_verification", url.endswith(".json"))
    if any(one.name == given.get("name") for one in others) and given["name"]:
        errors["name"] = ["Boot source with this Name already exists."]


def _clean_newer(region: Region, request: Request, source: Source | None,
                 errors: dict[str, list[str]]) -> dict[str, Any]:
    """3.8: name, priority, enabled, skip_keyring_verification."""
    given: dict[str, Any] = {}
    if request.first("name"):
        given["name"] = str(request.first("name"))
        if any(one.name == given["name"] for one in region.state.sources if one is not source):
            errors["name"] = ["Boot source with this Name already exists."]
    if request.first("priority") not in (None, ""):
        try:
            given["priority"] = int(request.first("priority"))
        except ValueError:
            errors["priority"] = ["Enter a whole number."]
    for name in ("enabled", "skip_keyring_verification"):
        if request.first(name) is not None:
            given[name] = fields.boolean(request.first(name))
    return given


def _skips(request: Request, source: Source | None, given: dict[str, Any]) -> bool:
    """Whether the source will be read unverified, so needs no keyring."""
    if "skip_keyring_verification" in given:
        return bool(given["skip_keyring_verification"])
    return source is not None and source.skip_keyring_verification


def _clean_keyring(request: Request, source: Source | None, given: dict[str, Any], errors: dict[str, list[str]],
                   unverified: bool) -> None:
    """Exactly one of the two, seen over what is stored and what is sent."""
    stored = source.keyring_data if source else b""
    sent = request.files.get("keyring_data")
    if sent is None and stored:
        # the form reads the stored bytes as if they were an uploaded file: an update must send them again
        raise answer.broken("'memoryview' object has no attribute 'read'")
    if sent == b"":
        errors["keyring_data"] = [_EMPTY]
    elif sent:
        given["keyring_data"] = sent
    filename = request.first("keyring_filename")
    if filename is not None:
        given["keyring_filename"] = str(filename).strip()
    elif source is None:
        given["keyring_filename"] = ""
    has_data = bool(sent or stored)
    has_filename = bool(given.get("keyring_filename", source.keyring_filename if source else ""))
    if has_data and has_filename:
        errors["__all__"] = ["Only one of keyring_filename or keyring_data can be specified."]
    elif not has_data and not has_filename and not unverified:
        errors["__all__"] = ["One of keyring_data or keyring_filename must be specified."]
