# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image that MAAS holds: a boot resource. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PATH = "boot-resources/"
START, STOP = PATH + "?op=import", PATH + "?op=stop_import"


def path_of(number):
    """The API's path of an image."""
    return "%s%s/" % (PATH, number)


@dataclass(frozen=True)
class Image:
    """`name` is OS/RELEASE, `architecture` ARCH/KERNEL; `sets` what MAAS has of each version, its newest last."""

    id: int
    type: str
    name: str
    architecture: str
    sets: tuple = ()

    @property
    def arch(self):
        """The architecture without the kernel."""
        return self.architecture.partition("/")[0]

    @property
    def bootloader(self):
        """True if it is one, which no selection asks for."""
        return self.name.partition("/")[2] in ("pxe", "uefi", "open-firmware")

    @property
    def synced(self):
        """True if it came from a boot source."""
        return self.type.lower() == "synced"

    def has(self, versions):
        """True if one of the versions is complete here; `versions` is a set of (version, SHA-256s it may have)."""
        return any(
            one["complete"] and one["version"] == version and _hashes(one) <= files
            for one in self.sets
            for version, files in versions
        )

    @property
    def newest(self):
        """The newest set, or None."""
        return self.sets[-1] if self.sets else None


def _hashes(one):
    return {file["sha256"] for file in one["files"].values()}


def from_api(answer):
    """The Image of an object that the API answered, in a list (no sets) or alone."""
    sets = sorted((answer.get("sets") or {}).values(), key=lambda one: one["version"])
    return Image(answer["id"], answer["type"], answer["name"], answer["architecture"], tuple(sets))


def result(image, newest=None):
    """The image for a module's return value; `newest` says whether it is, where that is known."""
    view: dict[str, Any] = {
        "id": image.id,
        "type": image.type.lower(),
        "name": image.name,
        "architecture": image.architecture,
        "newest": newest,
    }
    part = image.newest
    if part:
        view.update(
            version=part["version"],
            label=part["label"],
            size=part["size"],
            complete=part["complete"],
            progress=int(100 if part["complete"] else part.get("progress") or 0),
        )
    else:
        view.update(version="", label="", size=0, complete=False, progress=0)
    return view
