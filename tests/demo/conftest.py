# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fresh machines for bin/demo: one that systemd runs, and one where PID 1 is something else."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests" / "hosts"))
import image  # noqa: E402  pylint: disable=wrong-import-position

PLACE = "/root/maas"  # of the tree, in the machine
TIMEOUT = 900  # seconds for one command in it

BOOTED = ["--systemd=always", "--cap-add=SYS_ADMIN"]
MACHINES = {
    "bookworm-systemd": ("bookworm", BOOTED, []),
    "trixie-without-systemd": ("trixie", ["--systemd=false", "--init"], ["sleep", "infinity"]),
}


def podman(*words):
    """Run podman; its output. A failure shows what it said."""
    done = subprocess.run(["podman", *words], check=False, text=True, timeout=TIMEOUT,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"podman {' '.join(words)}: {done.returncode}\n{done.stdout}"
    return done.stdout


class Machine:
    """A fresh machine with the tree on it."""

    def __init__(self, name):
        suite, options, command = MACHINES[name]
        self.container = f"imm-demo-{name}"
        self.has_systemd = options is BOOTED
        self.remove()
        podman("run", "--detach", "--name", self.container, *options, image.make(suite), *command)
        if self.has_systemd:
            # it can't be asked in the first moments; the longest boot here took 2 s
            subprocess.run(["podman", "exec", self.container, "sh", "-c",
                            "for i in $(seq 30); do systemctl is-system-running --wait && exit; sleep 1; done"],
                           check=True, capture_output=True)
        podman("cp", str(TREE), f"{self.container}:{PLACE}")

    def run(self, *words):
        """The output of a command in the tree on the machine; a failure fails the test."""
        return podman("exec", "--workdir", PLACE, self.container, *words)

    def files(self):
        """All files, and other things but directories, where software is put and configured by hand."""
        places = "/etc/systemd/system /etc/cron.d /etc/maas-image-mirror /usr/local /opt /srv /var/www"
        return set(self.run("sh", "-c", f"find {places} -not -type d 2>/dev/null; true").splitlines())

    def packages(self):
        """The installed packages."""
        return set(self.run("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n").splitlines())

    def remove(self):
        """Take the machine away."""
        podman("rm", "--force", "--time", "0", "--ignore", self.container)


@pytest.fixture(scope="module", params=MACHINES)
def machine(request):
    """Each machine in turn, fresh for the module."""
    made = Machine(request.param)
    yield made
    made.remove()
