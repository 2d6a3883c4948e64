# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that is mirrored from: nginx on the upstream host, and what its access log tells."""
from __future__ import annotations

import contextlib
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from network import UPSTREAM

LIMIT = "4m"  # bytes a second for each connection on the limited port, as a CDN does
_PORTS = {False: 80, True: 81}
_SETTLED = 0.3  # seconds without a new line: nginx logs a request when it ends, an aborted one a little later
_CONFIG = """
daemon off; user root; worker_processes 1; pid {work}/nginx.pid; error_log {work}/error.log;
events {{ worker_connections 4096; }}
http {{
    log_format bench '$status $connection $request_method $request_uri';
    access_log {work}/access.log bench;
    client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4;
    scgi_temp_path {work}/t5;
    sendfile on; tcp_nopush on; keepalive_requests 100000; default_type application/octet-stream;
    autoindex on;
    root {work}/current;
    server {{ listen {host}:80; }}
    server {{ listen {host}:81; limit_rate {limit}; }}
}}
"""


@dataclass(frozen=True)
class Traffic:
    """What the server saw of a run."""

    requests: int
    connections: int
    refused: int  # answers of 400 and above


class Upstream:
    """The running server. It shows one directory at a time."""

    def __init__(self, work):
        self._work = work
        self._log = work / "access.log"
        self._read = 0

    def show(self, directory):
        """Serves this directory from now on, under the same URLs."""
        link = self._work / "next"
        link.symlink_to(directory)
        link.replace(self._work / "current")

    def url(self, limited):
        return "http://%s:%d/" % (UPSTREAM, _PORTS[limited])

    def traffic(self):
        """What was logged since the last call."""
        size = -1
        while size != self._log.stat().st_size:
            size = self._log.stat().st_size
            time.sleep(_SETTLED)
        with open(self._log, encoding="utf-8") as log:
            log.seek(self._read)
            rows = [line.split(" ", 2) for line in log]
            self._read = log.tell()
        return Traffic(len(rows), len({row[1] for row in rows}), sum(int(row[0]) >= 400 for row in rows))


@contextlib.contextmanager
def upstream(net, work):
    """An Upstream on the network's upstream host, with its files in the directory work."""
    work = Path(work)
    work.mkdir()
    config = work / "nginx.conf"
    config.write_text(_CONFIG.format(work=work, host=UPSTREAM, limit=LIMIT), encoding="utf-8")
    server = subprocess.Popen(net.at(net.upstream, ["nginx", "-c", str(config), "-e", str(work / "error.log")]))
    try:
        while not (work / "nginx.pid").exists():
            if server.poll() is not None:
                raise OSError("nginx did not start: %s" % (work / "error.log").read_text(encoding="utf-8"))
            time.sleep(0.05)
        yield Upstream(work)
    finally:
        server.terminate()
        server.wait()
