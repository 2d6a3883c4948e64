# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mirror tells of itself: status.json and progress.json by their schemas, metrics, the hook, and exit codes."""
from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import faults
import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

DOCS = Path(__file__).resolve().parents[3] / "docs"


def valid(name, content):
    """The content, which the written schema allows."""
    jsonschema.validate(content, json.loads((DOCS / f"{name}.schema.json").read_text(encoding="utf-8")),
                        cls=jsonschema.Draft202012Validator)
    return content


def metrics(path):
    """{(name, label values but the mirror's): value} of a file of metrics, as Prometheus reads it."""
    found = {}
    for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
        assert family.type == "gauge" and family.documentation.endswith(".") and family.name.startswith("maas_image_mirror_")
        for sample in family.samples:
            assert sample.labels.pop("mirror") == "mirror"
            found[(sample.name[len("maas_image_mirror_"):], *sample.labels.values())] = sample.value
    return found


def test_status_through_the_life_of_a_mirror(host):
    host.mirror(max_age=3600)
    first = valid("status", host.status)
    assert first["stream"] == "stable" and first["stale_after"] == 3600 and first["pinned"] is None
    assert first["selections"] == [{"os": ["ubuntu"], "releases": ["noble"], "arches": ["amd64"], "max": 1},
                                   {"os": ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"], "max": 1}]
    assert first["last_success"] == first["last_attempt"]["finished"]
    assert first["last_attempt"]["added_bytes"] == first["bytes"] == first["disk"]["mirror"]
    assert [image["kernels"] for image in first["images"] if image["os"] == "ubuntu"] == [["ga-24.04"]]
    assert first["upstream_updated"].replace("-", "").replace(":", "") == first["generation"].split("-")[0]

    host.publish()
    host.upstream.fault("*/squashfs", faults.Status(403))
    host.mirror(max_age=3600)
    failed = valid("status", host.status)
    unchanged = set(first) - {"last_attempt", "runs", "disk"}
    assert {key: failed[key] for key in unchanged} == {key: first[key] for key in unchanged}
    assert failed["last_attempt"]["exit_code"] == 6 and failed["last_attempt"]["step"] == "fetch"
    assert "403" in failed["last_attempt"]["failures"][0]["error"]

    host.upstream.heal()
    host.mirror(max_age=3600)
    host.module("sstream_mirror_generation", path=str(host.path))
    back = valid("status", host.status)
    assert back["pinned"] == back["generation"] == first["generation"] and back["images"] == first["images"]
    assert [run["command"] for run in back["runs"]] == ["rollback", "sync", "sync", "sync"]
    assert [run["exit_code"] for run in back["runs"]] == [0, 0, 6, 0]
    assert [generation["current"] for generation in back["generations"]] == [False, True]
    success = back["last_success"]
    host.mirror(max_age=3600)
    assert host.status["last_success"] == success  # a pinned mirror is not compared with upstream

    assert back["last_verification"] is None
    host.command("verify", "--full")
    verified = valid("status", host.status)["last_verification"]
    assert verified["mode"] == "full" and verified["bad"] == 0
    assert verified["items"] == len({path for path in host.files() if path.endswith(("squashfs", "manifest", ".xz", "kernel", "initrd"))})


def test_no_password_is_told(host):
    host.mirror(source=host.upstream.url.replace("http://", "http://me:secret@"))
    host.upstream.fault("*", faults.Status(500))
    host.mirror(source=host.upstream.url.replace("http://", "http://me:secret@"), metrics=str(host.scratch / "metrics"))
    valid("status", host.status)
    for path in (host.path / "status.json", host.path / "progress.json", host.scratch / "metrics"):
        assert "secret" not in path.read_text(encoding="utf-8")


def test_twenty_runs_are_remembered(host):
    for _number in range(3):
        host.mirror()
    status = host.status
    status["runs"] = status["runs"] * 7
    (host.path / "status.json").write_text(json.dumps(status), encoding="utf-8")
    host.command("verify")
    status = valid("status", host.status)
    assert len(status["runs"]) == 20 and status["runs"][0]["command"] == "verify"


def test_progress_is_there_while_it_works_and_says_when_it_is_over(host):
    host.upstream.fault("*/squashfs", faults.Rate(40_000))
    settings = host.scratch / "mirror.json"
    host.command("list")
    with subprocess.Popen([sys.executable, "-m", "ansible_collections.imagemirror.maas.plugins.modules.sstream_mirror"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
                          env=dict(os.environ, PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"])) as process:
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(settings.read_text(encoding="utf-8"))}))
        process.stdin.close()
        states = []
        while process.poll() is None:
            time.sleep(0.1)
            if (host.path / "progress.json").exists():
                states.append(valid("progress", json.loads((host.path / "progress.json").read_text(encoding="utf-8"))))
    fetching = [state for state in states if state["step"] == "fetch" and state["bytes"]]
    assert fetching and all(state["running"] for state in fetching) and fetching[0]["items"] > 5
    assert fetching[0]["bytes"] == host.status["bytes"]
    last = valid("progress", json.loads((host.path / "progress.json").read_text(encoding="utf-8")))
    assert not last["running"] and last["step"] == "prune"


def test_metrics_say_what_status_says(host):
    collector = host.scratch / "collector"
    collector.mkdir()
    host.mirror(metrics=str(collector))
    (file,) = collector.iterdir()
    assert file.name == "maas_image_mirror_mirror.prom" and stat.S_IMODE(file.stat().st_mode) == 0o644
    status, found = host.status, metrics(file)
    assert found["items",] == status["items"] and found["size_bytes",] == status["bytes"]
    assert found["info", host.upstream.url, "stable", "upstream", status["generation"]] == 1
    assert found["last_attempt_success", "sync"] == 1 and found["max_age_seconds",] == 172800
    assert abs(found["last_success_timestamp_seconds",] - time.time()) < 60
    assert not [key for key in found if key[0].startswith("verification")]
    host.upstream.fault("*", faults.Status(500))
    host.mirror(metrics=str(collector))
    failed = metrics(file)
    assert failed["last_attempt_success", "sync"] == 0 and failed["last_attempt_exit_code", "sync"] == 4
    assert failed["last_success_timestamp_seconds",] == found["last_success_timestamp_seconds",]
    host.upstream.heal()
    host.command("verify", "--full", metrics=str(collector))
    verified = metrics(file)
    assert verified["verification_items", "full"] == status["items"]
    documented = set(re.findall(r"^\| `maas_image_mirror_(\w+)`", (DOCS / "status.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == {key[0] for key in verified}


def test_metrics_that_cannot_be_written_are_a_warning(host):
    done = host.mirror(metrics="/nowhere/at/all")
    assert done["published"] and "/nowhere/at" in str(done["warnings"])
    assert "/nowhere/at" in str(valid("status", host.status)["last_attempt"]["warnings"])


def test_the_hook_hears_of_every_run(host):
    heard = host.scratch / "heard"
    hook = ["sh", "-c", f'echo "$MAAS_IMAGE_MIRROR_NAME $MAAS_IMAGE_MIRROR_COMMAND $MAAS_IMAGE_MIRROR_OUTCOME $MAAS_IMAGE_MIRROR_EXIT_CODE" '
                        f'>> {heard}; cat > {heard}.json']
    host.mirror(hook=hook)
    assert json.loads(Path(f"{heard}.json").read_text(encoding="utf-8")) == host.status
    host.publish()
    host.upstream.fault("*/squashfs", faults.Status(404))
    host.mirror(hook=hook)
    assert heard.read_text(encoding="utf-8") == "mirror sync ok 0\nmirror sync failed 6\n"


@pytest.mark.parametrize("hook, words", [
    (["sh", "-c", "echo no luck; exit 9"], "The hook sh ended with exit code 9: no luck"),
    (["/no/such/hook"], "The hook /no/such/hook could not be run"),
])
def test_a_hook_that_fails_is_a_warning(host, hook, words):
    code, output = host.command("sync", hook=hook)
    assert code == 0 and words in output
    assert words in str(valid("status", host.status)["last_attempt"]["warnings"])


EXIT_CODES = {
    "done": 0, "a setting that is none": 2, "locked": 3, "no metadata": 4, "no such release": 5, "no item": 6, "no directory": 7,
}


@pytest.mark.parametrize("case", EXIT_CODES)
def test_exit_codes_are_the_documented_ones(host, case):
    options = {}
    if case == "a setting that is none":
        options = {"paralel": 3}
    elif case == "no metadata":
        host.upstream.fault("*", faults.Status(503))
    elif case == "no such release":
        options = {"selections": [{"os": ["ubuntu"], "releases": ["nobel"]}]}
    elif case == "no item":
        host.upstream.fault("*/squashfs", faults.Status(404))
        options = {"retries": 0}
    elif case == "no directory":
        host.path.write_text("a file")
    if case == "locked":
        host.command("sync")
        with open(host.path / ".mirror" / "lock", "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = host.status
            code, output = host.command("sync")
            assert host.status == before
    else:
        code, output = host.command("sync", **options)
    assert code == EXIT_CODES[case], output
    assert "Traceback" not in output
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert f"| {code} |" in readme


def test_what_nobody_expected_is_one_line_and_exit_code_1(host):
    host.command("sync")
    (host.path / ".mirror" / "pin").mkdir()
    code, output = host.command("sync")
    assert code == 1 and "Traceback" not in output and output.count("\n") == 1, output
    valid("status", host.status)
