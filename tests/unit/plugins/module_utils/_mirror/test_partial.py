# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.partial import Partial, arrived, discard

WHOLE = bytes(range(256)) * 8


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "partial")


def names(path):
    return sorted(os.listdir(os.path.dirname(path)))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_what_comes_in_order_needs_no_journal_and_is_hashed_on_its_way(path, monkeypatch):
    partial = Partial(path, len(WHOLE))
    monkeypatch.setattr(os, "pread", None)
    for start in range(0, len(WHOLE), 512):
        partial.write(start, WHOLE[start:start + 512])
    assert names(path) == ["partial"]
    assert partial.sha256() == hashlib.sha256(WHOLE).hexdigest()


def test_what_comes_in_pieces_is_hashed_as_far_as_there_is_no_hole(path):
    partial = Partial(path, len(WHOLE))
    partial.in_pieces()
    for start, end in ((1024, 2048), (0, 512), (512, 1024)):
        partial.write(start, WHOLE[start:end])
        partial.add(start, end)
        partial.catch_up()
    assert partial.spans == [(0, 2048)]
    assert partial.sha256() == hashlib.sha256(WHOLE).hexdigest()
    partial.finish()
    assert names(path) == ["partial"] and read(path) == WHOLE


def test_the_next_run_knows_what_was_written_of_each_piece(path):
    partial = Partial(path, len(WHOLE))
    partial.in_pieces()
    partial.write(1024, WHOLE[1024:1100])
    partial.write(1100, WHOLE[1100:1200])
    partial.write(0, WHOLE[:10])
    del partial  # killed: nothing was added
    again = Partial(path, len(WHOLE))
    assert again.spans == [(0, 10), (1024, 1200)]
    for start, end in ((10, 1024), (1200, 2048)):
        again.write(start, WHOLE[start:end])
        again.add(start, end)
    assert again.sha256() == hashlib.sha256(WHOLE).hexdigest()


def test_a_beginning_that_goes_on_in_pieces_is_kept(path):
    Partial(path, len(WHOLE)).write(0, WHOLE[:100])
    partial = Partial(path, len(WHOLE))
    partial.in_pieces()
    partial.write(2000, WHOLE[2000:])
    del partial
    assert arrived(path, len(WHOLE)) == [(0, 100), (2000, 2048)]


@pytest.mark.parametrize("size, journal, spans", [
    (0, None, []),
    (5, None, [(0, 5)]),
    (2048, None, [(0, 2048)]),
    (2049, None, []),  # longer than the item
    (2048, b"", []),
    (2048, b"0 5\n9 10\n", [(0, 5), (9, 10)]),
    (2048, b"0 5\n9 1", [(0, 5)]),  # cut off while the line was written
    (10, b"0 5\n9 90\n", [(0, 5), (9, 10)]),  # more than is there
    (2048, b"-3 5\n", []),
    (2048, b"somebody's\n", []),
    (2048, b"1 2 3\n", []),
])
def test_what_has_arrived(path, size, journal, spans):
    with open(path, "wb") as file:
        file.write(bytes(size))
    if journal is not None:
        with open(path + ".journal", "wb") as file:
            file.write(journal)
    assert arrived(path, 2048) == spans


def test_what_can_not_be_made_sense_of_starts_again(path):
    for name in (path, path + ".aria2", path + ".journal"):
        with open(name, "wb") as file:
            file.write(b"1 2\n")
    partial = Partial(path, len(WHOLE))
    assert partial.spans == [] and names(path) == ["partial"] and read(path) == b""


def test_a_link_to_a_published_item_is_not_written_to(path, tmp_path):
    published = tmp_path / "squashfs"
    published.write_bytes(WHOLE)
    os.link(published, path)
    Partial(path, len(WHOLE)).write(0, b"other bytes")
    assert published.read_bytes() == WHOLE


def test_who_still_writes_to_what_was_thrown_away_touches_nothing_new(path):
    old = Partial(path, len(WHOLE))
    old.in_pieces()
    discard(path)
    new = Partial(path, len(WHOLE))
    new.in_pieces()
    old.write(0, b"late")
    assert read(path) == b"" and read(path + ".journal") == b""
