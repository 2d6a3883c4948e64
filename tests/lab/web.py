# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of the role mirror_web, as the role renders it, in a real nginx of one's own on this machine.

with Site(scratch, mirror_web_mirrors=[{"name": "stable", "path": "/srv/stable"}]) as site:
    site.url  # http://127.0.0.1:PORT
    site.reload(mirror_web_listing=True)
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROLE = "imagemirror.maas.mirror_web"
TEMPLATES = Path(__file__).resolve().parents[2] / "roles" / "mirror_web" / "templates"
_PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "tasks": [
            {"name": "Preflight", "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "preflight", "public": True}},
            {
                "name": "Sign a certificate",
                "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "self_signed"},
                "when": "mirror_web_tls == 'self_signed'",
            },
            {"name": "IPv6", "ansible.builtin.stat": {"path": "/proc/net/if_inet6"}, "register": "__mirror_web_ipv6"},
            {"name": "Version", "ansible.builtin.command": {"cmd": "{{ lab_nginx }} -v"}, "register": "__mirror_web_nginx_says"},
            {
                "name": "Render",
                "ansible.builtin.template": {"src": str(TEMPLATES / "maas-image-mirror.conf.j2"), "dest": "{{ lab_site }}"},
            },
            {"name": "Page", "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "page"}, "when": "lab_page"},
        ],
    }
]
# As Debian's nginx.conf has it, but for the places
_MAIN = """\
{user}
pid {scratch}/pid;
error_log {scratch}/error.log;
worker_processes auto;
events {{ worker_connections 768; }}
http {{
    sendfile on; tcp_nopush on; types_hash_max_size 2048;
    include /etc/nginx/mime.types; default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;
    access_log {scratch}/other.log;
    gzip on;
    client_body_temp_path {scratch}/t1; proxy_temp_path {scratch}/t2; fastcgi_temp_path {scratch}/t3;
    uwsgi_temp_path {scratch}/t4; scgi_temp_path {scratch}/t5;
    {sites}
}}
"""


def preflight(scratch: Path, cases: list[dict[str, Any]]) -> list[str]:
    """What the role's preflight has against each of the inputs; an empty string: nothing."""
    hosts = {
        f"case{number}": dict(inputs, ansible_connection="local", ansible_python_interpreter=sys.executable)
        for number, inputs in enumerate(cases)
    }
    (scratch / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    (scratch / "preflight.json").write_text(
        json.dumps([dict(_PLAY[0], hosts="all", tasks=_PLAY[0]["tasks"][:1])]), encoding="utf-8"
    )
    done = subprocess.run(
        [_ansible_playbook(), "-i", str(scratch / "hosts.json"), str(scratch / "preflight.json")],
        check=False,
        text=True,
        capture_output=True,
        env=dict(os.environ, ANSIBLE_CALLBACK_RESULT_FORMAT="json", ANSIBLE_CALLBACK_FORMAT_PRETTY="false"),
    )
    said = done.stdout + done.stderr
    return [
        "\n".join(line for line in said.splitlines() if f"[{name}]: FAILED!" in line or f"failed: [{name}]" in line)
        for name in hosts
    ]


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bare:
    """A running nginx, configured as Debian does, with other sites in it."""

    def __init__(self, scratch: Path, sites: str) -> None:
        """scratch: a directory of its own. sites: what the http block has."""
        self.scratch = scratch
        scratch.mkdir(exist_ok=True)
        (scratch / "nginx.conf").write_text(
            _MAIN.format(scratch=scratch, sites=sites, user="user www-data;" if getpass.getuser() == "root" else ""),
            encoding="utf-8",
        )

    def test(self) -> str:
        """What `nginx -t` says, warnings too."""
        return self._run("-t", "-q")

    def workers(self) -> set[str]:
        """The process ids of the workers."""
        return set(Path(f"/proc/{self.master}/task/{self.master}/children").read_text(encoding="utf-8").split())

    @property
    def master(self) -> str:
        """The process id of nginx."""
        return (self.scratch / "pid").read_text(encoding="utf-8").strip()

    def __enter__(self) -> Bare:
        self._run()
        self._wait(lambda: (self.scratch / "pid").exists() and self.master, "nginx")
        return self

    def __exit__(self, *error: object) -> None:
        self._run("-s", "stop")
        self._wait(lambda: not (self.scratch / "pid").exists(), "the end of nginx")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [nginx(), "-e", str(self.scratch / "error.log"), "-c", str(self.scratch / "nginx.conf"), *arguments],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    @staticmethod
    def _wait(condition: Any, what: str) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what}"
            time.sleep(0.02)


class Site(Bare):
    """A running nginx with the role's site in it."""

    def __init__(self, scratch: Path, other: str = "", **inputs: Any) -> None:
        """other: what else is in the http block: other sites. inputs: the role's variables; with lab_page it lays its page down, too."""
        super().__init__(scratch, f"include {scratch}/site.conf; {other}")
        self.port, self.tls_port = free_port(), free_port()
        self.url, self.tls_url = f"http://127.0.0.1:{self.port}", f"https://127.0.0.1:{self.tls_port}"
        self.certificate, self.log = scratch / "tls" / "certificate.pem", scratch / "access.log"
        (scratch / "tls").mkdir(exist_ok=True)
        self._inputs = dict(
            {
                "ansible_python_interpreter": sys.executable,
                "lab_nginx": nginx(),
                "lab_site": str(scratch / "site.conf"),
                "lab_page": False,
                "__mirror_web_logs": str(scratch),
                "__mirror_web_tls_directory": str(scratch / "tls"),
                "mirror_web_port": self.port,
                "mirror_web_tls_port": self.tls_port,
                "mirror_web_root": str(scratch / "root"),
                "mirror_web_tls_certificate": str(self.certificate),
                "mirror_web_tls_key": str(scratch / "tls" / "key.pem"),
            },
            **inputs,
        )

    def render(self, **inputs: Any) -> str:
        """The site's text with these inputs more."""
        self._inputs.update(inputs)
        playbook = self.scratch / "play.yml"
        playbook.write_text(json.dumps(_PLAY), encoding="utf-8")
        done = subprocess.run(
            [_ansible_playbook(), "-i", "localhost,", "-e", json.dumps(self._inputs), str(playbook)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return (self.scratch / "site.conf").read_text(encoding="utf-8")

    def reload(self, **inputs: Any) -> None:
        """The site with these inputs more, in the running nginx: as the role does."""
        self.render(**inputs)
        before = self.workers()
        self._run("-s", "reload")
        self._wait(lambda: self.workers() - before and all(map(_accepts_no_more, before)), "new workers alone")

    def __enter__(self) -> Site:
        self.render()
        super().__enter__()
        return self


def _accepts_no_more(worker: str) -> bool:
    """Whether a worker has ended, or only brings its downloads to their end."""
    try:
        return b"shutting down" in Path(f"/proc/{worker}/cmdline").read_bytes()
    except OSError:
        return True


def nginx() -> str:
    """The path of nginx."""
    return shutil.which("nginx") or "/usr/sbin/nginx"


def _ansible_playbook() -> str:
    """Of the environment that runs this, or on PATH."""
    beside = Path(sys.executable).with_name("ansible-playbook")
    return str(beside) if beside.exists() else "ansible-playbook"
