# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health, from the engine's runs to what a monitor is told: the real engine, the role's site in a real nginx, curl."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import health
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree

from .conftest import STABLE, curl, web

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))
import faults  # noqa: E402  pylint: disable=wrong-import-position
import stream  # noqa: E402  pylint: disable=wrong-import-position

MODULE_UTILS = str(Path(__file__).resolve().parents[3] / "plugins" / "module_utils")
LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from _mirror.command import main; sys.exit(main())"
SELECTIONS = [{"os": ["ubuntu"], "releases": ["noble"], "arches": ["amd64"]},
              {"os": ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]}]


class Mirror:
    """A mirror that was synced once, and is served beside another that never was."""

    def __init__(self, scratch: Path, upstream: faults.Upstream, site: web.Site) -> None:
        self.path, self.upstream, self.site = scratch / "mirror", upstream, site
        self._settings = scratch / "settings.json"
        self._settings.write_text(json.dumps({
            "name": "stable", "source": upstream.url, "path": str(self.path), "keyring": str(stream.keyring(scratch / "made")), "retries": 0,
            "selections": SELECTIONS, "connect_timeout": 2, "stall_timeout": 2}), encoding="utf-8")

    def run(self, *arguments: str) -> int:
        """The exit code of the engine's command."""
        environment = dict(os.environ, PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
        return subprocess.run([sys.executable, "-c", LAUNCH, MODULE_UTILS, *arguments, str(self._settings)], env=environment, check=False).returncode

    def health(self, url: str = STABLE + "health") -> tuple[int, dict]:
        """What a monitor is told."""
        answer = curl(self.site.url + url)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == ("no-cache" if answer.status == 200 else "no-store")
        return answer.status, json.loads(answer.body)

    def item(self, name: str) -> Path:
        """An item of the mirror by its last name."""
        return next(path for path in self.path.rglob(name) if ".mirror" not in path.parts)


@pytest.fixture(scope="module")
def mirror():
    with tempfile.TemporaryDirectory(prefix="health-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        stream.make(scratch / "made", stream.Spec(releases=("noble",), arches=("amd64",), kernels=("ga",), scale=0.0005))
        (scratch / "site").mkdir()
        mirrors = [{"name": "stable", "path": str(scratch / "mirror")}, {"name": "next", "path": str(scratch / "next"), "location": "/maas/next/"}]
        with faults.Upstream(stream.stream_root(scratch / "made")) as upstream, web.Site(scratch / "site", mirror_web_mirrors=mirrors) as site:
            made = Mirror(scratch, upstream, site)
            assert made.health() == (503, {"mirror": "stable", "status": "empty", "reason": "no run has ended yet"})
            assert made.run("sync") == 0
            yield made


def test_a_mirror_that_was_synced_is_fresh(mirror):
    code, answer = mirror.health()
    assert (code, answer["mirror"], answer["status"]) == (200, "stable", "fresh")
    assert mirror.health("/maas/images/ephemeral-v3/daily/health") == (code, answer)


def test_the_host_is_as_healthy_as_all_of_its_mirrors(mirror):
    code, answer = mirror.health("/maas/images/health")
    assert (code, answer["status"]) == (503, "unhealthy")
    assert [(one["mirror"], one["status"]) for one in answer["mirrors"]] == [("stable", "fresh"), ("next", "empty")]
    link = mirror.path.parent / "next"
    link.symlink_to(mirror.path)
    try:
        code, answer = mirror.health("/maas/images/health")
        assert (code, answer["status"], len(answer["mirrors"])) == (200, "fresh", 2)
    finally:
        link.unlink()


def test_a_failed_sync_alone_is_no_fault_of_what_is_served(mirror):
    mirror.upstream.directory, directory = mirror.path / "nowhere", mirror.upstream.directory
    assert mirror.run("sync") != 0
    assert mirror.health()[0] == 200
    mirror.upstream.directory = directory


@pytest.mark.parametrize(("fault", "status"), [
    (lambda path: path.unlink(), "incomplete"), (lambda path: path.write_bytes(bytes(path.stat().st_size)), "unverified")])
def test_what_is_bad_and_cannot_be_had_is_told_until_it_is_right(mirror, fault, status):
    item = mirror.item("squashfs")
    mirror.upstream.directory, directory = mirror.path / "nowhere", mirror.upstream.directory
    fault(item)
    assert mirror.run("verify", "--full") == 6
    code, answer = mirror.health()
    assert (code, answer["status"]) == (503, status) and str(item.relative_to(mirror.path)) in answer["reason"]
    assert mirror.health("/maas/images/health")[1]["mirrors"][0] == answer
    mirror.upstream.directory = directory
    assert mirror.run("verify", "--full") == 0
    assert mirror.health()[0] == 200


def test_it_is_stale_by_itself_when_nothing_runs_any_more(mirror):
    tree = Tree(str(mirror.path))
    status = dict(tree.status(), last_success=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), stale_after=25)
    begun = time.time()
    health.tell(tree, status)
    seen = []
    while time.time() < begun + 28:
        seen.append((time.time(), mirror.health()))
        time.sleep(0.5)
    fresh = [when for when, (code, _answer) in seen if code == 200]
    assert begun + 13 < max(fresh) < begun + 26
    assert [code for _when, (code, _answer) in seen] == [200] * len(fresh) + [503] * (len(seen) - len(fresh))
    assert seen[-1][1][1]["status"] == "stale" and "25 seconds" in seen[-1][1][1]["reason"]
    assert mirror.run("sync") == 0 and mirror.health()[0] == 200
