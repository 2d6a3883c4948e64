# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of MAAS answers every recorded request as the real MAAS did: status, headers, body, and effect.

Each recording is replayed in its order over HTTP, so later answers show the effect of earlier requests. No exchange is
left out. What can't be the same (ids, dates, hashes, addresses, pages for people) is what canon.py replaces; when the
recorder looked while MAAS was still at work, and what lay before the second part, is in scenes.py.
"""
from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import scenes
from .canon import Canon, Ids, kind_of, learn
from .client import Got, body_of, oauth, send
from .world import ADMIN, JOE, Maas, Mirror

TRANSCRIPTS = Path(__file__).resolve().parents[1] / "lab" / "transcripts"
VERSIONS = ("3.4", "3.7", "3.8")
RECORDED = {version: [json.loads(line) for line in (TRANSCRIPTS / f"{version}.jsonl").read_text().splitlines()]
            for version in VERSIONS}
HEADERS = ("content-type", "vary", "www-authenticate", "location")

# How the recorder spoilt its credentials: parts of the header, None to leave one out.
SPOILT: dict[str, dict[str, str | None]] = {
    "auth-wrong-consumer": {"oauth_consumer_key": "xxxx"},
    "auth-wrong-token": {"oauth_token": "xxxx"},
    "auth-wrong-secret": {"oauth_signature": "%26xxxx"},
    "auth-nonce-first": {"oauth_nonce": "4711"},
    "auth-nonce-replayed": {"oauth_nonce": "4711"},
    "auth-old-timestamp": {"oauth_timestamp": "1700000000"},
    "auth-future-timestamp": {"oauth_timestamp": "4000000000"},
    "auth-no-timestamp": {"oauth_timestamp": None},
    "auth-hmac-sha1-unsigned": {"oauth_signature_method": "HMAC-SHA1"},
    "auth-no-version": {"oauth_version": None},
    "auth-raw-ampersand-signature": {"oauth_signature": "&SECRET"},
}


def credentials(exchange: dict[str, Any]) -> dict[str, str]:
    """The Authorization header of a recorded request."""
    if exchange["auth"] is None:
        return {}
    header = oauth(JOE if exchange["auth"] == "user" else ADMIN, **SPOILT.get(exchange["step"], {}))
    if exchange["step"] == "auth-with-realm-no-comma-space":
        header = header.replace("OAuth ", 'OAuth realm="OAuth", ').replace(", ", ",")
    return {"Authorization": header}


class Replay:
    """One recording, made again; `results` are pairs of what was recorded and what came, by line."""

    def __init__(self, version: str, mirror: Mirror, recorded_keyrings: dict[str, bytes]) -> None:
        self._version, self._mirror, self._recorded_keyrings = version, mirror, recorded_keyrings
        self._files = {**mirror.keyrings, "null": b"", "big.bin": b"x" * (10 << 20 | 1)}
        self.results: list[tuple[Any, Any]] = []

    def run(self) -> Replay:
        """Both parts."""
        lines = RECORDED[self._version]
        times: Counter[str] = Counter()
        numbered = []
        for line in lines:
            times[line["step"]] += 1
            numbered.append((line, times[line["step"]]))
        border = next(number for number, (line, time) in enumerate(numbered)
                      if (line["step"], time) == scenes.PART_TWO)
        with Maas(self._version, self._mirror) as maas:
            scenes.begin(self._version, maas)
            self._part(maas, numbered[:border])
        with Maas(self._version, self._mirror) as maas:
            scenes.begin_part_two(self._version, maas, Canon(self._mirror, maas.port, {}).request)
            self._part(maas, numbered[border:])
        return self

    def _part(self, maas: Maas, lines: list[tuple[dict[str, Any], int]]) -> None:
        ids, canon = Ids(), Canon(self._mirror, maas.port, self._recorded_keyrings)
        for line, time in lines:
            scenes.before(self._version, line["step"], time, maas)
            got = self._send(maas, canon, ids, line)
            kind, new = kind_of(line["path"]), canon.got(got)
            learn(ids, kind, line["body"], new)
            self.results.append((
                [line["status"], {name: line["response_headers"].get(name) for name in HEADERS},
                 canon.value(line["body"], kind, ids)],
                [got.status, {name: got.headers.get(name) for name in HEADERS}, canon.value(new, kind)]))

    def _send(self, maas: Maas, canon: Canon, ids: Ids, line: dict[str, Any]) -> Got:
        asked = json.loads(canon.request(json.dumps(line)))
        body, headers = body_of(asked, self._files)
        return send(maas.port, line["method"], ids.path(line["path"]), body, {**headers, **credentials(line)})


@pytest.fixture(scope="module")
def replay(mirror: Mirror, recorded_keyrings: dict[str, bytes]) -> Callable[[str], Replay]:
    """Each recording, replayed once."""
    return functools.lru_cache(lambda version: Replay(version, mirror, recorded_keyrings).run())


@pytest.mark.parametrize(("version", "number"), [
    pytest.param(version, number, id=f"{version}-{number + 1}-{line['step']}")
    for version in VERSIONS for number, line in enumerate(RECORDED[version])])
def test_answers_as_recorded(replay: Callable[[str], Replay], version: str, number: int) -> None:
    recorded, got = replay(version).results[number]
    assert got == recorded
