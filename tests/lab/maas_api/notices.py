# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""notifications/ and events/."""
from __future__ import annotations

import html
import re
import time
from typing import TYPE_CHECKING, Any

from . import answer
from .answer import Answer
from .request import Request

if TYPE_CHECKING:
    from .region import Region

EVENTS_LIMIT = 1000
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def index(region: Region, request: Request) -> Answer:
    """GET notifications/: those for this user that were not dismissed"""
    return answer.value([_show(one) for one in _for(region, request)])


def read(region: Region, request: Request, number: str) -> Answer:
    """GET notifications/ID/"""
    return answer.value(_show(_find(region, request, number)))


def dismiss(region: Region, request: Request, number: str) -> Answer:
    """POST notifications/ID/?op=dismiss"""
    region.state.dismissed.add((_find(region, request, number)["id"], request.user.name))
    return answer.value(None)


def events(region: Region, request: Request) -> Answer:
    """GET events/?op=query: newest first; nothing for those who are not administrators"""
    limit = int(request.asked("limit", "100"))
    if limit > EVENTS_LIMIT:
        raise answer.bad(f"Requested number of events {limit} is greater than limit: {EVENTS_LIMIT}")
    least = _LEVELS.index(request.asked("level", "INFO"))
    before, after = (int(request.asked(name, "0")) for name in ("before", "after"))
    found = [one for one in region.state.events if request.user.admin and _LEVELS.index(one["level"]) >= least
             and (not before or one["id"] < before) and one["id"] > after]
    found = found[::-1][-limit:] if after else found[::-1][:limit]
    uri = _uri(request)
    return answer.value({
        "count": len(found),
        "events": [{**one, "username": "unknown", "node": "regi0n", "hostname": "region",
                    "created": time.strftime("%a, %d %b. %Y %H:%M:%S", time.gmtime(one["created"]))}
                   for one in found],
        "next_uri": f"{uri}&after={found[0]['id']}" if found else uri,
        "prev_uri": f"{uri}&before={found[-1]['id']}" if found else None,
    })


def _for(region: Region, request: Request) -> list[dict[str, Any]]:
    """Administrators get what is for administrators, others what is for users."""
    user = request.user
    return [one for one in region.state.notifications
            if one["admins" if user.admin else "users"] and (one["id"], user.name) not in region.state.dismissed]


def _find(region: Region, request: Request, number: str) -> dict[str, Any]:
    found = next((one for one in _for(region, request) if str(one["id"]) == number), None)
    if found is None:
        raise answer.missing("Notification")
    return found


def _show(notification: dict[str, Any]) -> dict[str, Any]:
    words = notification["message"]
    if not re.search(r"</?a\b", words):  # MAAS' own texts hold links; what comes from outside is escaped
        words = html.escape(words)
    return {**notification, "message": words, "user": None, "context": {},
            "resource_uri": f"/MAAS/api/2.0/notifications/{notification['id']}/"}


def _uri(request: Request) -> str:
    asked = "&".join(f"{name}={value}" for name, values in request.query.items() for value in values
                     if name not in ("before", "after"))
    return f"{request.path}?{asked}"
