# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo as who tries it runs it: there, there again, and gone. The tests follow each other on one machine."""
from __future__ import annotations

import json

import pytest

URL = "http://localhost/maas/images/ephemeral-v3/stable/"


def served(machine):
    """What a client on the machine gets from the mirror, checked with the key of the demo's stream."""
    keyring = machine.run("find", "/srv/imagemirror-demo", "-name", "keyring.gpg").split()[0]
    return json.loads(machine.run("python3", "molecule/site/files/client.py", URL, keyring, "jammy,noble", "amd64"))


@pytest.fixture(scope="module")
def before(machine):
    """Files and packages of the fresh machine."""
    return machine.files(), machine.packages()


@pytest.fixture(scope="module")
def first(machine, before):  # pylint: disable=unused-argument
    """What bin/demo says on the fresh machine."""
    return machine.run("bin/demo")


def test_it_says_what_to_open(first):
    assert "/maas/images/ephemeral-v3/stable/" in first


def test_a_client_gets_every_file_of_the_selection(machine, first):
    got = served(machine)
    assert got["wrong"] == []
    assert got["files"] > 20


def test_it_is_scheduled_by_what_the_machine_has(machine, first):
    scheduled = {"timer": bool(machine.run("sh", "-c", "ls /etc/systemd/system/maas-image-mirror*.timer 2>/dev/null; true")),
                 "cron": "/etc/cron.d/maas-image-mirror" in machine.files()}
    assert scheduled == {"timer": machine.has_systemd, "cron": not machine.has_systemd}


def test_it_can_be_run_again(machine, first):
    was = served(machine)
    machine.run("bin/demo")
    assert served(machine) == was


def test_remove_undoes_it(machine, before, first):
    files, packages = before
    machine.run("bin/demo", "--remove")
    assert machine.files() - files == set()
    assert files - machine.files() == set()
    assert machine.packages() - packages == set()
    assert "maas-mirror" not in machine.run("cat", "/etc/passwd")
