# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror host with a mirror in every state: the engine made them, the role laid the page down, nginx serves them as the role has it."""
from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faults
import scene
import stream
import web

NAME = "mirror.lab.example"  # plain http to a name that is not this machine's: browsers trust it with less
STATES = ("fresh", "stale", "failing", "unborn", "empty", "pinned", "trimmed")
MIRRORS = (*STATES, "working")
FIRST, SECOND = 0, 1  # the states of the stream
LOADERS = ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]
RELEASES, ARCHES = ("jammy", "noble"), ("amd64", "arm64")
SELECTIONS = [{"os": ["ubuntu"], "releases": list(RELEASES), "arches": list(ARCHES)}, {"os": LOADERS}]


class Host:
    """The host. `root` is its directory of mirrors, `url` where that is served."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.root = scratch / "images"
        self.keyring = scratch / "made" / "keyring.gpg"
        self.streams: list[Path] = []
        self._make_streams()
        (self.root / "ephemeral-v3").mkdir(parents=True)
        with ThreadPoolExecutor(2) as workers:
            made = [workers.submit(make) for make in (self._make_old_ones, self._make_new_ones)]
            for one in made:
                one.result()
        self._nginx = web.Site(scratch / "web", lab_page=True, mirror_web_root=str(self.root), mirror_web_aliases={"daily": "fresh"},
                               mirror_web_mirrors=[{"name": name} for name in MIRRORS])
        self._nginx.__enter__()
        self.port = self._nginx.port
        self.url = f"http://{NAME}:{self.port}/maas/images/"

    def close(self) -> None:
        """Ends nginx."""
        self._nginx.__exit__()

    def path(self, name: str) -> Path:
        """A mirror's directory."""
        return self.root / "ephemeral-v3" / name

    def at(self, name: str) -> str:
        """A mirror's URL."""
        return f"{self.url}ephemeral-v3/{name}/"

    def status(self, name: str) -> dict[str, Any]:
        """What a mirror tells of itself."""
        return json.loads((self.path(name) / "status.json").read_text(encoding="utf-8"))

    def settings(self, name: str, source: str, **more: Any) -> dict[str, Any]:
        """A mirror's settings, impatient, as a test is."""
        return dict({"name": name, "source": source, "path": str(self.path(name)), "keyring": str(self.keyring), "retries": 0,
                     "selections": SELECTIONS, "stall_timeout": 2, "connect_timeout": 2, "metadata_timeout": 20}, **more)

    @contextmanager
    def mirror(self, name: str, state: int) -> Iterator[tuple[faults.Upstream, Callable[..., Any]]]:
        """An upstream at a state of the stream, and the engine on the mirror: run("sync", exit_code, option=value)."""
        own = self.scratch / f"run-{name}"
        own.mkdir(exist_ok=True)
        with faults.Upstream(self.streams[state]) as upstream:
            def run(command: str, code: int = 0, **more: Any) -> None:
                done = scene.engine(own, self.settings(name, upstream.url, **more), *command.split())
                assert done.code == code, done.words
            yield upstream, run

    def _make_streams(self) -> None:
        made = self.scratch / "made"
        spec = stream.Spec(releases=RELEASES, arches=ARCHES, kernels=("ga", "hwe"), scale=0.0005, publication=0,
                           versions={"ubuntu": [0], "bootloaders": [0]})
        stream.make(made, spec)
        for number in (FIRST, SECOND):
            if number:
                stream.publish(made)
            self.streams.append(scene.clone(stream.stream_root(made), self.scratch / f"stream{number}"))

    def _make_old_ones(self) -> None:
        """Mirrors that held the first state before upstream published the second. (On `empty` nothing has run yet.)"""
        with self.mirror("fresh", FIRST) as (_upstream, run):
            run("sync")
        for name in ("failing", "working"):  # a test lets this one sync, and stops it in the middle
            self._copy("fresh", name)
        with self.mirror("fresh", SECOND) as (_upstream, run):
            run("sync")
            self._copy("fresh", "pinned")
            run("verify --full")
        with self.mirror("pinned", SECOND) as (_upstream, run):
            run("rollback")
        with self.mirror("failing", SECOND) as (upstream, run):
            upstream.fault("noble/*/squashfs", faults.Status(503))
            run("sync", 6)

    def _make_new_ones(self) -> None:
        """Mirrors with one run."""
        with self.mirror("stale", FIRST) as (_upstream, run):
            run("sync", max_age=1)
        with self.mirror("unborn", FIRST) as (upstream, run):
            upstream.fault("streams/v1/index.sjson", faults.Status(404))
            run("sync", 4)
        with self.mirror("trimmed", SECOND) as (_upstream, run):
            run("sync", index="trimmed", signing_home=str(self.scratch / "signing"))

    def _copy(self, name: str, other: str) -> None:
        subprocess.run(["cp", "-a", str(self.path(name)), str(self.path(other))], check=True)


@contextmanager
def plain_server(directory: Path) -> Iterator[int]:
    """Another web server over a directory: Python's, which knows nothing of mirrors; gives its port."""
    port = web.free_port()
    process = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(directory), str(port)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while not _listens(port):
            assert time.monotonic() < end, f"nothing listens on port {port}"
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listed(root: Path, state: int | None, streams: list[Path]) -> list[dict[str, Any]]:
    """The images that metadata lists and the selections take, newest version, as the page's table has to show them.

    state: of the stream; None: the mirror's own (trimmed) index. Read with nothing of the engine.
    """
    base = root if state is None else streams[state]
    images: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for file in sorted(base.glob("streams/v1/com.*.sjson")):
        for name, product in scene.content(file)["products"].items():
            release, arch = product.get("release", ""), product["arch"]
            if release and (release not in RELEASES or arch not in ARCHES):
                continue
            version = max(product["versions"])
            image = images.setdefault((product["os"], release, arch, version), {"kernels": set(), "files": {}})
            image["files"].update({item["path"]: item["size"] for item in product["versions"][version]["items"].values()})
            if release:
                image["kernels"].add(name.rpartition(":")[2])
    return [{"os": os_name, "release": release, "arch": arch, "version": version, "kernels": sorted(image["kernels"]),
             "files": len(image["files"]), "bytes": sum(image["files"].values())}
            for (os_name, release, arch, version), image in sorted(images.items())]
