# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
from types import SimpleNamespace

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import fetch
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import FetchError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.progress import Progress
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import MIRROR_OPTIONS, checked
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree

SETTINGS = checked({"source": "http://h/s", "path": "/srv/m", "keyring": "/k", "rate_limit": "20M", "retries": 2}, MIRROR_OPTIONS)


def test_options_reach_the_command_line():
    argv = fetch.arguments(SETTINGS, SimpleNamespace(incoming="/srv/m/.mirror/incoming"))
    for option in ("--dir=/srv/m/.mirror/incoming", "--max-concurrent-downloads=16", "--split=4", "--max-tries=3",
                   "--max-overall-download-limit=20M", "--timeout=60", "--no-conf=true", "--no-netrc=true"):
        assert option in argv


def test_the_list_has_a_hash_for_each_item_and_the_largest_first():
    small, large = (Item(path, size, letter * 64, "f", "o", "r", "a", "v") for path, size, letter in
                    (("a/manifest", 1, "a"), ("b/squash fs#1?", 9, "b")))
    assert fetch.input_file(SETTINGS, [small, large]) == (
        "http://h/s/b/squash%20fs%231%3F\n  out={b}\n  checksum=sha-256={b}\n"
        "http://h/s/a/manifest\n  out={a}\n  checksum=sha-256={a}\n".format(a="a" * 64, b="b" * 64))


def test_causes_are_the_last_words_for_each_url():
    output = """
11/23 13:00:00 [ERROR] CUID#7 - Download aborted. URI=http://h/s/a
Exception: [AbstractCommand.cc:351] errorCode=22 URI=http://h/s/a
  -> [HttpSkipResponseCommand.cc:239] errorCode=22 The response status is not successful. status=503
11/23 13:00:01 [ERROR] CUID#9 - Download aborted. URI=http://h/s/b
Exception: [AbstractCommand.cc:351] errorCode=3 URI=http://h/s/b
  -> [HttpSkipResponseCommand.cc:219] errorCode=3 Resource not found
11/23 13:00:02 [ERROR] Checksum error detected. file=/srv/m/.mirror/incoming/aa
"""
    assert fetch.causes(output) == {
        "http://h/s/a": "The response status is not successful. status=503",
        "http://h/s/b": "Resource not found",
        "/srv/m/.mirror/incoming/aa": "the bytes that the server gave do not have the listed sha256"}


def test_what_paths_have_in_common_is_fetched_once_and_linked(tmp_path, monkeypatch):
    tree = Tree(str(tmp_path / "m"))
    tree.prepare(None)
    items = [Item(path, 7, hashlib.sha256(b"content").hexdigest(), "f", "o", "r", "a", "v") for path in ("ga/kernel", "hwe/kernel")]
    asked = []

    def download(settings, tree, wanted):
        asked.extend(item.path for item in wanted)
        for item in wanted:
            with open(tree.partial(item), "wb") as file:
                file.write(b"content")
        return {}

    monkeypatch.setattr(fetch, "_download", download)
    fetch.fetch(SETTINGS, tree, items, Progress())
    assert asked == ["ga/kernel"]
    assert all(tree.matches(item) for item in items)
    assert os.stat(tmp_path / "m" / "ga" / "kernel").st_nlink == 2


def test_what_does_not_come_fails_for_every_path_that_has_it(tmp_path, monkeypatch):
    tree = Tree(str(tmp_path / "m"))
    tree.prepare(None)
    items = [Item(path, 7, "a" * 64, "f", "o", "r", "a", "v") for path in ("ga/kernel", "hwe/kernel")]
    monkeypatch.setattr(fetch, "_download", lambda settings, tree, wanted: {"http://h/s/ga/kernel": "Resource not found"})
    with pytest.raises(FetchError) as error:
        fetch.fetch(SETTINGS, tree, items, Progress())
    assert error.value.failures == [("ga/kernel", "Resource not found"), ("hwe/kernel", "Resource not found")]
