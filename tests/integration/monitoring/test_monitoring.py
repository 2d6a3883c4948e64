# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/monitoring: rules and dashboard load, and ask for what the engine really writes. promtool is Prometheus' own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TREE = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TREE / "tests" / "lab"))
import faults  # noqa: E402  pylint: disable=wrong-import-position
import stream  # noqa: E402  pylint: disable=wrong-import-position

DOCS = TREE / "docs" / "monitoring"
LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from _mirror.command import main; sys.exit(main())"
OTHERS = {"node_textfile_mtime_seconds": {"file", "instance"}}  # what node_exporter itself says of the collector's files


def promtool(*arguments, **options):
    """promtool succeeds; its output."""
    done = subprocess.run(["promtool", *map(str, arguments)], check=False, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    """What the engine writes after a sync and a full verification: text."""
    scratch = tmp_path_factory.mktemp("metrics")
    stream.make(scratch / "made", stream.Spec(releases=("noble",), arches=("amd64",), kernels=("ga",), scale=0.0005))
    environment = dict(os.environ, PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
    with faults.Upstream(stream.stream_root(scratch / "made")) as upstream:
        (scratch / "settings.json").write_text(
            json.dumps(
                {
                    "name": "stable",
                    "source": upstream.url,
                    "path": str(scratch / "mirror"),
                    "keyring": str(stream.keyring(scratch / "made")),
                    "metrics": str(scratch),
                    "selections": [{"filters": ["arch=amd64"]}],
                    "require_bootloaders": False,
                }
            ),
            encoding="utf-8",
        )
        for command in (["sync"], ["verify", "--full"]):
            subprocess.run(
                [sys.executable, "-c", LAUNCH, str(TREE / "plugins" / "module_utils"), *command, str(scratch / "settings.json")],
                env=environment,
                check=True,
            )
    return (scratch / "maas_image_mirror_stable.prom").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def families(metrics):
    """{metric: names of its labels}, and what Prometheus adds to each."""
    found = dict(OTHERS)
    for name, labels in re.findall(r"^(\w+)\{(.*)\} ", metrics, re.MULTILINE):
        found[name] = set(re.findall(r'(\w+)="', labels)) | {"instance"}
    return found


def rules():
    return [
        rule for group in yaml.safe_load((DOCS / "rules.yml").read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
    ]


def dashboard():
    return json.loads((DOCS / "dashboard.json").read_text(encoding="utf-8"))


def expressions():
    """Every expression of both, with Grafana's variables filled in."""
    asked = [rule["expr"] for rule in rules()]
    asked += [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [re.sub(r"\$(mirror|instance)", ".*", expression) for expression in asked]


def test_prometheus_takes_what_the_engine_writes(metrics):
    assert promtool("check", "metrics", input=metrics) == ""


def test_prometheus_loads_the_rules():
    assert f"SUCCESS: {len(rules())} rules found" in promtool("check", "rules", DOCS / "rules.yml")


def test_each_alert_comes_when_it_should_and_not_else():
    promtool("test", "rules", Path(__file__).with_name("rules_test.yml"))
    tested = Path(__file__).with_name("rules_test.yml").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules() if f"alertname: {rule['alert']}\n        exp_alerts:\n" not in tested] == []


def test_they_ask_for_what_there_is(families):
    asked = {name for expression in expressions() for name in re.findall(r"\b(?:maas_image_mirror|node)_\w+", expression)}
    assert asked - set(families) == set()
    assert len(asked) > 12


def test_words_and_legends_name_labels_that_there_are(families):
    for rule in rules():
        metric = re.search(r"\b(?:maas_image_mirror|node)_\w+", rule["expr"]).group()
        assert set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"]))) <= families[metric], rule["alert"]
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            metric = re.search(r"\bmaas_image_mirror_\w+", target["expr"]).group()
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= families[metric], panel["title"]


def test_prometheus_reads_every_expression(tmp_path):
    recorded = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": recorded}]}), encoding="utf-8")
    promtool("check", "rules", tmp_path / "rules.yml")


def test_the_dashboard_is_one_that_grafana_imports():
    board = dashboard()
    assert board["title"] and board["uid"] and board["schemaVersion"] >= 36 and "id" not in board and "__inputs" not in board
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "instance", "mirror"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and max(x for x, _y in cells) < 24
        taken |= cells
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0
        for thing in [panel, *panel["targets"]]:
            assert thing["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for target in panel["targets"]:
            assert '{mirror=~"$mirror", instance=~"$instance"}' in target["expr"]
