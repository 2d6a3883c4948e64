# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of a mirror that looks all the time, and remembers every broken promise.

The mirror's directory is served by a real nginx, as the nobody that a web server is. A pass reads the index, checks its
signature, reads every products file that it names, checks theirs, and then asks for every item of the newest version
of every wanted product: it has to be served, whole and with the listed hash. What is served has to be one state that
upstream published (`know`), not a mixture of two.

    with Checker(directory, keyring, wanted) as checker:
        checker.know("first", stream)
        ...
        checker.look()  # a pass that begins now is over
        assert not checker.broken

A mirror that signs its index itself (`own`) publishes no state byte for byte: then all that it lists has to be there, and
the dates of its files have to be those of one state.

Nothing of the mirror's own code is used. A mirror that has published nothing yet (404 for the index) is no broken
promise, unless something had been published before.
"""
from __future__ import annotations

import getpass
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

INDEX = "streams/v1/index.sjson"
_PAUSE = 0.015  # seconds between two passes, so that the mirror gets something of the processor too
_NGINX = """\
daemon off; master_process on; worker_processes 1; pid {scratch}/pid; error_log {scratch}/error.log;
{user}
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; default_type application/octet-stream; keepalive_requests 1000000;
    client_body_temp_path {scratch}/t1; proxy_temp_path {scratch}/t2; fastcgi_temp_path {scratch}/t3;
    uwsgi_temp_path {scratch}/t4; scgi_temp_path {scratch}/t5;
    server {{ listen 127.0.0.1:{port}; root {root}; location ~ /\\. {{ return 404; }} }}
}}
"""


class Nginx:
    """A real nginx of one's own over a directory, on a port that was free."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._scratch = tempfile.mkdtemp(prefix="nginx-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with open(os.path.join(self._scratch, "nginx.conf"), "w", encoding="utf-8") as file:
            file.write(_NGINX.format(scratch=self._scratch, root=os.fspath(root), port=port,
                                     user="user nobody nogroup;" if getpass.getuser() == "root" else ""))
        self.url = f"http://127.0.0.1:{port}/"
        self._process = subprocess.Popen(
            [shutil.which("nginx") or "/usr/sbin/nginx", "-e", os.path.join(self._scratch, "error.log"), "-c", file.name],
            stderr=subprocess.DEVNULL)
        for _attempt in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("nginx does not start: see " + self._scratch)

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._scratch)


@dataclass
class Broken:
    """A promise that was not kept."""

    seconds: float  # since the checker began
    path: str
    words: str


class Checker:
    """Polls a mirror until it is closed.

    wanted: says of a product (a dict of the metadata) whether it is selected. own: the mirror signs its index itself.
    """

    def __init__(self, root: str | os.PathLike[str], keyring: str | os.PathLike[str],
                 wanted: Callable[[dict[str, Any]], bool], own: bool = False) -> None:
        self.own = own
        self.root = os.fspath(root)
        self.keyring = os.fspath(keyring)
        self.wanted = wanted
        self.broken: list[Broken] = []
        self.passes = 0
        self.mixed = False  # whether upstream itself shows the index of one state with the products of another
        self.damaged: set[str] = set()  # items that a test has spoiled: served with other bytes, but served all the same
        self.seen: list[str] = []  # the names of the states that were served, in their order
        self.slowest = 0.0  # seconds between two looks at the same file, at the most
        self._states: dict[Any, tuple[str, dict[str, Any]]] = {}
        self._authentic: dict[bytes, dict[str, Any] | str] = {}
        self._good: dict[str, tuple[Any, ...]] = {}
        self._closing = threading.Event()
        self._turn = threading.Condition()
        self._started = time.monotonic()
        self._nginx = Nginx(root)
        self.url = self._nginx.url
        self._client = _Client(self.url)
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Checker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
        self._client.close()
        self._nginx.close()

    def know(self, name: str, stream: str | os.PathLike[str]) -> None:
        """A state that upstream published, so that a mirror may publish it: the directory that holds its `streams`."""
        files = {str(path.relative_to(stream)): self._mark(path.read_bytes()) for path in Path(stream).glob("streams/v1/*.sjson")}
        self._states[files[INDEX]] = (name, files)

    def _mark(self, raw: bytes) -> Any:
        """What tells the states of a metadata file apart: its bytes, or where the mirror signs them itself its date."""
        return plain(raw).get("updated") if self.own else raw

    def forgive(self) -> None:
        """Forget what was broken so far: a test that damages a mirror says so."""
        self.look()
        self.broken.clear()

    def look(self) -> None:
        """Returns when a pass that began after this call is over."""
        with self._turn:
            wanted = self.passes + 2
            if not self._turn.wait_for(lambda: self.passes >= wanted, timeout=60):
                raise TimeoutError("the checker makes no progress")

    def _poll(self) -> None:
        last = time.monotonic()
        while not self._closing.is_set():
            now = time.monotonic()
            self.slowest, last = max(self.slowest, now - last), now
            try:
                self._pass()
            except Exception as error:  # pylint: disable=broad-except  # a checker that died would find nothing
                self._note("", f"the checker failed: {error!r}")
            with self._turn:
                self.passes += 1
                self._turn.notify_all()
            self._closing.wait(_PAUSE)

    def _note(self, path: str, words: str) -> None:
        if len(self.broken) < 100:
            self.broken.append(Broken(time.monotonic() - self._started, path, words))

    def _pass(self) -> None:
        status, raw = self._client.get(INDEX)
        if status == 404 and not self.seen:
            return
        index = self._read(INDEX, status, raw)
        if index is None:
            return
        mark = self._mark(raw)
        if mark not in self._states:
            self._note(INDEX, f"of {index['updated']}, which upstream has never published")
            return
        name, files = self._states[mark]
        if not self.seen or self.seen[-1] != name:
            self.seen.append(name)
        for entry in index["index"].values():
            path = entry["path"]
            status, listed = self._client.get(path)
            # Index and products are two files: a publish may fall between the two reads, and no server can help
            # that. So a difference counts only where the index is still the one that was read.
            same = status == 200 and self._mark(listed) == files[path]
            if not same and self._client.get(INDEX)[1] != raw:
                return
            products = self._read(path, status, listed)
            if products is not None and not same and not self.mixed:
                self._note(path, f"of {products['updated']}, which is another state than the index")
            elif products is not None:
                for item in self._items(products):
                    self._look_at(item)

    def _read(self, path: str, status: int, raw: bytes) -> dict[str, Any] | None:
        """The content of a clearsigned file, or None and a note."""
        if status != 200:
            self._note(path, f"status {status}")
            return None
        if raw not in self._authentic:
            self._authentic[raw] = authentic(raw, self.keyring)
        content = self._authentic[raw]
        if isinstance(content, str):
            self._note(path, content)
            return None
        return content

    def _items(self, products: dict[str, Any]) -> list[dict[str, Any]]:
        found = {}
        for name, product in products["products"].items():
            if self.wanted(dict(product, name=name)):
                for version in product["versions"] if self.own else [max(product["versions"])]:
                    found.update({item["path"]: item for item in product["versions"][version]["items"].values()})
        return list(found.values())

    def _look_at(self, item: dict[str, Any]) -> None:
        """An item is served whole. Its bytes are read again only where the file is another or was touched."""
        path = item["path"]
        status, length, etag = self._client.head(path)
        if status != 200 or length != item["size"]:
            self._note(path, f"status {status}, {length} bytes, listed {item['size']}")
            return
        try:
            stat = os.stat(os.path.join(self.root, path))
        except FileNotFoundError:
            self._note(path, "gone")
            return
        identity = (item["sha256"], etag, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
        if self._good.get(path) == identity:
            return
        status, raw = self._client.get(path)
        if status == 200 and path in self.damaged:
            return
        if status != 200 or hashlib.sha256(raw).hexdigest() != item["sha256"]:
            self._note(path, f"status {status}, {len(raw)} bytes, with another hash")
        else:
            self._good[path] = identity


class _Client:
    """Reads over one kept connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        answer, body = self._ask("GET", path)
        return answer.status, body

    def head(self, path: str) -> tuple[int, int, str | None]:
        """Status, length and ETag."""
        answer = self._ask("HEAD", path)[0]
        return answer.status, int(answer.getheader("Content-Length", -1)), answer.getheader("ETag")

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def _ask(self, method: str, path: str) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            self._connection.request(method, "/" + quote(path))
            answer = self._connection.getresponse()
            return answer, answer.read()
        except http.client.IncompleteRead as error:
            # The file became shorter while it was sent: what the client has is what counts
            self._connection.close()
            return answer, error.partial
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise


def plain(raw: bytes) -> dict[str, Any]:
    """The JSON in a clearsigned text, whoever signed it; {} where there is none."""
    try:
        return json.loads(raw.decode().partition("\n\n")[2].partition("\n-----BEGIN PGP SIGNATURE-----")[0])
    except ValueError:
        return {}


def authentic(raw: bytes, keyring: str) -> dict[str, Any] | str:
    """The JSON that a clearsigned text holds, once gpgv has found it signed by a key of the keyring; else what is wrong."""
    done = subprocess.run(["gpgv", "--keyring", keyring, "--output", "-"], input=raw, capture_output=True, check=False)
    if done.returncode:
        return f"not signed: {raw[:60]!r}… {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}"
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        return f"not JSON: {error}"
