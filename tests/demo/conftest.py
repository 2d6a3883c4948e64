# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fresh machines with a checkout in /root/checkout, and nothing else that bin/demo could need."""
from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
BOOT_TIMEOUT = 60  # seconds
FETCH = """
import http.client, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(url.netloc)
connection.request('GET', url.path)
answer = connection.getresponse()
print(answer.status)
print(answer.read().decode(errors='replace'))
"""
MACHINES = {
    "systemd": ("bookworm", ["--systemd=always", "--cap-add=SYS_ADMIN"], []),
    "no-systemd": ("trixie", [], ["sleep", "infinity"]),
}


@dataclass
class Machine:
    """A running container."""

    kind: str
    container: str
    packages: list[str] = field(default_factory=list)  # before the demo

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command as root; never raises."""
        return subprocess.run(["podman", "exec", self.container, "sh", "-c", command], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def output(self, command: str) -> str:
        """The output of a command that succeeds."""
        done = self.run(command)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def demo(self, options: str = "") -> str:
        """Run bin/demo, which succeeds; its output."""
        return self.output(f"/root/checkout/bin/demo {options}")

    def installed(self) -> list[str]:
        """The names of the installed packages."""
        shown = self.output("dpkg-query --show --showformat='${db:Status-Status} ${Package}\\n'").splitlines()
        return sorted(line for line in shown if line.startswith("installed "))

    def fetch(self, url: str) -> tuple[int, str]:
        """Status and text of a URL, seen from the machine. Redirects are not followed."""
        status, _newline, text = self.output(f'python3 -c "{FETCH}" {url}').partition("\n")
        return int(status), text


def _wait_for_boot(machine: Machine) -> None:
    deadline = time.monotonic() + BOOT_TIMEOUT
    while machine.run("systemctl is-system-running --wait").returncode:
        assert time.monotonic() < deadline, machine.run("systemctl --failed").stdout
        time.sleep(1)


@pytest.fixture(scope="module", params=MACHINES)
def machine(request):
    """One machine after the other; a test that fails leaves it to those after it as it is."""
    suite, options, command = MACHINES[request.param]
    image = subprocess.run([sys.executable, str(TREE / "tests/hosts/image.py"), suite], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.strip()
    container = subprocess.run(["podman", "run", "--detach", "--pull=never", *options, image, *command],
                               check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
    try:
        found = Machine(request.param, container)
        subprocess.run(["podman", "cp", f"{TREE}/.", f"{container}:/root/checkout"], check=True)
        if request.param == "systemd":
            _wait_for_boot(found)
        found.packages = found.installed()
        yield found
    finally:
        subprocess.run(["podman", "rm", "--force", "--time=0", container], check=False, stdout=subprocess.DEVNULL)
