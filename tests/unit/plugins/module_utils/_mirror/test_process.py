# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import multiprocessing
import os
import pickle

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import (
    FetchError, LockedError, MirrorError, SettingsError, without_credentials)
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.identity import call_as
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.lock import locked
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tools import CommandError, Lines, find, run


def test_credentials_never_reach_a_message():
    assert without_credentials("GET https://joe:secret@h/x and http://h/y") == "GET https://h/x and http://h/y"
    error = FetchError("http://joe:secret@h/", failures=[("x", "503 of http://joe:secret@h/x")])
    assert "secret" not in str(error) + repr(error.to_dict())


def test_an_error_says_what_and_what_to_do():
    assert str(MirrorError("a is b.", "Do c.")) == "a is b. Do c."
    assert str(MirrorError("a is b")) == "a is b"
    assert str(FetchError("2 items", "Do c.", failures=[("x", "404"), ("y", "503")])) == "2 items\n  x: 404\n  y: 503\nDo c."


def test_many_failures_show_the_first_ten():
    words = str(FetchError("12 items", failures=[("item%d" % number, "404") for number in range(12)]))
    assert "item9: 404" in words and "item10" not in words and words.endswith("and 2 more")


def test_exit_codes_differ():
    codes = [kind.exit_code for kind in MirrorError.__subclasses__() if kind is not CommandError]
    assert len(codes) == len(set(codes)) and 0 not in codes


@pytest.mark.parametrize("error", [FetchError("a", "b", "fetch", [("x", "404")]), CommandError("gpgv", 2, "bad\nlast")])
def test_errors_come_whole_out_of_a_child_process(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error) and again.__dict__ == error.__dict__


def test_a_second_holder_is_told_who_works(tmp_path):
    path = str(tmp_path / "lock")
    with locked(path, 0):
        with pytest.raises(LockedError, match=r"process %d since 20\d\d-" % os.getpid()):
            with locked(path, 0):
                pytest.fail("two at once")
    with locked(path, 0):
        pass


def test_the_lock_of_a_dead_holder_is_free(tmp_path):
    path = str(tmp_path / "lock")

    def die():
        with locked(path, 0):
            os._exit(0)

    child = multiprocessing.get_context("fork").Process(target=die)
    child.start()
    child.join()
    with locked(path, 0):
        pass


def test_a_missing_program_names_its_package(monkeypatch):
    with pytest.raises(SettingsError, match="sstream-nothing is not installed here"):
        find("sstream-nothing")


def test_a_program_runs_in_a_fixed_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert run(["sh", "-c", "echo $LC_ALL"]) == "C.UTF-8\n"


def test_a_failing_program_gives_its_last_words():
    with pytest.raises(CommandError, match="sh ended with exit code 3: no luck"):
        run(["sh", "-c", "echo trying >&2; echo no luck >&2; exit 3"])


def test_a_program_that_does_not_end_is_killed():
    with pytest.raises(CommandError, match="no end within 0"):
        run(["sleep", "60"], timeout=0.05)


def test_lines_come_one_by_one_and_a_failure_has_its_last_words():
    def lines(argv, timeout=60):
        with Lines(argv, timeout) as program:
            return list(program)

    assert lines(["sh", "-c", "echo a; echo no matter >&2; echo b"]) == ["a\n", "b\n"]
    with pytest.raises(CommandError, match="sh ended with exit code 3: no luck"):
        lines(["sh", "-c", "echo a; echo no luck >&2; exit 3"])
    with pytest.raises(CommandError, match="no end within 0"):
        lines(["sleep", "60"], 0.05)


def test_two_programs_work_side_by_side_and_end_with_the_block(tmp_path):
    """The second one is at it before anybody has asked what the first one says."""
    for name in ("told", "pid"):
        os.mkfifo(tmp_path / name)
    with Lines(["sh", "-c", f"cat {tmp_path}/told"], 60) as first, Lines(["sh", "-c", f"echo heard > {tmp_path}/told"], 60) as second, \
            Lines(["sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60"], 60):
        assert list(first) == ["heard\n"] and not list(second)
        pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_whoever_owns_the_mirror_calls_directly():
    assert call_as(None, os.getpid) == os.getpid()


def test_an_unknown_owner_is_named():
    with pytest.raises(SettingsError, match="owner is 'nobody-at-all' and there is no such user here"):
        call_as("nobody-at-all", os.getpid)


def test_root_acts_as_the_owner_and_stays_root():
    """The tests run as root, as bin/test does; a result and an error both come back."""
    assert os.geteuid() == 0
    assert call_as("nobody", os.geteuid) != 0
    assert os.geteuid() == 0
    with pytest.raises(FetchError, match="x"):
        call_as("nobody", _fail)


def _fail():
    raise FetchError("x")
