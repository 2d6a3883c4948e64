# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with one item on the wire: retried within the run, or named and left for the next one."""
from __future__ import annotations

import re
import time

import pytest
import scene
from faults import Chunked, Content, Cut, Drop, Flip, Gzip, Hook, Html, NoRange, Pad, Rate, Redirect, Stall, Status

HALF = 500_000  # bytes; the squashfs of the stream has more than twice as many
BLOCK = 16_384  # bytes; what has arrived is counted in these

_HASH = "do not have the listed sha256|listed [0-9]+ bytes"

LASTING = {  # what upstream does, and what the message has to say of it
    "404": (Status(404), "404|not found"),
    "403": (Status(403), "403"),
    "500": (Status(500), "500"),
    "410": (Status(410), "410"),
    "429": (Status(429), "429"),
    "503": (Status(503), "503"),
    "html-200": (Html(), _HASH),
    "stall-after-headers": (Stall(), "[Tt]ime.?out|timed out"),
    "drop-after-headers": (Drop(at=0), "EOF|closed"),
    "wrong-bytes": (Flip(at=-1), _HASH),
    "truncated": (Cut(by=1), _HASH),
    "empty": (Content(b""), _HASH),
    "longer-than-listed": (Pad(by=1), _HASH),
    "chunked-and-longer": (Chunked(by=1), "more bytes than listed"),
    "compressed": (Gzip(), "Content-Encoding gzip, which nobody asked for"),
    "redirect-without-end": (Redirect("squashfs"), "redirected more than 5 times"),
    "redirect-elsewhere": (Redirect("file:///etc/passwd"), "where a mirror does not go"),
    "redirect-to-a-page": (Redirect("/streams/v1/index.sjson"), _HASH),
}

PASSING = {
    "429": Status(429),
    "500": Status(500),
    "503": Status(503),
    "wrong-bytes": Flip(),
    "stall-after-headers": Stall(),
    "stall-in-the-middle": Stall(at=HALF),
    "drop-after-headers": Drop(at=0),
    "drop-in-the-middle": Drop(at=HALF),
}

HARMLESS = {
    "chunked": Chunked(),
    "no-ranges": NoRange(),
    "slow": Rate(4_000_000),
    "redirect-to-the-file": Redirect("/elsewhere"),
}


def first(request):
    """The first byte that a request asked for."""
    return int((request.range or "bytes=0-").split("=")[1].split("-")[0])


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_is_named_and_nothing_is_published(lab, fault):
    item = lab.new("squashfs")
    what, words = LASTING[fault]
    lab.upstream.fault("*/squashfs", what)
    run = lab.sync()
    assert run.code == 6
    assert re.search("%s: .*(%s)" % (re.escape(item["path"]), words), run.words), run.words
    assert lab.published == scene.FIRST
    lab.upstream.heal()
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND
    assert {request.path for request in lab.upstream.requests if not request.path.startswith("streams/")} == {item["path"]}


def test_each_of_many_faults_is_named(lab):
    paths = sorted(set(lab.items()) - set(lab.items(scene.FIRST)))
    for path, lasting in zip(paths, list(LASTING.values()) * len(paths)):
        lab.upstream.fault(path, lasting[0])
    run = lab.sync()
    assert run.code == 6
    assert [path for path in paths if path not in run.words] == []
    lab.heals()


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_retried(lab, fault):
    lab.upstream.fault("*/squashfs", PASSING[fault], times=1)
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND


@pytest.mark.parametrize("fault", HARMLESS)
def test_a_server_may_be_peculiar(lab, fault):
    what = HARMLESS[fault]
    lab.upstream.fault("noble/*/squashfs", what)
    if isinstance(what, Redirect):
        squashfs = (lab.stage.states[scene.SECOND] / lab.new("squashfs")["path"]).read_bytes()
        lab.upstream.fault("elsewhere", Content(squashfs))
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND


def test_a_dropped_connection_is_resumed(lab):
    size = lab.new("squashfs")["size"]
    lab.upstream.fault("*/squashfs", Drop(at=HALF), times=2)
    assert lab.sync(retries=2).code == 0
    assert [first(request) for request in lab.upstream.asked("*/squashfs")] == [0, HALF, 2 * HALF]
    assert lab.upstream.sent("*/squashfs") == size


def test_a_server_is_given_the_time_that_it_asks_for(lab):
    lab.upstream.fault("*/squashfs", Status(503, retry_after="3"), times=1)
    begun = time.monotonic()
    assert lab.sync().code == 0
    assert time.monotonic() - begun > 3


@pytest.mark.parametrize("code", [403, 404, 410])
def test_what_is_refused_for_good_is_asked_for_once(lab, code):
    lab.upstream.fault("*/squashfs", Status(code))
    assert lab.sync(retries=5).code == 6
    assert lab.upstream.count("*/squashfs") == 1


def test_the_next_run_goes_on_where_the_last_one_failed(lab):
    lab.upstream.fault("*/squashfs", Drop(at=HALF), times=1)
    lab.upstream.fault("*/squashfs", Status(503), after=1)
    assert lab.sync().code == 6
    lab.upstream.heal()
    assert lab.sync().code == 0
    assert HALF - BLOCK <= first(lab.upstream.asked("*/squashfs")[-1]) <= HALF


def test_a_server_without_ranges_gets_another_whole_try(lab):
    lab.upstream.fault("*/squashfs", NoRange())
    lab.upstream.fault("*/squashfs", Drop(at=HALF), times=1)
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND


def test_wrong_bytes_in_a_resumed_half_are_fetched_again(lab):
    lab.upstream.fault("*/squashfs", Flip(at=HALF - 1), times=1)
    lab.upstream.fault("*/squashfs", Drop(at=HALF), times=1)
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND


LEFT_OVER = {"empty": 0, "one-byte": 1, "half": HALF, "all-but-one": -1, "complete": None}
SPOILED = {"too-long": lambda whole: whole + b"x", "rubbish": lambda whole: b"x" * HALF,
           "complete-rubbish": lambda whole: b"x" * len(whole), "flipped": lambda whole: b"x" + whole[1:HALF]}


@pytest.mark.parametrize("left", LEFT_OVER)
def test_a_left_over_partial_file_is_taken_up(lab, left):
    item = lab.new("squashfs")
    whole = (lab.stage.states[scene.SECOND] / item["path"]).read_bytes()
    lab.partial(item).write_bytes(whole[:LEFT_OVER[left]])
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND


@pytest.mark.parametrize("left", SPOILED)
def test_a_spoiled_partial_file_is_thrown_away(lab, left):
    item = lab.new("squashfs")
    whole = (lab.stage.states[scene.SECOND] / item["path"]).read_bytes()
    lab.partial(item).write_bytes(SPOILED[left](whole))
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND


@pytest.mark.parametrize("journal", [b"", b"0 500000", b"0 500000\n", b"0 1\n200000 900000", b"rubbish\n", b"-5 9\n", b"5 2\n",
                                     b"0 99999999999999\n", b"\x00" * 40])
def test_a_journal_that_a_kill_or_a_stranger_left(lab, journal):
    """A power cut leaves lines without their bytes, a full disk half a line: what is wrong is fetched again in the same run."""
    item = lab.new("squashfs")
    whole = (lab.stage.states[scene.SECOND] / item["path"]).read_bytes()
    lab.partial(item).write_bytes(whole[:HALF] + bytes(len(whole) - HALF))
    lab.partial(item).with_suffix(".journal").write_bytes(journal)
    assert lab.sync(retries=0).code == 0
    lab.heals()


def test_a_left_over_of_aria2_is_thrown_away(lab):
    """Its length says nothing: it has holes."""
    item = lab.new("squashfs")
    lab.partial(item).write_bytes(bytes(item["size"]))
    lab.partial(item).with_suffix(".aria2").write_bytes(b"\x00\x01")
    assert lab.sync(retries=0).code == 0
    assert lab.upstream.count("*/squashfs") == 1
    lab.heals()


def test_upstream_removes_an_item_in_mid_run(lab):
    item = lab.new("boot-initrd")
    gone = scene.clone(lab.stage.states[scene.SECOND], lab.scratch / "gone")
    (gone / item["path"]).unlink()
    lab.upstream.fault("*/squashfs", Hook(lambda: setattr(lab.upstream, "directory", gone)))
    lab.upstream.fault("*/boot-initrd", Rate(100_000))  # so that it is not over before
    run = lab.sync()
    assert (run.code, item["path"] in run.words) in ((0, False), (6, True))
    lab.upstream.directory = lab.stage.states[scene.SECOND]
    lab.heals()


def test_upstream_publishes_in_mid_run(lab):
    lab.upstream.fault("*/squashfs", Hook(lambda: setattr(lab.upstream, "directory", lab.stage.states[scene.THIRD])))
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND
    lab.heals(scene.THIRD)
