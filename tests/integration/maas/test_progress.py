# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user of ansible-playbook sees while MAAS imports, with credentials given once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import ansible_collections.imagemirror.maas as collection
import pytest

COLLECTIONS = Path(collection.__path__[0]).parents[2]
KEY = "consumer-of-admin:token-of-admin:the-secret-of-admin"


@pytest.fixture(name="maas")
def fixture_maas(start, mirror, key):
    """A MAAS whose files wait until they are let go."""
    maas = start("3.7", "--default-url", mirror, "--default-keyring", key)
    maas.lab("hold", {"points": ["files"]})
    return maas


def play(maas, scratch, task, *flags, **keywords):
    """The output of a play with one task."""
    module = {"imagemirror.maas.boot_resource_import": dict({"poll_interval": 1}, **task)}
    book = scratch / "play.yml"
    book.write_text(
        json.dumps(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "module_defaults": {"group/imagemirror.maas.maas": {"api_url": maas.url}},
                    "tasks": [dict(module, name="Import", **keywords)],
                }
            ]
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", str(book), *flags],
        env=dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS),
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_PYTHON_INTERPRETER=sys.executable,
            MAAS_API_KEY=KEY,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    for secret in KEY.split(":"):
        assert secret not in done.stdout
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def lines(output):
    return [line for line in output.splitlines() if line.startswith("boot_resource_import: [localhost]")]


def test_lines_while_it_waits(maas, tmp_path):
    def let_go():
        while not maas.lab("writes"):
            time.sleep(0.2)
        time.sleep(8)  # long enough to be looked at
        maas.lab("release", {})

    later = threading.Thread(target=let_go)
    later.start()
    code, output = play(maas, tmp_path, {}, "-v")
    later.join()
    assert code == 0 and "changed=1" in output, output
    assert any("0 of 5 images complete" in line for line in lines(output)), output
    assert len(set(lines(output))) == len(lines(output))
    result = json.loads(output[output.index("=> {") + 3 : output.index("\n\nPLAY RECAP")])
    assert result["import_started"] and not result["missing"] and "watch" not in result
    assert result["elapsed"] >= 4
    code, output = play(maas, tmp_path, {})
    assert code == 0 and "changed=0" in output and not lines(output)


def test_a_deadline_is_a_failure_of_the_task(maas, tmp_path):
    code, output = play(maas, tmp_path, {"wait_timeout": 3})
    assert code == 2 and "After 3 s (wait_timeout) the import still runs, and" in output, output


def test_no_lines_where_nothing_may_be_seen(maas, tmp_path):
    code, output = play(maas, tmp_path, {"wait_timeout": 3}, no_log=True)
    assert code == 2 and not lines(output), output


def test_check_mode_starts_none(maas, tmp_path):
    code, output = play(maas, tmp_path, {}, "--check", "--diff")
    assert code == 0 and "changed=1" in output and "ubuntu/noble amd64/ga-24.04" in output, output
    assert not maas.lab("writes")


def test_in_the_background(maas, tmp_path):
    maas.lab("release", {})
    code, output = play(maas, tmp_path, {}, **{"async": 60, "poll": 1})
    assert code == 0 and "changed=1" in output, output
