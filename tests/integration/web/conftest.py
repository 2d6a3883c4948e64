# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree of files, the role's site over it in a real nginx, and curl to ask it."""
from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))
import web  # noqa: E402  pylint: disable=wrong-import-position

STABLE = "/maas/images/ephemeral-v3/stable/"
ITEM = "noble/amd64/20250621/squashfs"
ITEM_BYTES = bytes(range(256)) * 8192  # 2 MiB
FILES = {
    "streams/v1/index.sjson": b"index", "streams/v1/index.json": b"{}", "streams/v1/com.ubuntu.maas:stable:v3:download.sjson": b"list",
    "noble/amd64/20250621/squashfs.manifest": b"m", "noble/amd64/20250621/root.squashfs": b"s", "noble/amd64/20250621/ga-24.04/generic/boot-initrd": b"i",
    "jammy/amd64/20250101/root-image.gz": b"g", "centos/centos70/amd64/20191010_01/root.tgz": b"t", "bootloaders/uefi/amd64/20210819.0/grub2-signed.tar.xz": b"x",
    "status.json": b"{}", "keyring.gpg": b"k", ".mirror/lock": b"", "noble/.hidden": b"",
}


@dataclass
class Answer:
    """What curl was given."""

    status: int
    headers: dict[str, str]  # names in lower case; the last of several with one name
    body: bytes
    protocol: str

    @property
    def caching(self) -> tuple[str | None, str | None]:
        """What is said to caches."""
        return self.headers.get("cache-control"), self.headers.get("expires")


def curl(url: str, *options: str) -> Answer:
    """Ask for a URL, once: no redirect is followed and no path is tidied."""
    with tempfile.NamedTemporaryFile() as body:
        done = subprocess.run(["curl", "--silent", "--show-error", "--path-as-is", "--noproxy", "*", "--max-time", "60", "--dump-header", "-",
                               "--output", body.name, *options, url], check=True, stdout=subprocess.PIPE, text=True)
        head = done.stdout.strip().split("\n")
        fields = (line.split(":", 1) for line in head[1:] if ":" in line)
        return Answer(int(head[0].split()[1]), {name.strip().lower(): value.strip() for name, value in fields},
                      Path(body.name).read_bytes(), head[0].split()[0])


@pytest.fixture(scope="session")
def tree():
    """The directory of a mirror, as a web server that is somebody else reads it."""
    with tempfile.TemporaryDirectory(prefix="web-") as scratch:
        Path(scratch).chmod(0o755)
        for path, content in dict(FILES, **{ITEM: ITEM_BYTES}).items():
            file = Path(scratch, "stable", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield Path(scratch, "stable")


@pytest.fixture(scope="session")
def site_of(tree):
    """Makes a Site over the tree; the inputs are the role's."""
    def make(other: str = "", **inputs) -> web.Site:
        scratch = Path(tempfile.mkdtemp(prefix="site-", dir=tree.parent))
        scratch.chmod(0o755)
        return web.Site(scratch, other, **dict({"mirror_web_mirrors": [{"name": "stable", "path": str(tree)}]}, **inputs))
    return make


@pytest.fixture(scope="session")
def site(site_of):
    """The site as it is by default."""
    with site_of() as running:
        yield running


@pytest.fixture(scope="session")
def secure(site_of):
    """The site with TLS and the redirect."""
    with site_of(mirror_web_tls="self_signed", mirror_web_redirect_to_https=True, mirror_web_server_names=["mirror.example.com", "~^[0-9.]+$"]) as running:
        yield running
