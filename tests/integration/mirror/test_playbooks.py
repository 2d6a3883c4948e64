# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-playbook shows of a sync while it runs, and the playbook rollback."""
from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import faults
import pytest

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))


def start(host, playbook, *arguments, **variables):
    """ansible-playbook, started on this machine in the place of a mirror host."""
    inventory = host.scratch / "inventory.json"
    inventory.write_text(json.dumps({"maas_mirrors": {"hosts": {"here": {
        "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}}}}), encoding="utf-8")
    return subprocess.Popen(
        [PLAYBOOK, "-i", str(inventory), "-e", json.dumps(variables), *arguments, str(playbook)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", start_new_session=True,
        env=dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="false", PYTHONUNBUFFERED="1"))


def play(host, playbook, *arguments, **variables):
    """(exit code, output) of a playbook that has run to its end."""
    with start(host, playbook, *arguments, **variables) as process:
        output = process.communicate(timeout=120)[0]
    return process.returncode, output


def a_sync(host, task=None, **options):
    """A playbook with a sync and nothing else."""
    path = host.scratch / "play.yml"
    path.write_text(json.dumps([{"hosts": "maas_mirrors", "gather_facts": False, "tasks": [
        dict({"name": "Sync", "imagemirror.maas.sstream_mirror": host.settings(**options)}, **task or {})]}]), encoding="utf-8")
    return path


def test_a_long_sync_says_how_far_it_is_while_it_runs(host):
    host.upstream.fault("*/squashfs", faults.Rate(12_000))
    with start(host, a_sync(host, name="lab")) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "[here] lab: fetch" in line:
                break
        assert lines[-1].startswith("[here] lab: fetch")
        assert json.loads((host.path / "progress.json").read_text(encoding="utf-8"))["running"]  # it is said in time
        rest = process.communicate(timeout=120)[0]
    assert re.fullmatch(r"\[here\] lab: fetch [\d.]+ of [\d.]+ MiB(, [\d.]+ [MK]iB/s, [\d. a-z]+ left)?\n", lines[-1])
    assert process.returncode == 0 and "changed=1" in rest and "WARNING" not in "".join(lines) + rest


@pytest.mark.parametrize("task", [{"no_log": True}, {"async": 60, "poll": 1}], ids=str)
def test_it_says_nothing_where_it_must_not_or_need_not(host, task):
    host.upstream.fault("*/squashfs", faults.Rate(30_000))
    code, output = play(host, a_sync(host, task))
    assert code == 0 and "\n[here]" not in output and "changed=1" in output, output


def test_a_failure_is_what_it_was_without_the_display(host):
    host.upstream.fault("*/squashfs", faults.Status(403))
    code, output = play(host, a_sync(host, {"register": "sync", "ignore_errors": True}, retries=0))
    assert code == 0 and "items could not be fetched" in output and "403" in output and "Traceback" not in output, output


def test_check_mode_and_diff_go_through(host):
    code, output = play(host, a_sync(host), "--check", "--diff")
    assert code == 0 and "+ubuntu/noble amd64 20250621: 4 files" in output and not host.path.exists(), output


def test_an_interrupted_playbook_ends_the_sync(host):
    host.upstream.fault("*/squashfs", faults.Rate(5_000))
    with start(host, a_sync(host)) as process:
        wait_for(lambda: (host.path / "progress.json").exists() and at_work(host))
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    wait_for(lambda: not at_work(host))
    host.upstream.heal()
    assert host.mirror()["published"]


def test_a_sync_whose_reader_goes_away_ends(host):
    """As where the connection to the host is cut: nobody signals, but nobody reads the answer either."""
    host.upstream.fault("*/squashfs", faults.Rate(5_000))
    reader, writer = os.pipe()
    process = subprocess.Popen([sys.executable, "-m", "ansible_collections.imagemirror.maas.plugins.modules.sstream_mirror"],
                               stdin=subprocess.PIPE, stdout=writer, encoding="utf-8",
                               env=dict(os.environ, PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"]))
    os.close(writer)
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": host.settings()}))
    process.stdin.close()
    wait_for(lambda: at_work(host))
    os.close(reader)
    assert process.wait(timeout=20) == 128 + signal.SIGTERM
    assert not at_work(host)
    assert host.status["last_attempt"]["error"] == "stopped by signal 15"


def at_work(host):
    """Whether a run holds the mirror's lock."""
    lock = host.path / ".mirror" / "lock"
    return lock.exists() and subprocess.run(["flock", "--nonblock", str(lock), "true"], check=False).returncode != 0


def wait_for(condition):
    """Until something holds; the longest that it may take is a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def twice(host):
    """A host whose mirror has published two generations, and the playbook rollback for it."""
    first = host.mirror()["generation"]
    host.publish()
    second = host.mirror()["generation"]
    variables = {"mirror_sync_mirrors": [{"name": "lab", "path": str(host.path), "source": host.upstream.url}],
                 "mirror_sync_user": "root", "mirror": "lab"}

    def rollback(*arguments, **more):
        code, output = play(host, "imagemirror.maas.rollback", *arguments, **dict(variables, **more))
        assert "Traceback" not in output
        return code, output

    return host, rollback, first, second


def test_rollback_says_which_generations_there_are_and_changes_nothing_unasked(twice):
    host, rollback, first, second = twice
    code, output = rollback()
    assert code == 0 and f"* {second}, published" in output and f"{first}, published" in output and "changed=0" in output, output
    assert host.status["generation"] == second


def test_rollback_in_check_mode_for_real_again_and_forward(twice):
    host, rollback, first, second = twice
    fetched = host.upstream.count()
    code, output = rollback("--check", "--diff", generation="previous")
    assert code == 0 and "changed=1" in output and "-ubuntu/noble amd64 20250624" in output and host.status["generation"] == second, output
    code, output = rollback("--diff", generation="previous")
    assert code == 0 and "changed=1" in output, output
    assert host.status["generation"] == host.status["pinned"] == first
    code, output = rollback(generation="previous")
    assert code == 0 and "changed=0" in output, output
    assert not host.mirror()["changed"] and host.status["generation"] == first
    code, output = rollback(generation="latest")
    assert code == 0 and host.status["generation"] == second and host.status["pinned"] is None, output
    assert host.upstream.count() == fetched
    code, output = rollback(generation=first, pinned=False)
    assert code == 0 and host.status["generation"] == first and host.status["pinned"] is None, output
    assert host.mirror()["generation"] == second


def test_rollback_refuses_what_is_not_there_and_says_what_is(twice):
    _host, rollback, first, second = twice
    code, output = rollback(generation="2019")
    assert code != 0 and first in output and second in output, output
    code, output = rollback(mirror="nightly", generation="previous")
    assert code != 0 and "There are: lab." in output, output
