# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree of files or a real mirror, the role's site over it in a real nginx, and curl to ask it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))
import faults  # noqa: E402  pylint: disable=wrong-import-position
import stream  # noqa: E402  pylint: disable=wrong-import-position
import web  # noqa: E402  pylint: disable=wrong-import-position

MODULE_UTILS = str(Path(__file__).resolve().parents[3] / "plugins" / "module_utils")
LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from _mirror.command import main; sys.exit(main())"
SELECTIONS = [
    {"os": ["ubuntu"], "releases": ["noble"], "arches": ["amd64"]},
    {"os": ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]},
]

STABLE = "/maas/images/ephemeral-v3/stable/"
# How long caches may keep an answer: Cache-Control and Expires
NEVER = ("no-store, no-cache, must-revalidate, no-transform", "0")
ASK = ("no-cache", None)
ITEM = "noble/amd64/20250621/squashfs"
ITEM_BYTES = bytes(range(256)) * 8192  # 2 MiB
FILES = {
    "streams/v1/index.sjson": b"index",
    "streams/v1/index.json": b"{}",
    "streams/v1/com.ubuntu.maas:stable:v3:download.sjson": b"list",
    "noble/amd64/20250621/squashfs.manifest": b"m",
    "noble/amd64/20250621/root.squashfs": b"s",
    "noble/amd64/20250621/ga-24.04/generic/boot-initrd": b"i",
    "jammy/amd64/20250101/root-image.gz": b"g",
    "centos/centos70/amd64/20191010_01/root.tgz": b"t",
    "bootloaders/uefi/amd64/20210819.0/grub2-signed.tar.xz": b"x",
    "status.json": b"{}",
    "keyring.gpg": b"k",
    ".mirror/lock": b"",
    "noble/.hidden": b"",
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
        done = subprocess.run(
            [
                "curl",
                "--silent",
                "--show-error",
                "--path-as-is",
                "--noproxy",
                "*",
                "--max-time",
                "60",
                "--dump-header",
                "-",
                "--output",
                body.name,
                *options,
                url,
            ],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        head = done.stdout.strip().split("\n")
        fields = (line.split(":", 1) for line in head[1:] if ":" in line)
        return Answer(
            int(head[0].split()[1]),
            {name.strip().lower(): value.strip() for name, value in fields},
            Path(body.name).read_bytes(),
            head[0].split()[0],
        )


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
    with site_of(
        mirror_web_tls="self_signed",
        mirror_web_redirect_to_https=True,
        mirror_web_server_names=["mirror.example.com", "~^[0-9.]+$"],
    ) as running:
        yield running


class Mirror:
    """A mirror that was synced once, and is served beside another that never was."""

    def __init__(self, scratch: Path, upstream: faults.Upstream, site: web.Site) -> None:
        self.path, self.upstream, self.site = scratch / "mirror", upstream, site
        self._settings = scratch / "settings.json"
        self._settings.write_text(
            json.dumps(
                {
                    "name": "stable",
                    "source": upstream.url,
                    "path": str(self.path),
                    "keyring": str(stream.keyring(scratch / "made")),
                    "retries": 0,
                    "selections": SELECTIONS,
                    "connect_timeout": 2,
                    "stall_timeout": 2,
                }
            ),
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> int:
        """The exit code of the engine's command."""
        environment = dict(os.environ, PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
        return subprocess.run(
            [sys.executable, "-c", LAUNCH, MODULE_UTILS, *arguments, str(self._settings)], env=environment, check=False
        ).returncode

    def health(self, url: str = STABLE + "health") -> tuple[int, dict]:
        """What a monitor is told."""
        answer = curl(self.site.url + url)
        assert answer.headers["content-type"] == "application/json"
        assert answer.caching == (ASK if answer.status == 200 else NEVER)
        return answer.status, json.loads(answer.body)

    def item(self, name: str) -> Path:
        """An item of the mirror by its last name."""
        return next(path for path in self.path.rglob(name) if ".mirror" not in path.parts)


@pytest.fixture(scope="module")
def mirror():
    with tempfile.TemporaryDirectory(prefix="health-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        stream.make(scratch / "made", stream.Spec(releases=("noble",), arches=("amd64",), kernels=("ga",), scale=0.0005))
        (scratch / "site").mkdir()
        mirrors = [
            {"name": "stable", "path": str(scratch / "mirror")},
            {"name": "next", "path": str(scratch / "next"), "location": "/maas/next/"},
        ]
        with faults.Upstream(stream.stream_root(scratch / "made")) as upstream, web.Site(
            scratch / "site", mirror_web_mirrors=mirrors
        ) as site:
            made = Mirror(scratch, upstream, site)
            assert made.health() == (503, {"mirror": "stable", "status": "empty", "reason": "no run has ended yet"})
            assert made.run("sync") == 0
            yield made
