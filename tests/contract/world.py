# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places of the recordings, on this machine: a signed mirror, ports where nobody listens, and a MAAS."""
from __future__ import annotations

import contextlib
import http.server
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.imagemirror.maas.tests.lab import stream
from ansible_collections.imagemirror.maas.tests.lab.maas_api.auth import user_of
from ansible_collections.imagemirror.maas.tests.lab.maas_api.lab import Lab
from ansible_collections.imagemirror.maas.tests.lab.maas_api.region import Options, Region
from ansible_collections.imagemirror.maas.tests.lab.maas_api.server import Server
from ansible_collections.imagemirror.maas.tests.lab.maas_api.versions import VERSIONS

ADMIN = "CONSUMER:TOKEN:SECRET"
JOE = "JOES:OTHERTOKEN:JOESSECRET"

# What the recorded mirror offered: two releases, two arches, two kernels, one version, no CentOS.
OFFER = stream.Spec(releases=("noble", "jammy"), arches=("amd64", "arm64"), kernels=("ga", "hwe"), publication=0,
                    versions={"ubuntu": [0], "bootloaders": [0]})


class _Files(http.server.SimpleHTTPRequestHandler):
    """The mirror at / and at /slow/, with /./ and /../ taken as /."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A file."""
        if self.path.startswith("/slow/"):
            self.path = self.path.replace("/slow/", "/", 1)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@dataclass
class Mirror:
    """A mirror, and where it is."""

    directory: Path
    port: int = 0
    dead: int = 0  # two ports that are taken and not listened on
    gone: int = 0
    keyrings: dict[str, bytes] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The directory that it serves."""
        return stream.stream_root(self.directory)


@contextlib.contextmanager
def mirror(directory: Path, recorded_keyrings: Path) -> Iterator[Mirror]:
    """A mirror that is served until the end; its key stands for the recorded mirror.gpg."""
    made = Mirror(directory)
    stream.make(directory, OFFER)
    made.keyrings = {path.name: path.read_bytes() for path in recorded_keyrings.iterdir()}
    made.keyrings["mirror.gpg"] = stream.keyring(directory).read_bytes()

    def handler(*args: Any) -> _Files:
        return _Files(*args, directory=str(made.root))

    with contextlib.ExitStack() as stack:
        for name in ("dead", "gone"):
            taken = stack.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))
            setattr(made, name, taken.getsockname()[1])
        server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        made.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield made
        server.shutdown()


class Maas:
    """A stand-in that listens, without images.maas.io, which the recorded ones could not reach either."""

    def __init__(self, version: str, place: Mirror, **options: Any) -> None:
        on_host = {}
        for name, content in place.keyrings.items():
            path = place.directory / f"host-{name}"
            path.write_bytes(content)
            on_host[f"/srv/maas/{name}"] = str(path)
        on_host["/srv/maas/ubuntu-cloudimage-keyring.gpg"] = on_host["/srv/maas/other.gpg"]
        on_host["/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"] = str(place.directory / "no-such-file")
        given = {"cache_delay": 0, "retry_delay": 0.05, "keyrings": on_host,
                 "unreachable": {"images.maas.io", "mirror.example.com"},
                 "default_keyring": "" if version == "3.8" else "/srv/maas/ubuntu-cloudimage-keyring.gpg"}
        users = [user_of("admin", True, ADMIN), user_of("joe", False, JOE)]
        self.region = Region(VERSIONS[version], users, Options(host="HOST", **{**given, **options}))
        self._server = Server(("127.0.0.1", 0), Lab(self.region))
        self.port = self._server.port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Maas:
        return self

    def __exit__(self, *_error: object) -> None:
        self.region.jobs.release()
        self.region.stop_import()
        self._server.shutdown()
        self._server.server_close()

    def lab(self, what: str, **asked: Any) -> Any:
        """Ask the lab something: a GET without a body, a POST with one."""
        body = json.dumps(asked).encode() if asked else None
        posted = what not in ("state", "writes")
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/lab/{what}", body if body else
                                         (b"{}" if posted else None), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def settle(self) -> None:
        """Wait for the background."""
        assert self.lab("settle", seconds=30) == {"settled": True}
