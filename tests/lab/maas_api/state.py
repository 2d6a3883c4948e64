# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What MAAS' database would hold, and the counters that give out ids."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .versions import Version


@dataclass
class Source:
    """A boot source. From `name` on it is what 3.8 knows; older ones neither take nor show it."""

    id: int
    url: str
    keyring_filename: str = ""
    keyring_data: bytes = b""
    created: float = field(default_factory=time.time)
    updated: float = 0
    name: str = ""
    priority: int = 1
    enabled: bool = True
    skip_keyring_verification: bool = False

    def __post_init__(self) -> None:
        self.updated = self.updated or self.created


@dataclass
class Selection:
    """What is wanted of a source: one release of an operating system."""

    id: int
    source: int
    os: str
    release: str
    arches: list[str] = field(default_factory=list)
    subarches: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


@dataclass
class File:
    """A file of a set."""

    name: str
    ftype: str
    sha256: str
    size: int
    url: str
    complete: bool = False


@dataclass
class Set:
    """One version of an image."""

    version: str
    label: str
    files: list[File]

    @property
    def complete(self) -> bool:
        """Whether every file is here."""
        return all(one.complete for one in self.files)


@dataclass
class Resource:
    """An image: one kernel of one release and architecture, or a bootloader."""

    id: int
    key: tuple[str, str, str, str]  # os, release or bootloader-type, arch, kernel
    subarches: str | None = None
    source: int | None = None  # None: a bootloader, which no selection asks for
    sets: list[Set] = field(default_factory=list)  # the newest is last; older ones go when it is complete


@dataclass
class State:
    """All of it. Whoever reads or writes it holds the region's lock."""

    version: Version
    sources: list[Source] = field(default_factory=list)  # in PostgreSQL's order: what was written last is last
    selections: list[Selection] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    products: dict[int, list[Any]] = field(default_factory=dict)  # the cache: mirror.Product by source
    settings: dict[str, Any] = field(default_factory=dict)  # those that were set
    notifications: list[dict[str, Any]] = field(default_factory=list)
    dismissed: set[tuple[int, str]] = field(default_factory=set)  # notification, user
    events: list[dict[str, Any]] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)  # sha256 of the files that were downloaded
    downloads: int = 0
    downloaded: int = 0  # bytes
    _last: dict[str, int] = field(default_factory=dict)

    def next_id(self, kind: str) -> int:
        """A number that was never given out before."""
        self._last[kind] = self._last.get(kind, 0) + 1
        return self._last[kind]

    def setting(self, name: str) -> Any:
        """A setting's value, or its default."""
        defaults = {
            "enable_http_proxy": True, "boot_images_auto_import": True, "boot_images_no_proxy": False,
            "commissioning_distro_series": self.version.commissioning,
            "default_distro_series": self.version.commissioning, "default_osystem": "ubuntu",
        }
        return self.settings.get(name, defaults.get(name))

    def source(self, number: int) -> Source | None:
        """The source with this id."""
        return next((one for one in self.sources if one.id == number), None)

    def touch(self, source: Source) -> None:
        """A source was written."""
        source.updated = time.time()
        self.sources.remove(source)
        self.sources.append(source)

    def drop_source(self, source: Source) -> None:
        """Delete a source with its selections and its cache."""
        self.sources.remove(source)
        self.selections = [one for one in self.selections if one.source != source.id]
        self.products.pop(source.id, None)

    def notify(self, ident: str, message: str, *, users: bool, replace: bool = True) -> None:
        """Tell the users something once, under its name; `replace` gives one that stands the new words."""
        standing = next((one for one in self.notifications if one["ident"] == ident), None)
        if standing is None:
            self.notifications.append({"id": self.next_id("notification"), "ident": ident, "message": message,
                                       "users": users, "admins": True, "category": "error", "dismissable": True})
        elif replace:
            standing["message"] = message

    def withdraw(self, matches: Callable[[str], bool]) -> None:
        """Take back the notifications whose name matches."""
        self.notifications = [one for one in self.notifications if not matches(one["ident"])]

    def event(self, kind: str, level: str, description: str) -> None:
        """Write an event. 3.8 writes none about images."""
        if not self.version.many_sources:
            self.events.append({"id": self.next_id("event"), "type": kind, "level": level,
                                "description": description, "created": time.time()})
