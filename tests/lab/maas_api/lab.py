# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests may ask of the stand-in, outside /MAAS and without a login. Bodies and answers are JSON.

    GET  /lab/state                        all that it holds
    GET  /lab/writes                       every request that was not a GET, in order, with its status
    POST /lab/hold     {"points": [..]}    let background work stop at: cache, rows, purge, files, stop
    POST /lab/release  {"points": [..]}    let it go on; without points: everywhere
    POST /lab/settle   {"seconds": 30}     wait until background work is done or held: {"settled": true}
    POST /lab/fail     {"at": 2, "how": "500"}   spoil the Nth write from now on: see HOW; "away" takes "seconds" too
    POST /lab/check                        what MAAS does every few minutes: see whether there are images
    POST /lab/import                       what MAAS does every hour: import, if it is set to
"""
from __future__ import annotations

import base64
import dataclasses
import json
import os
import time
from typing import TYPE_CHECKING, Any

from . import answer
from .answer import Answer

if TYPE_CHECKING:
    from .region import Region
    from .request import Request

# 500, 409: refused, nothing is done; drop: the connection ends before anything is done; drop-after: it is done, but
# the connection ends without an answer; exit: the whole process ends before anything is done; away: from then on, for
# some seconds, nothing at all is answered, and after that everything again
HOW = ("500", "409", "drop", "drop-after", "exit", "away")


class Dropped(Exception):
    """The connection is to end without an answer."""


class Lab:
    """A region, watched and spoilt."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.writes: list[dict[str, Any]] = []
        self._fail_in = 0  # writes from now; 0: none
        self._how = ""
        self._away_for, self._back_at = 0.0, 0.0

    def fail(self, at: int, how: str, seconds: float = 0) -> None:
        """Spoil the Nth write from now. Raises ValueError."""
        if how not in HOW:
            raise ValueError(f"No way to fail: {how!r}. There are {', '.join(HOW)}.")
        self._fail_in, self._how, self._away_for = at, how, seconds

    def answer(self, request: Request) -> Answer:
        """The region's answer, or the lab's own. Raises Dropped."""
        if request.path.startswith("/lab/"):
            return self._control(request)
        if time.monotonic() < self._back_at:
            raise Dropped
        if request.method in ("GET", "HEAD"):
            return self.region.answer(request)
        how = self._due()
        entry = {"method": request.method, "path": request.path, "op": request.op, "status": None}
        self.writes.append(entry)
        if how == "exit":
            os._exit(1)
        if how == "away":
            self._back_at = time.monotonic() + self._away_for
        if how in ("drop", "away"):
            raise Dropped
        spoilt = {"500": answer.broken("The lab was told to fail here."), "409": answer.conflict()}.get(how)
        given = spoilt.answer if spoilt else self.region.answer(request)
        entry["status"] = given.status
        if how == "drop-after":
            raise Dropped
        return given

    def _due(self) -> str:
        if not self._fail_in:
            return ""
        self._fail_in -= 1
        return "" if self._fail_in else self._how

    def _control(self, request: Request) -> Answer:
        control = getattr(self, f"_{request.method.lower()}_{request.path[5:].strip('/')}", None)
        if control is None:
            return answer.json_page({"error": f"No {request.method} {request.path} here."}, 404)
        asked = {name: values if name == "points" else values[-1] for name, values in request.fields.items()}
        try:
            return answer.json_page(control(**asked))
        except (TypeError, ValueError) as error:
            return answer.json_page({"error": str(error)}, 400)

    def _get_state(self) -> dict[str, Any]:
        region = self.region
        with region.lock:
            state = dataclasses.asdict(region.state)
            state.pop("version")
            state.update(maas=region.version.name, importing=region.importing, held=region.jobs.held)
            return json.loads(json.dumps(state, default=_plain))

    def _get_writes(self) -> list[dict[str, Any]]:
        return self.writes

    def _post_hold(self, points: list[str]) -> dict[str, Any]:
        self.region.jobs.hold(points)
        return {"held": self.region.jobs.held}

    def _post_release(self, points: list[str] | None = None) -> dict[str, Any]:
        self.region.jobs.release(points)
        return {"held": self.region.jobs.held}

    def _post_settle(self, seconds: float = 30) -> dict[str, Any]:
        return {"settled": self.region.jobs.settle(float(seconds))}

    def _post_fail(self, at: int = 1, how: str = "500", seconds: float = 0) -> dict[str, Any]:
        self.fail(int(at), how, float(seconds))
        return {"at": int(at), "how": how}

    def _post_check(self) -> dict[str, Any]:
        with self.region.lock:
            if self.region.state.resources:
                self.region.state.withdraw(lambda ident: ident == "maas-import-pxe-files script")
            return {"images": len(self.region.state.resources)}

    def _post_import(self) -> dict[str, Any]:
        if self.region.state.setting("boot_images_auto_import"):
            self.region.start_import()
        return {"importing": self.region.importing}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
