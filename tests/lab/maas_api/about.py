# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a MAAS says about itself: version, whoami, and the places beside the API 2.0."""
from __future__ import annotations

from typing import TYPE_CHECKING

from . import answer
from .answer import Answer
from .request import Request
from .versions import Version

if TYPE_CHECKING:
    from .region import Region

_CAPABILITIES = ["networks-management", "static-ipaddresses", "ipv6-deployment-ubuntu", "devices-management",
                 "storage-deployment-ubuntu", "network-deployment-ubuntu", "bridging-interface-ubuntu",
                 "bridging-automatic-ubuntu", "authenticate-api"]


def version(region: Region, _request: Request) -> Answer:
    """GET version/, without a login"""
    shown = answer.value({"capabilities": _CAPABILITIES, "version": region.version.name, "subversion": ""})
    shown.headers["Vary"] = "Authorization"
    return shown


def describe(_region: Region, _request: Request) -> Answer:
    """GET describe/, without a login; what it describes was not recorded"""
    return answer.json_page("")


def whoami(_region: Region, request: Request) -> Answer:
    """GET users/?op=whoami"""
    user = request.user
    return answer.value({"username": user.name, "email": f"{user.name}@example.com", "is_superuser": user.admin,
                         "is_local": True, "resource_uri": f"/MAAS/api/2.0/users/{user.name}/"})


def beside(known: Version, request: Request) -> Answer | None:
    """What answers outside /MAAS/api/2.0/; None: nothing there."""
    path = request.path
    if path == "/MAAS/api/version/":
        return answer.plain("2.0")
    if path.startswith("/MAAS/api/1.0/"):
        gone = answer.plain("The 1.0 API is no longer available. Please use API version 2.0.")
        gone.status = 410
        return gone
    if path in ("/MAAS", "/MAAS/"):
        moved = answer.page(301, "301 Moved Permanently")
        moved.headers["Location"] = "/MAAS/r/"
        return moved
    if path.startswith("/MAAS/a/v3"):
        return _v3(known, path)
    return None


def _v3(known: Version, path: str) -> Answer:
    """The other API: none, one without boot sources, or one that wants its own login."""
    if known.v3 == "none":
        return answer.page(502, "502 Bad Gateway")
    if path == "/MAAS/a/v3/":
        return answer.json_page({})
    if known.v3 == "absent":
        return answer.json_page({"detail": "Not Found"}, 404)
    return answer.json_page({
        "kind": "Error", "code": 401, "message": "Unauthorized.",
        "details": [{"type": "NotAuthenticatedViolation", "message": "The endpoint requires authentication.",
                     "field": None, "location": None}]}, 401)
