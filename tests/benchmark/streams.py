# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The streams that are mirrored, made by the lab: before and after one more version was published."""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MAKER = Path(__file__).resolve().parents[1] / "lab" / "stream.py"
_PATH = "ephemeral-v3/stable/"
_KERNELS = "ga,ga-lowlatency,hwe,hwe-edge,hwe-lowlatency,hwe-lowlatency-edge"
_SELECTIONS = [{"os": ["ubuntu"]}, {"os": ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]}]


@dataclass(frozen=True)
class Stream:
    """A signed stream on disk; everything of its newest version is wanted."""

    root: Path  # what the server shows
    keyring: Path
    selections: list
    items: list  # dicts of path, size and sha256

    path = _PATH

    @property
    def contents(self):
        """One item for each content: what has to come over the wire. Some have two paths."""
        return list({item["sha256"]: item for item in self.items}.values())

    @property
    def bytes(self):
        return sum(item["size"] for item in self.contents)


def many(directory, scale):
    """At least 150 items and 700 MB: four releases, four architectures, six kernels, small images."""
    return _pair(directory, "--releases", "bionic,focal,jammy,noble", "--arches", "amd64,arm64,ppc64el,s390x",
                 "--kernels", _KERNELS, "--scale", 0.075 * scale)


def real(directory, scale):
    """One release for one architecture at its real sizes: a squashfs of 260 MiB."""
    return _pair(directory, "--releases", "noble", "--arches", "amd64", "--kernels", _KERNELS, "--scale", scale)


def small(directory, count):
    """About so many items of less than a kilobyte each."""
    return _pair(directory, "--products", round(count / 2), "--scale", 1e-6)


def _pair(directory, *options):
    """(Stream before, Stream after one more version)."""
    before, after = Path(directory, "before"), Path(directory, "after")
    _lab("make", before, "--versions", 1, "--no-centos", *options)
    shutil.copytree(before, after, ignore=shutil.ignore_patterns("S.*"))
    _lab("publish", after)
    return _read(before), _read(after)


def _lab(*arguments):
    subprocess.run([sys.executable, str(MAKER), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def _read(root):
    index = root / _PATH / "streams/v1/index.sjson"
    query = ["sstream-query", "--json", "--max", "1", "--keyring", str(root / "keyring.gpg"), str(index)]
    shown = subprocess.run(query, check=True, stdout=subprocess.PIPE)
    rows = {row["path"]: row for row in json.loads(shown.stdout)}
    items = [{"path": path, "size": int(row["size"]), "sha256": row["sha256"]} for path, row in sorted(rows.items())]
    return Stream(root, root / "keyring.gpg", _SELECTIONS, items)
