# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import threading

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import fetch
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.client import Failure
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import FetchError, StorageError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.progress import Progress
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import MIRROR_OPTIONS, checked
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree

MIB = 1 << 20
LARGE = bytes(range(256)) * (5 * MIB // 256)  # comes in pieces


class Web:
    """Servers that are none: {URL: content}, and for each URL what goes wrong with its next requests."""

    def __init__(self):
        self.files, self.faults, self.asked = {}, {}, []
        self.ranges = True
        self._lock = threading.Lock()

    def get(self, url, span=None):
        with self._lock:
            self.asked.append((url, span))
            fault = self.faults[url].pop(0) if self.faults.get(url) else None
        if isinstance(fault, Failure):
            raise fault
        if url not in self.files:
            raise Failure("404 Not Found", retried=False)
        return Answer(url, self.files[url], span if self.ranges else None, fault)

    def close(self):
        pass

    forget = close


class Answer:
    def __init__(self, url, content, span, stop):
        self.url, self.words, self._whole = url, "", len(content)
        self.status = 206 if span else 200
        self._start, end = span or (0, len(content))
        self._body, self._stop = content[self._start:end], stop

    def size(self):
        return self._whole

    def start(self):
        return self._start

    def header(self, name, default=""):
        return default

    def read_into(self, view):
        if self._stop is not None and self._stop <= 0:
            raise Failure("the connection was closed")
        size = min(len(view), len(self._body), self._stop or len(self._body))
        view[:size], self._body = self._body[:size], self._body[size:]
        self._stop = None if self._stop is None else self._stop - size
        return size

    def done(self):
        assert not self._body

    def drop(self):
        pass


class Counting(Progress):
    def __init__(self):
        self.size, self.came, self.items = 0, 0, []
        self._lock = threading.Lock()

    def begin(self, count, size):
        self.size = size

    def advance(self, size):
        with self._lock:
            self.came += size

    def admitted(self, item):
        self.items.append(item.path)


@pytest.fixture
def web(monkeypatch):
    made = Web()
    monkeypatch.setattr(fetch, "Client", lambda route: made)
    monkeypatch.setattr(fetch, "pause", lambda tries, after: 0)
    return made


@pytest.fixture
def tree(tmp_path):
    made = Tree(str(tmp_path / "m"))
    made.prepare(None)
    return made


def item(path, content):
    return Item(path, len(content), hashlib.sha256(content).hexdigest(), "f", "o", "r", "a", "v")


def run(tree, items, progress=None, **values):
    settings = checked(dict({"source": "http://h/s", "path": tree.path, "keyring": "/k", "retries": 2}, **values), MIRROR_OPTIONS)
    return fetch.fetch(settings, tree, items, progress or Counting())


def failures(tree, items, **values):
    with pytest.raises(FetchError) as error:
        run(tree, items, **values)
    return dict(error.value.failures)


def test_items_come_each_with_one_request_the_largest_first(tree, web):
    contents = {"a/manifest": b"1", "b/squash fs#1?": b"12345", "c/empty": b""}
    web.files = {"http://h/s/a/manifest": b"1", "http://h/s/b/squash%20fs%231%3F": b"12345"}
    progress = Counting()
    assert run(tree, [item(*pair) for pair in contents.items()], progress, parallel=1) == {"http://h/s/": 3}
    assert web.asked == [("http://h/s/b/squash%20fs%231%3F", None), ("http://h/s/a/manifest", None)]
    assert all(tree.matches(item(*pair)) for pair in contents.items())
    assert (progress.size, progress.came, len(progress.items)) == (6, 6, 3)
    assert os.listdir(tree.incoming) == []


def test_a_large_item_comes_in_pieces_that_cover_it_once(tree, web):
    web.files = {"http://h/s/large": LARGE}
    progress = Counting()
    run(tree, [item("large", LARGE)], progress)
    spans = sorted(span for url, span in web.asked)
    assert len(spans) > 2
    assert spans[0][0] == 0 and spans[-1][1] == len(LARGE)
    assert [end for start, end in spans[:-1]] == [start for start, end in spans[1:]]
    assert tree.matches(item("large", LARGE)) and os.listdir(tree.incoming) == []
    assert progress.came == progress.size == len(LARGE)


def test_a_server_without_ranges_gives_the_whole_once(tree, web):
    web.files, web.ranges = {"http://h/s/large": LARGE}, False
    progress = Counting()
    run(tree, [item("large", LARGE)], progress)
    assert tree.matches(item("large", LARGE))
    assert progress.came == len(LARGE)


def test_what_broke_off_goes_on_from_there(tree, web):
    web.files, web.faults = {"http://h/s/x": LARGE[:MIB]}, {"http://h/s/x": [200000, 300000]}
    progress = Counting()
    run(tree, [item("x", LARGE[:MIB])], progress, retries=1)
    assert [span for url, span in web.asked] == [None, (200000, MIB), (500000, MIB)]
    assert progress.came == MIB


def test_what_has_come_in_a_former_run_is_not_asked_for_again(tree, web):
    web.files = {"http://h/s/x": LARGE[:MIB]}
    with open(tree.partial(item("x", LARGE[:MIB])), "wb") as file:
        file.write(LARGE[:700000])
    run(tree, [item("x", LARGE[:MIB])])
    assert web.asked == [("http://h/s/x", (700000, MIB))]


def test_rubbish_of_a_former_run_costs_one_more_request_and_no_try(tree, web):
    web.files = {"http://h/s/x": LARGE[:MIB]}
    with open(tree.partial(item("x", LARGE[:MIB])), "wb") as file:
        file.write(b"rubbish")
    progress = Counting()
    run(tree, [item("x", LARGE[:MIB])], progress, retries=0)
    assert [span for url, span in web.asked] == [(7, MIB), None]
    assert progress.came == MIB


def test_what_is_refused_for_good_is_asked_for_once(tree, web):
    assert failures(tree, [item("x", b"x")]) == {"x": "404 Not Found"}
    assert len(web.asked) == 1


def test_what_may_pass_is_tried_again_so_many_times(tree, web):
    web.files, web.faults = {"http://h/s/x": b"x"}, {"http://h/s/x": [Failure("503 by command")] * 2}
    run(tree, [item("x", b"x")], retries=2)
    assert len(web.asked) == 3
    web.faults = {"http://h/s/y": [Failure("503 by command")] * 9}
    assert failures(tree, [item("y", b"y")], retries=2) == {"y": "503 by command"}
    assert len(web.asked) == 6


def test_pieces_that_fail_together_count_as_one_try(tree, web):
    web.files, web.faults = {"http://h/s/large": LARGE}, {"http://h/s/large": [Failure("503 by command")] * 4}
    run(tree, [item("large", LARGE)], retries=4)
    assert tree.matches(item("large", LARGE))


def test_wrong_bytes_start_again_once_and_leave_nothing(tree, web):
    web.files = {"http://h/s/x": b"X"}
    assert failures(tree, [item("x", b"x")]) == {"x": "the bytes that the server gave do not have the listed sha256"}
    assert len(web.asked) == 2 and os.listdir(tree.incoming) == []


def test_another_length_is_seen_before_the_bytes_come(tree, web):
    web.files = {"http://h/s/x": LARGE}
    progress = Counting()
    with pytest.raises(FetchError, match="5242880 bytes of no type, listed 1 bytes"):
        run(tree, [item("x", b"x")], progress)
    assert progress.came == 0


def test_the_next_source_is_asked_for_what_one_does_not_give(tree, web):
    web.files = {"http://h/s/a": b"a", "http://h/s/b": b"WRONG", "http://second/b": b"right", "http://joe:secret@third/c": b"c"}
    items = [item("a", b"a"), item("b", b"right"), item("c", b"c")]
    served = run(tree, items, sources=["http://second", "http://joe:secret@third"], retries=0)
    assert served == {"http://h/s/": 1, "http://second/": 1, "http://third/": 1}
    assert failures(tree, [item("d", b"d")], sources=["http://second"]) == {"d": "http://h/s/: 404 Not Found; 404 Not Found"}


def test_a_source_that_gives_no_answer_is_not_asked_for_all_the_rest(tree, web):
    items = [item("x%d" % number, b"%d" % number) for number in range(50)]
    web.faults = {"http://h/s/" + one.path: [Failure("timed out", unreachable=True)] * 9 for one in items}
    web.files = {"http://second/" + one.path: b"%d" % number for number, one in enumerate(items)}
    assert run(tree, items, sources=["http://second"], retries=0, parallel=1) == {"http://second/": 50}
    assert len(web.asked) == 51


def test_what_paths_have_in_common_is_fetched_once_and_linked(tree, web):
    web.files = {"http://h/s/ga/kernel": b"content"}
    items = [item(path, b"content") for path in ("ga/kernel", "hwe/kernel")]
    run(tree, items)
    assert len(web.asked) == 1
    assert all(tree.matches(one) for one in items)
    assert os.stat(os.path.join(tree.path, "ga", "kernel")).st_nlink == 2


def test_what_does_not_come_fails_for_every_path_that_has_it(tree, web):
    items = [item(path, b"content") for path in ("ga/kernel", "hwe/kernel")]
    assert failures(tree, items) == {"ga/kernel": "404 Not Found", "hwe/kernel": "404 Not Found"}


def test_a_disk_that_fails_ends_the_run(tree, web):
    web.files = {"http://h/s/x%d" % number: b"x" for number in range(99)}
    os.rmdir(tree.incoming)
    with pytest.raises(StorageError, match="No such file or directory"):
        run(tree, [item("x%d" % number, b"x") for number in range(99)])
