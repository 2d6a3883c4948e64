# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of MAAS as a command, and what a test may ask of it beside the API."""
from __future__ import annotations

import contextlib
import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .client import call, oauth, send
from .world import ADMIN, JOE, Maas, Mirror

COMMAND = Path(__file__).resolve().parents[1] / "lab" / "maas.py"


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The command, and its port."""
    with subprocess.Popen([sys.executable, str(COMMAND), "--listen", "127.0.0.1:0", "--api-key", ADMIN, *arguments],
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r":(\d+)/MAAS$", process.stdout.readline().strip())
            assert found
            yield int(found.group(1)), process
        finally:
            process.kill()


def test_runs_on_a_bare_host() -> None:
    with running("--maas-version", "3.8", "--install", "snap", "--user-api-key", JOE) as (port, _process):
        assert call(port, ADMIN, "GET", "version/")["version"] == "3.8.0~beta6"
        assert call(port, JOE, "GET", "users/?op=whoami")["is_superuser"] is False
        (source,) = call(port, ADMIN, "GET", "boot-sources/")
        assert source["keyring_filename"] == "/snap/maas/current/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"


def test_may_die_at_a_write() -> None:
    with running("--fail-write", "2", "--fail-how", "exit") as (port, process):
        call(port, ADMIN, "POST", "maas/?op=set_config", name="boot_images_no_proxy", value="true")
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            call(port, ADMIN, "POST", "maas/?op=set_config", name="boot_images_no_proxy", value="false")
        assert process.wait(10) == 1


@pytest.mark.parametrize(("arguments", "words"), [
    (["--api-key", "one:two"], "CONSUMER:TOKEN:SECRET"), (["--keyring", "x"], "PATH=FILE")])
def test_says_what_is_wrong_with_its_arguments(arguments: list[str], words: str) -> None:
    ran = subprocess.run([sys.executable, str(COMMAND), "--listen", "127.0.0.1:0", *arguments], capture_output=True,
                         text=True, check=False)
    assert (ran.returncode, words in ran.stderr) == (1, True)


@pytest.mark.parametrize(("how", "status", "done"), [("500", 500, False), ("409", 409, False), ("drop", None, False),
                                                     ("drop-after", None, True)])
def test_a_write_may_fail_before_or_after_it_is_done(mirror: Mirror, how: str, status: int | None, done: bool) -> None:
    with Maas("3.7", mirror) as maas:
        maas.lab("fail", at=2, how=how)
        paths = [f"/MAAS/api/2.0/boot-sources/{number}/" for number in (99, 1, 1)]
        assert send(maas.port, "DELETE", paths[0], None, {"Authorization": oauth(ADMIN)}).status == 404
        if status is None:
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                send(maas.port, "DELETE", paths[1], None, {"Authorization": oauth(ADMIN)})
        else:
            answer = send(maas.port, "DELETE", paths[1], None, {"Authorization": oauth(ADMIN)})
            assert (answer.status, answer.headers.get("retry-after")) == (status, "5" if status == 409 else None)
        assert (call(maas.port, ADMIN, "GET", "boot-sources/") == []) is done
        answer = send(maas.port, "DELETE", paths[2], None, {"Authorization": oauth(ADMIN)})
        assert answer.status == (404 if done else 204)


def test_writes_are_listed_and_reads_are_not(mirror: Mirror) -> None:
    with Maas("3.7", mirror) as maas:
        call(maas.port, ADMIN, "GET", "boot-sources/")
        call(maas.port, ADMIN, "GET", "boot-resources/?op=is_importing")
        assert maas.lab("writes") == []
        call(maas.port, ADMIN, "POST", "boot-resources/?op=stop_import")
        assert maas.lab("writes") == [{"method": "POST", "path": "/MAAS/api/2.0/boot-resources/", "op": "stop_import",
                                       "status": 200}]


def test_an_import_may_be_stalled_and_watched(mirror: Mirror) -> None:
    with Maas("3.7", mirror) as maas:
        maas.lab("hold", points=["cache"])
        call(maas.port, ADMIN, "POST", "boot-resources/?op=import")
        maas.settle()
        state = maas.lab("state")
        assert (state["importing"], state["held"]) == (True, ["cache"])
        assert state["sources"][0]["url"] == "http://images.maas.io/ephemeral-v3/stable/"
        maas.lab("release")
        maas.settle()
        assert maas.lab("state")["importing"] is False
