# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import reading
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.lock import locked
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.progress import Meter
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree, sha256
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.verification import GaveWay, Verification

NOW = "2026-11-24T03:00:00.000000Z"


class Settings:
    verify = "full"
    verify_rate_limit = None


@pytest.fixture
def tree(tmp_path):
    tree = Tree(str(tmp_path / "mirror"))
    tree.prepare(None)
    return tree


def put(tree, path, content):
    """An item that is on disk."""
    full = os.path.join(tree.path, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(content)
    return Item(path=path, size=len(content), sha256=sha256(full), ftype="", os="", release="", arch="", version="")


def flip(tree, item):
    """One bit of an item changes on disk."""
    with open(os.path.join(tree.path, item.path), "r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))


def verification(tree, now=NOW, **options):
    meter = Meter("verify", now)
    return Verification(options.pop("settings", Settings), tree, meter, now, **options), meter


def read_by(tree, monkeypatch):
    """The paths whose bytes are read from now on."""
    paths = []
    matches = Tree.matches
    monkeypatch.setattr(Tree, "matches", lambda self, item, *rest: (paths.append(item.path), matches(self, item, *rest))[1])
    return paths


def test_full_reads_all_and_fast_what_no_generation_lists(tree, monkeypatch):
    items = [put(tree, "a/x", b"one"), put(tree, "a/y", b"two"), put(tree, "b", b"three")]
    flip(tree, items[1])
    assert [item.path for item in verification(tree)[0].bad(items, {"a/x", "a/y", "b"})] == ["a/y"]

    class Fast(Settings):
        verify = "fast"

    read = read_by(tree, monkeypatch)
    assert verification(tree, settings=Fast)[0].bad(items, {"a/x", "a/y"}) == [] and read == ["b"]
    os.unlink(os.path.join(tree.path, "a/x"))
    assert verification(tree, settings=Fast)[0].bad(items, {"a/x", "a/y", "b"}) == [items[0]]


def test_what_was_read_is_not_read_again_until_it_is_done(tree, monkeypatch):
    items = [put(tree, "item%d" % number, b"content %d" % number) for number in range(5)]
    first, _meter = verification(tree)
    first.bad(items[:3], ())  # and there it was killed
    read = read_by(tree, monkeypatch)
    second, meter = verification(tree, "2026-11-25T03:00:00.000000Z")
    assert second.bad(items, ()) == [] and read == ["item3", "item4"]
    assert second.started == NOW and len(second.seen) == 5 and meter.current == ""
    second.done()
    del read[:]
    third, _meter = verification(tree, "2026-12-01T03:00:00.000000Z")
    assert third.started == "2026-12-01T03:00:00.000000Z"
    third.bad(items, ())
    assert len(read) == 5


def test_a_file_that_changed_since_is_read_again(tree):
    items = [put(tree, "x", b"one"), put(tree, "y", b"two")]
    verification(tree)[0].bad(items, ())
    flip(tree, items[0])
    assert verification(tree)[0].bad(items, ()) == [items[0]]


def test_another_content_under_the_same_path_is_read(tree, monkeypatch):
    item = put(tree, "x", b"one")
    verification(tree)[0].bad([item], ())
    read = read_by(tree, monkeypatch)
    other = Item(**dict(item.to_dict(), sha256="0" * 64))
    assert verification(tree)[0].bad([other], ()) == [other] and read == ["x"]


def test_a_verification_of_long_ago_is_not_taken_up(tree, monkeypatch):
    item = put(tree, "x", b"one")
    verification(tree)[0].bad([item], ())
    read = read_by(tree, monkeypatch)
    verification(tree, "2026-12-25T03:00:00.000000Z")[0].bad([item], ())
    assert read == ["x"]


@pytest.mark.parametrize("length", range(0, 200, 7))
def test_a_journal_that_a_kill_has_cut(tree, length):
    items = [put(tree, "item%d" % number, b"content %d" % number) for number in range(4)]
    verification(tree)[0].bad(items, ())
    os.truncate(tree.verified, min(length, os.path.getsize(tree.verified)))
    flip(tree, items[3])
    assert verification(tree)[0].bad(items, ()) == [items[3]]
    with open(tree.verified, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert sorted(line[0] for line in lines[1:]) == ["item0", "item1", "item2"]


def test_a_check_writes_nothing_down(tree):
    verification(tree, lasting=False)[0].bad([put(tree, "x", b"one")], ())
    assert not os.path.exists(tree.verified)


def test_without_a_journal_it_is_as_good(tree):
    os.mkdir(tree.verified)
    item = put(tree, "x", b"one")
    assert verification(tree)[0].bad([item], ()) == []
    flip(tree, item)
    assert verification(tree)[0].bad([item], ()) == [item]


def test_it_gives_way_and_goes_on(tree, monkeypatch):
    items = [put(tree, "x", b"one"), put(tree, "y", b"two")]
    first, meter = verification(tree, gives_way=True)
    read = read_by(tree, monkeypatch)
    monkeypatch.setattr(meter, "admitted", lambda item: open(tree.lock + ".wanted", "w", encoding="utf-8").close())
    with pytest.raises(GaveWay):
        first.bad(items, ())
    assert read == ["x", "y"]
    with locked(tree.lock, 0):
        assert not os.path.exists(tree.lock + ".wanted")
    del read[:]
    assert verification(tree, gives_way=True)[0].bad(items, ()) == [] and read == ["y"]


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, reading._CHUNK - 1, reading._CHUNK, reading._CHUNK + 1, 3 * reading._CHUNK + 5])
@pytest.mark.parametrize("direct", [True, False])
def test_every_length_is_read_whole(tmp_path, monkeypatch, size, direct):
    if not direct:
        monkeypatch.setattr(reading, "_open", lambda path: (os.open(path, os.O_RDONLY), False))
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    assert b"".join(bytes(chunk) for chunk in reading.chunks(str(tmp_path / "file"))) == content


def test_a_file_system_that_opens_but_does_not_read_so(tmp_path, monkeypatch):
    """As where a direct read is refused only when it comes: the descriptor claims to be direct and is for writing."""
    (tmp_path / "file").write_bytes(b"content")
    monkeypatch.setattr(reading, "_open", lambda path: (os.open(path, os.O_WRONLY), True))
    assert b"".join(bytes(chunk) for chunk in reading.chunks(str(tmp_path / "file"))) == b"content"


def test_a_rate_is_kept(tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr(reading.time, "monotonic", lambda: sum(slept))
    monkeypatch.setattr(reading.time, "sleep", slept.append)
    (tmp_path / "file").write_bytes(bytes(3 * reading._CHUNK))
    assert sum(len(chunk) for chunk in reading.chunks(str(tmp_path / "file"), reading._CHUNK)) == 3 * reading._CHUNK
    assert sum(slept) == 3  # seconds
