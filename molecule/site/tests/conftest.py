# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four hosts, and the ways to look at them."""
from __future__ import annotations

import json
import subprocess
import time

import pytest
import testinfra

STATUS = """
import http.client, sys
host, url = sys.argv[1:]
try:
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request("GET", url.partition(host)[2])
    print(connection.getresponse().status)
except OSError as error:
    print(error)
"""
MIRRORS = ("mirror-bookworm", "mirror-trixie")


class Mirror:
    """A mirror host, as root on it and as a client elsewhere see it."""

    def __init__(self, name, client):
        self.container = f"imm-{name}"
        self.name = f"{name}.lab.example"
        self.host = testinfra.get_host(f"podman://{self.container}")
        self.client = client

    def url(self, stream="stable"):
        """The URL that MAAS is given for a stream."""
        return f"http://{self.name}/maas/images/ephemeral-v3/{stream}/"

    def read(self, stream="stable"):
        """What the client on the MAAS host gets of the selection."""
        return json.loads(self.client.check_output(
            "python3 /opt/client.py %s /opt/keyring.gpg noble,jammy amd64", self.url(stream)))

    def status_of(self, path):
        """The HTTP status that the client gets for a path below the stream, unchanged on its way; or why there is none."""
        return self.client.check_output("python3 -c %s %s %s", STATUS, self.name, self.url() + path)

    def reboot(self):
        """Restart the host; back when it has booted."""
        subprocess.run(["podman", "restart", "--time", "20", self.container], check=True, capture_output=True)
        self.boots()

    def boots(self):
        """Wait until the host is up. systemd itself says so only when no job is left, and a schedule of seconds always has one."""
        eventually(lambda: self.host.run("systemctl is-active multi-user.target").rc == 0, 60, f"{self.name} boots")


def eventually(condition, seconds, what):
    """Wait until the condition holds; fails when it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(1)


@pytest.fixture(scope="session")
def upstream():
    """The host that serves the lab's stream."""
    return testinfra.get_host("podman://imm-upstream")


@pytest.fixture(scope="session")
def maas():
    """The host with the MAAS stand-in, which is the client too."""
    return testinfra.get_host("podman://imm-maas")


@pytest.fixture(scope="session", params=MIRRORS)
def mirror(request, maas):
    """Each mirror host in turn."""
    return Mirror(request.param, maas)


@pytest.fixture(scope="session")
def mirrors(maas):
    """Both mirror hosts."""
    return [Mirror(name, maas) for name in MIRRORS]


@pytest.fixture
def publish(upstream):
    """Makes upstream publish one more version."""
    return lambda: upstream.check_output("python3 /opt/stream.py publish /srv/lab --name stable")
