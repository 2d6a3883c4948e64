# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of a mirror as a playbook runs them, over real tools, against a signed stream served over HTTP."""
from __future__ import annotations

from pathlib import Path

import faults


def test_check_mode_is_the_plan_and_touches_nothing(host):
    planned = host.mirror(check=True)
    assert planned["changed"] and not host.path.exists()
    done = host.mirror()
    assert done["changed"] and done["published"]
    assert {key: planned[key] for key in ("added", "added_bytes", "removed", "diff", "images", "generation")} == \
        {key: done[key] for key in ("added", "added_bytes", "removed", "diff", "images", "generation")}
    assert done["added_bytes"] == done["bytes"] == sum((host.path / path).stat().st_size for path in done["added"])


def test_a_second_run_changes_nothing_in_either_mode(host):
    first = host.mirror()
    before = host.files()
    again = host.mirror(check=True)
    assert not again["changed"] and host.files() == before
    again = host.mirror()
    assert not again["changed"] and again["generation"] == first["generation"] == again["previous_generation"]
    changed = {path for path, touched in host.files().items() if before.get(path) != touched and ".mirror/health" not in path}
    assert {Path(path).name for path in changed} <= {"status.json", "progress.json", "mirror", ".mirror", "lock", "spare", "snapshot",
                                                     "incoming"}


def test_an_update_shows_versions_and_bytes_and_prunes_what_no_generation_lists(host):
    host.mirror(keep_generations=1, prune_grace=0)
    host.publish()
    planned = host.mirror(check=True, keep_generations=1, prune_grace=0)
    before = host.files()
    done = host.mirror(keep_generations=1, prune_grace=0)
    assert planned["removed"] == done["removed"] and planned["diff"] == done["diff"]
    assert all(str(host.path / path) in before for path in done["removed"])
    assert not any((host.path / path).exists() for path in done["removed"])
    assert "ubuntu/noble amd64 20250621: 4 files" in done["diff"]["before"]
    assert "ubuntu/noble amd64 20250624: 4 files" in done["diff"]["after"]


def test_a_damaged_item_is_seen_and_healed(host):
    first = host.mirror()
    squashfs = next(path for path in first["added"] if path.endswith("squashfs"))
    (host.path / squashfs).unlink()
    healed = host.mirror()
    assert healed["added"] == [squashfs] and not healed["published"]
    content = (host.path / squashfs).read_bytes()
    (host.path / squashfs).write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert not host.mirror()["changed"]
    assert host.mirror(verify="full")["added"] == [squashfs]
    assert (host.path / squashfs).read_bytes() == content


def test_a_wrong_release_is_answered_with_the_releases_there_are(host):
    failed = host.mirror(selections=[{"os": ["ubuntu"], "releases": ["nobel"]}])
    assert failed["failed"] and failed["step"] == "preflight"
    assert "no 'nobel' in releases. Did you mean noble? There are: jammy, noble." in failed["msg"]
    assert not (host.path / "streams").exists()


def test_a_failed_fetch_names_item_and_words_and_publishes_nothing(host):
    first = host.mirror()
    host.publish()
    host.upstream.fault("*/squashfs", faults.Status(403))
    failed = host.mirror()
    assert failed["failed"] and failed["step"] == "fetch"
    assert [failure["item"].split("/")[-1] for failure in failed["failures"]] == ["squashfs"]
    assert "403" in failed["failures"][0]["error"]
    assert host.module("sstream_mirror_info", path=str(host.path))["generation"] == first["generation"]
    host.upstream.heal()
    assert host.mirror()["published"]


def test_keyring_is_required_unless_told_otherwise(host):
    failed = host.mirror(keyring=None)
    assert failed["failed"] and "verify_signature: false" in failed["msg"]


def test_info_tells_what_a_mirror_holds(host):
    assert host.module("sstream_mirror_info", path=str(host.path))["exists"] is False
    first = host.mirror()
    info = host.module("sstream_mirror_info", path=str(host.path))
    assert info["exists"] and info["generation"] == first["generation"]
    assert [generation["images"] for generation in info["generations"]] == [first["images"]]
    assert info["status"]["last_attempt"]["outcome"] == "ok"


def test_a_generation_comes_back_at_once_and_stays_until_the_pin_is_off(host):
    first = host.mirror()
    host.publish()
    second = host.mirror()
    fetched = host.upstream.count()
    back = {"path": str(host.path), "owner": "root"}
    planned = host.module("sstream_mirror_generation", check=True, **back)
    done = host.module("sstream_mirror_generation", **back)
    assert planned["changed"] and planned["diff"] == done["diff"]
    assert done["generation"] == first["generation"] and done["previous_generation"] == second["generation"]
    assert not host.module("sstream_mirror_generation", **back)["changed"]
    pinned = host.mirror()
    assert pinned["generation"] == first["generation"] and "pinned to generation" in str(pinned["warnings"])
    assert host.upstream.count() == fetched
    forward = host.module("sstream_mirror_generation", generation="latest", pinned=False, **back)
    assert forward["generation"] == second["generation"]
    assert not host.mirror()["changed"]
    failed = host.module("sstream_mirror_generation", generation="2019", **back)
    assert failed["failed"] and first["generation"] in failed["msg"] and second["generation"] in failed["msg"]


def test_stream_info_is_the_dry_run_and_the_proof(host):
    options = {"source": host.upstream.url, "keyring": host.keyring, "selections": host.selections}
    offer = host.module("stream_info", **options)
    assert not offer.get("changed") and offer["bytes"] == sum(item["size"] for item in offer["stream_items"])
    assert host.upstream.count("*/squashfs") == 0
    host.module("stream_info", verify_items=True, **options)
    assert host.upstream.count("*/squashfs") == 1
    host.upstream.fault("*/squashfs", faults.Flip(7))
    failed = host.module("stream_info", verify_items=True, **options)
    assert failed["failed"] and failed["failures"][0]["error"].startswith("another content")
    host.upstream.heal()
    host.upstream.fault("*/squashfs", faults.Redirect("http://127.0.0.1:1/"))
    assert host.module("stream_info", verify_items=True, **options)["failures"][0]["error"].startswith("302")
