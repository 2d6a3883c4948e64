# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import FetchError, RefusedError, StorageError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree


def item(path, content=b"content"):
    return Item(path, len(content), hashlib.sha256(content).hexdigest(), "squashfs", "ubuntu", "noble", "amd64", "1", ("p",))


@pytest.fixture
def tree(tmp_path):
    made = Tree(str(tmp_path / "mirror"))
    made.prepare(None)
    return made


def arrive(tree, wanted, content=b"content"):
    with open(tree.partial(wanted), "wb") as file:
        file.write(content)


def snapshot(tree, text="index"):
    os.makedirs(os.path.join(tree.snapshot, "streams", "v1"))
    with open(os.path.join(tree.snapshot, "streams", "v1", "index.sjson"), "w", encoding="utf-8") as file:
        file.write(text)


def served(tree):
    with open(os.path.join(tree.path, "streams", "v1", "index.sjson"), encoding="utf-8") as file:
        return file.read()


def test_a_directory_with_other_files_is_refused(tmp_path):
    (tmp_path / "index.php").write_text("somebody's site")
    with pytest.raises(RefusedError, match="is not empty and holds no mirror"):
        Tree(str(tmp_path)).prepare(None)
    assert [entry.name for entry in tmp_path.iterdir()] == ["index.php"]


def test_a_directory_that_has_the_status_page_alone_is_taken(tmp_path):
    (tmp_path / "index.html").write_text("the page")
    tree = Tree(str(tmp_path))
    tree.prepare(None)
    assert tree.exists()
    assert list(tree.files()) == []


def test_an_empty_directory_and_a_mirror_are_taken(tree):
    assert tree.exists()
    Tree(tree.path).prepare(None)


def test_an_item_is_admitted_with_a_mode_that_a_web_server_can_read(tree):
    wanted = item("noble/amd64/1/squashfs")
    before = os.umask(0o077)
    try:
        arrive(tree, wanted)
    finally:
        os.umask(before)
    tree.admit(wanted)
    assert tree.size(wanted.path) == 7 and tree.matches(wanted)
    assert os.stat(os.path.join(tree.path, wanted.path)).st_mode & 0o777 == 0o644
    assert not os.listdir(tree.incoming)


@pytest.mark.parametrize("content", [b"CONTENT", b"conten", b"content and more", b""])
def test_an_item_with_other_bytes_is_not_admitted_and_starts_again(tree, content):
    wanted = item("noble/amd64/1/squashfs")
    arrive(tree, wanted, content)
    with pytest.raises(FetchError, match="is not what the metadata lists"):
        tree.admit(wanted)
    assert tree.size(wanted.path) is None
    assert not os.path.exists(tree.partial(wanted))


def test_what_was_hashed_while_it_came_is_not_read_again(tree):
    wanted = item("noble/squashfs")
    arrive(tree, wanted, b"CONTENT")
    tree.admit(wanted, wanted.sha256)
    assert tree.size(wanted.path) == 7 and not tree.matches(wanted)
    with pytest.raises(FetchError, match="is not what the metadata lists"):
        arrive(tree, wanted, b"conten")
        tree.admit(wanted, wanted.sha256)


def test_an_item_is_not_written_through_a_planted_symlink(tree, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    os.symlink(str(tmp_path / "elsewhere"), os.path.join(tree.path, "noble"))
    arrive(tree, item("noble/squashfs"))
    with pytest.raises(StorageError, match="through a symlink"):
        tree.admit(item("noble/squashfs"))
    assert not os.listdir(tmp_path / "elsewhere")


def test_a_symlink_in_the_place_of_an_item_is_no_item(tree, tmp_path):
    (tmp_path / "planted").write_bytes(b"content")
    os.symlink(str(tmp_path / "planted"), os.path.join(tree.path, "squashfs"))
    assert tree.size("squashfs") is None


def test_publish_switches_streams_and_keeps_the_former_generation(tree):
    for name, text in (("1", "first"), ("2", "second")):
        snapshot(tree, text)
        tree.store(name, {"a/x": item("a/x")}, "2025-07-0%sT00:00:00Z" % name)
        tree.publish(name)
        assert served(tree) == text
        assert tree.current() == name
        assert os.readlink(os.path.join(tree.path, "streams")) == ".mirror/generations/%s/streams" % name
    assert [generation.name for generation in tree.generations()] == ["2", "1"]
    assert tree.generations()[1].items == {"a/x": item("a/x")}


def test_storing_the_same_state_again_replaces_its_items(tree):
    for paths in (["a/x"], ["a/x", "a/y"]):
        snapshot(tree)
        tree.store("1", {path: item(path) for path in paths}, "2025-07-01T00:00:00Z")
    assert [sorted(generation.items) for generation in tree.generations()] == [["a/x", "a/y"]]


def test_files_are_items_and_strays_but_nothing_of_the_mirror_nor_of_one_inside(tree):
    for path in ("a/b/x", "stray", "inner/deep/y"):
        full = os.path.join(tree.path, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(b"12345")
    Tree(os.path.join(tree.path, "other")).prepare(None)
    with open(os.path.join(tree.path, "other", "theirs"), "wb") as file:
        file.write(b"1")
    snapshot(tree)
    tree.store("1", {}, "2025-07-01T00:00:00Z")
    tree.publish("1")
    tree.report({})
    assert list(tree.files()) == [("stray", 5), ("a/b/x", 5), ("inner/deep/y", 5)]


def test_drop_takes_the_empty_directories_with_it(tree):
    for path in ("a/b/x", "a/y"):
        os.makedirs(os.path.join(tree.path, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(tree.path, path), "wb"):
            pass
    tree.drop(["a/b/x"])
    assert sorted(os.listdir(tree.path)) == [".mirror", "a"]
    assert os.listdir(os.path.join(tree.path, "a")) == ["y"]
    tree.drop(["a/y"])
    assert os.listdir(tree.path) == [".mirror"]


def test_partials_of_wanted_items_stay(tree):
    kept, gone = item("a/x"), item("a/y", b"other")
    for wanted in (kept, gone):
        arrive(tree, wanted)
        arrive(tree, wanted)
        with open(tree.partial(wanted) + ".journal", "wb"):
            pass
    tree.forget_partials([kept])
    assert sorted(os.listdir(tree.incoming)) == [kept.sha256, kept.sha256 + ".journal"]


def test_a_failing_disk_is_put_in_words(tree):
    os.rmdir(tree.incoming)
    with pytest.raises(StorageError) as error:
        tree.admit(item("a/x"))
    assert "No such file or directory" in str(error.value) and tree.incoming in str(error.value)


def test_a_spoiled_plan_is_named(tree):
    snapshot(tree)
    tree.store("1", {}, "2025-07-01T00:00:00Z")
    path = os.path.join(tree.path, ".mirror", "generations", "1", "plan.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write("{")
    with pytest.raises(StorageError, match="generations/1/plan.json is not readable"):
        tree.generations()


def test_what_sstream_mirror_left_is_taken_over_in_one_step(tmp_path):
    (tmp_path / "streams" / "v1").mkdir(parents=True)
    (tmp_path / "streams" / "v1" / "index.sjson").write_text("theirs")
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "references.json").write_text("{}")
    tree = Tree(str(tmp_path))
    tree.prepare(None)
    assert served(tree) == "theirs"
    assert list(tree.files()) == [(".data/references.json", 2)]
    snapshot(tree, "ours")
    tree.store("1", {}, "2025-07-01T00:00:00Z")
    tree.publish("1")
    assert served(tree) == "ours" and tree.current() == "1"
    assert sorted(os.listdir(os.path.join(tree.path, ".mirror"))) == ["generations", "incoming"]


def test_a_pin_is_kept_and_taken_off(tree):
    assert tree.pinned() is None
    tree.pin("1")
    assert Tree(tree.path).pinned() == "1"
    tree.pin(None)
    tree.pin(None)
    assert tree.pinned() is None


def test_an_item_of_a_sibling_is_linked_not_copied(tree, tmp_path):
    other = Tree(str(tmp_path / "candidate"))
    other.prepare(None)
    wanted = item("noble/squashfs")
    arrive(tree, wanted)
    tree.admit(wanted)
    assert other.share(item("other/name"), tree.path, wanted.path)
    assert os.stat(os.path.join(tree.path, "noble/squashfs")).st_nlink == 2


def test_a_spoiled_item_of_a_sibling_is_not_taken(tree, tmp_path):
    other = Tree(str(tmp_path / "candidate"))
    other.prepare(None)
    with open(os.path.join(tree.path, "squashfs"), "wb") as file:
        file.write(b"CONTENT")
    assert not other.share(item("squashfs"), tree.path, "squashfs")
    assert not other.share(item("squashfs"), tree.path, "absent")
    assert other.size("squashfs") is None


def test_metadata_that_is_not_as_it_was_stored_is_seen_and_put_back_in_one_step(tree):
    snapshot(tree)
    tree.store("20250718T080149Z-1", {}, "2025-07-18T09:00:00Z")
    tree.publish("20250718T080149Z-1")
    [generation] = tree.generations()
    assert tree.intact(generation)
    assert generation.updated.isoformat() == "2025-07-18T08:01:49+00:00"
    with open(os.path.join(tree.path, "streams", "v1", "index.sjson"), "w", encoding="utf-8") as file:
        file.write("index, damaged")
    assert not tree.intact(generation)
    snapshot(tree)
    tree.store("20250718T080149Z-1", {}, "2025-07-18T10:00:00Z")
    assert served(tree) == "index" and tree.intact(tree.generations()[0])
    assert not os.path.exists(tree.snapshot)


def test_a_generation_that_is_retired_is_none_any_more_whatever_is_left_of_it(tree):
    snapshot(tree)
    tree.store("20250718T080149Z-1", {}, "2025-07-18T09:00:00Z")
    tree.retire("20250718T080149Z-1")
    assert tree.generations() == [] and os.path.exists(tree.former)
    tree.retire("20250718T080149Z-1")
    assert not os.path.exists(tree.former)


def test_everybody_may_read_an_item_that_others_put_there(tree):
    folder = os.path.join(tree.path, "noble", "amd64")
    os.makedirs(folder, mode=0o700)
    with open(os.path.join(folder, "squashfs"), "wb"):
        os.chmod(os.path.join(folder, "squashfs"), 0o600)
    tree.open_up(["noble/amd64/squashfs"])
    assert [os.stat(path).st_mode & 0o777 for path in (os.path.dirname(folder), folder, os.path.join(folder, "squashfs"))] == \
        [0o755, 0o755, 0o644]
