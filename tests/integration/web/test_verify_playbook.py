# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/verify.yml: all hosts are looked at, a table and a file tell of them, and what is bad makes it fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree

from .conftest import SELECTIONS, STABLE


@pytest.fixture
def verify(mirror, tmp_path):
    """Runs the playbook over hosts; (exit code, output, report)."""
    settings = tmp_path / "settings"
    settings.mkdir()
    wanted = {"selections": SELECTIONS, "keyring": str(mirror.path.parent / "made" / "keyring.gpg")}
    for name in ("stable", "next"):
        (settings / f"{name}.json").write_text(json.dumps(wanted), encoding="utf-8")
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become": False,
        "mirror_web_url": mirror.site.url,
    }

    def run(*options, **hosts):
        inventory = {
            "all": {"children": {"maas_mirrors": {"hosts": {name: dict(local, **values) for name, values in hosts.items()}}}}
        }
        (tmp_path / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        report = tmp_path / "report.json"
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                "-i",
                str(tmp_path / "hosts.json"),
                "-e",
                f"__mirror_web_settings={settings}",
                "-e",
                f"verify_report={report}",
                *options,
                "imagemirror.maas.verify",
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        output = done.stdout + done.stderr
        return done.returncode, output, json.loads(report.read_text(encoding="utf-8")) if report.exists() else output

    return run


GOOD = {"mirror_web_mirrors": [{"name": "stable"}]}
TWO = {"mirror_web_mirrors": [{"name": "stable"}, {"name": "next", "location": "/maas/next/"}]}
AWAY = dict(GOOD, ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=1)


def test_good_ones_are_listed(verify, mirror):
    code, output, report = verify(a=GOOD, b=GOOD)
    assert code == 0, output
    assert report["good"] and report["failed"] == [] and [row["host"] for row in report["mirrors"]] == ["a", "b"]
    row = report["mirrors"][0]
    assert row["url"] == mirror.site.url + STABLE and row["good"] is True and row["health"] == "fresh"
    (generation,) = Tree(str(mirror.path)).generations()
    assert (row["files"], row["bytes"]) == (len(generation.items), sum(item.size for item in generation.items.values()))
    assert "host" in output and "fresh" in output


def test_a_bad_one_and_one_away_stop_no_other_and_are_named(verify, mirror):
    bad = mirror.path.parent / "next"
    shutil.copytree(mirror.path, bad, symlinks=True)
    item = next(path for path in bad.rglob("squashfs") if ".mirror" not in path.parts)
    item.write_bytes(bytes(item.stat().st_size))
    try:
        code, output, report = verify(a=TWO, b=AWAY, c=GOOD)
    finally:
        shutil.rmtree(bad)
    assert code != 0
    assert (report["good"], report["failed"], report["unreachable"]) == (False, ["a", "b"], ["b"])
    assert [(row["host"], row["mirror"], row["good"]) for row in report["mirrors"]] == [
        ("a", "stable", True),
        ("a", "next", False),
        ("c", "stable", True),
    ]
    assert report["mirrors"][1]["failures"][0]["item"].endswith("/squashfs")
    assert "2 of 3 mirror hosts failed: a, b" in output.replace("\n", " ")


def test_nothing_is_served_yet_in_check_mode(verify, tmp_path):
    code, output, report = verify("--check", "-e", f"__mirror_web_site={tmp_path}/none", a=GOOD)
    assert code == 0 and report["mirrors"] == [], output
