# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mirror keeps, takes over, shares and passes on: adoption, siblings, pruning, a mirror of a mirror, keys."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import faults
import pytest
import stream

BIN = Path(sys.executable).parent
TOOLS = dict(os.environ, PATH=os.pathsep.join([str(BIN), os.environ["PATH"]]))
# The documentation's two calls, but for the release: the sample stream has no bionic
DOCUMENTED = (["arch=amd64", "release~(noble|jammy)"], ["os~(grub*|pxelinux)"])
BOTH = [{"os": ["ubuntu"], "releases": ["noble", "jammy"], "arches": ["amd64"]},
        {"os": ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]}]


@pytest.fixture
def filled(host):
    """A directory that sstream-mirror has filled, by the calls of the documentation."""
    for filters in DOCUMENTED:
        subprocess.run([str(BIN / "sstream-mirror"), f"--keyring={host.keyring}", "--max=1", "--progress", host.upstream.url + "streams/v1/index.sjson",
                        str(host.path), *filters], check=True, env=TOOLS, capture_output=True)
    assert (host.path / ".data").is_dir() and not (host.path / ".mirror").exists()
    host.upstream.count()
    return host


def items(path):
    """{path: inode} of the items' files below a mirror."""
    return {str(file.relative_to(path)): file.stat().st_ino for file in path.rglob("*")
            if file.is_file() and not file.relative_to(path).parts[0].startswith((".", "streams")) and file.parent != path}


def test_a_directory_that_sstream_mirror_filled_becomes_a_mirror_in_place(filled):
    before = items(filled.path)
    damaged = {name: next(path for path in sorted(before) if path.endswith(name)) for name in ("squashfs", "boot-initrd", "boot-kernel")}
    (filled.path / damaged["squashfs"]).unlink()
    os.truncate(filled.path / damaged["boot-initrd"], 100)
    content = (filled.path / damaged["boot-kernel"]).read_bytes()
    (filled.path / damaged["boot-kernel"]).write_bytes(bytes([content[0] ^ 1]) + content[1:])
    asked = {path: filled.upstream.count(path) for path in before}
    planned = filled.mirror(check=True, selections=BOTH)
    assert sorted(planned["added"]) == sorted(damaged.values()) and (filled.path / ".data").is_dir()
    done = filled.mirror(selections=BOTH)
    assert sorted(done["added"]) == sorted(damaged.values()) and done["published"]
    after = items(filled.path)
    assert set(after) == set(before)
    assert {path for path in before if after[path] != before[path]} <= set(damaged.values())  # the good ones are the very files
    assert {path for path in before if filled.upstream.count(path) != asked[path]} == set(damaged.values())
    assert not (filled.path / ".data").exists() and (filled.path / "streams").is_symlink()
    assert (filled.path / damaged["boot-kernel"]).read_bytes() == content
    assert filled.command("verify", "--full", selections=BOTH)[0] == 0 and filled.status["last_verification"]["bad"] == 0
    assert not filled.mirror(selections=BOTH)["changed"]


def test_what_it_had_of_other_selections_goes_with_data(filled):
    """A narrower selection than the tool was given: the rest is listed in the plan before it goes."""
    done = filled.mirror(prune_grace=0)
    assert any(path.startswith("jammy/") for path in done["removed"]) and not (filled.path / "jammy").exists()


def test_two_mirrors_share_what_is_equal(host, tmp_path):
    """candidate has what stable has and one version more; both are on one file system."""
    host.mirror()
    made = tmp_path / "candidate-made"
    shutil.copytree(host.scratch / "made", made)
    stream.publish(made)
    with faults.Upstream(stream.stream_root(made)) as upstream:
        other = tmp_path / "candidate"
        options = {"source": upstream.url, "path": str(other), "siblings": [str(host.path), str(tmp_path / "not-there")]}
        planned = host.mirror(check=True, **options)
        host.mirror(**options)
        shared = {path for path, inode in items(other).items() if items(host.path).get(path) == inode}
        assert shared and all(upstream.count(path) == 0 for path in shared)
        fetched = {path for path in items(other) if path not in shared}
        assert all(upstream.count(path) for path in fetched) and not fetched & set(items(host.path))
        assert set(planned["added"]) == set(items(other))
        # the same is true after an item of the sibling has gone bad: it is not taken, and its own stays
        victim = next(path for path in sorted(shared) if path.endswith("squashfs") or path.endswith(".xz"))
        content = (other / victim).read_bytes()
        (host.path / victim).write_bytes(bytes([content[0] ^ 1]) + content[1:])  # one inode: both are bad
        assert host.command("verify", "--full", **options)[0] == 0
        assert (other / victim).read_bytes() == content and host.status["last_verification"] is None
        assert host.command("verify", "--full", siblings=[str(other)])[0] == 0
        assert (host.path / victim).stat().st_ino == (other / victim).stat().st_ino  # repaired from the sibling, without a download


def test_a_broken_sibling_is_no_trouble(host, tmp_path):
    broken = tmp_path / "broken" / ".mirror" / "generations" / "x"
    broken.mkdir(parents=True)
    (broken / "plan.json").write_text("{")
    assert host.mirror(siblings=[str(tmp_path / "broken")])["published"]


def test_a_release_that_is_not_selected_any_more_goes_after_the_grace(host):
    options = {"keep_generations": 1, "prune_grace": 3, "wipe_ratio": 1}
    host.mirror(selections=BOTH, **options)
    host.mirror(**options)
    replaced = time.monotonic()
    assert (host.path / "jammy").is_dir()  # a MAAS may still be importing it
    assert len(host.status["generations"]) == 2
    if time.monotonic() - replaced < 2:
        assert host.mirror(**options)["removed"] == []
    time.sleep(max(0, 3.1 - (time.monotonic() - replaced)))
    removed = host.mirror(**options)["removed"]
    assert removed and all(path.startswith("jammy/") for path in removed)
    assert not (host.path / "jammy").exists() and len(host.status["generations"]) == 1


def test_what_two_generations_share_stays_with_the_last_of_them(host):
    first = set(host.mirror(keep_generations=2, prune_grace=0)["added"])
    gone = set()
    for number in range(3):
        host.publish()
        done = host.mirror(keep_generations=2, prune_grace=0)
        gone |= set(done["removed"])
        held = set(items(host.path))
        listed = {path for generation in host.module("sstream_mirror_info", path=str(host.path))["generations"]
                  for path in [generation["name"]]}
        assert len(listed) == 2 and not gone & held
        assert number or not done["removed"]  # the first one is still kept
    assert gone and first - gone, "the bootloaders are in all of them, the images in none"
    assert first - gone <= set(items(host.path))


@pytest.mark.parametrize("upper", ["upstream", "trimmed"])
@pytest.mark.parametrize("lower", ["upstream", "trimmed"])
def test_a_mirror_of_a_mirror(host, upper, lower, tmp_path):
    """The upper mirror holds a part of the stream, and is itself a stream that the lower one takes all of it from."""
    done = host.mirror(index=upper, signing_home=str(tmp_path / "upper-keys"))
    assert done["keyring"] == (str(host.path / "keyring.gpg") if upper == "trimmed" else host.keyring)
    below = tmp_path / "below"
    with faults.Upstream(host.path) as served:
        options = {"source": served.url, "keyring": done["keyring"], "path": str(below), "index": lower,
                   "signing_home": str(tmp_path / "lower-keys")}
        again = host.mirror(**options)
        assert again["published"], again
        assert items(below).keys() == items(host.path).keys()
        everything = {"selections": [{"max": 1}]}
        if upper == "trimmed":  # it lists what it holds and nothing else, so that all of it can be taken
            assert host.mirror(check=True, **dict(options, **everything))["added"] == []
        assert not host.mirror(**options)["changed"]
    with faults.Upstream(below) as served:
        probe = {"source": served.url, "keyring": again["keyring"], "selections": host.selections, "verify_items": True}
        assert host.module("stream_info", **probe)["bytes"] == done["bytes"]
        if lower == "trimmed":
            whole = host.module("stream_info", **dict(probe, **everything))  # every listed item is there
            assert whole["bytes"] == done["bytes"]
            with_upstreams_key = host.module("stream_info", **dict(probe, keyring=host.keyring))
            assert with_upstreams_key["failed"]


def test_a_trimmed_mirror_is_told_as_such_and_signed_by_its_own_key(host, tmp_path):
    home = tmp_path / "keys"
    host.mirror(index="trimmed", signing_home=str(home))
    shown = subprocess.run(["gpg", "--homedir", str(home), "--with-colons", "--list-secret-keys"], check=True, capture_output=True,
                           encoding="utf-8").stdout
    fingerprint = next(line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:"))
    assert host.status["signer"] == fingerprint and host.status["index"] == "trimmed"
    assert oct(home.stat().st_mode & 0o777) == "0o700"
    subprocess.run(["gpgv", "--keyring", str(host.path / "keyring.gpg"), str(host.path / "streams/v1/index.sjson")], check=True,
                   capture_output=True)
    assert b"PRIVATE" not in (host.path / "keyring.gpg").read_bytes()
    host.publish()
    assert host.mirror(index="trimmed", signing_home=str(home))["published"]
    assert host.status["signer"] == fingerprint


def test_a_key_that_is_given_is_used(host, tmp_path):
    given, home = tmp_path / "given", tmp_path / "keys"
    for directory in (given, home):
        directory.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(given), "--batch", "--pinentry-mode", "loopback", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-generate-key", "Operator", "ed25519", "sign", "never"], check=True, capture_output=True)
    secret = subprocess.run([*gpg, "--export-secret-keys", "--armor"], check=True, capture_output=True).stdout
    subprocess.run(["gpg", "--homedir", str(home), "--batch", "--import"], input=secret, check=True, capture_output=True)
    host.mirror(index="trimmed", signing_home=str(home))
    public = subprocess.run([*gpg, "--export"], check=True, capture_output=True).stdout
    assert (host.path / "keyring.gpg").read_bytes() == public
