# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""maas/: get_config and set_config, for the settings that matter to images; the others are only known by name."""
from __future__ import annotations

from typing import TYPE_CHECKING

from . import answer, fields
from .answer import Answer
from .request import Request

if TYPE_CHECKING:
    from .region import Region

_BOOLEANS = {"enable_http_proxy", "boot_images_auto_import", "boot_images_no_proxy", "use_peer_proxy",
             "prefer_v4_proxy"}
_PROXY = {"http_proxy", "enable_http_proxy"}


def get(region: Region, request: Request) -> Answer:
    """GET ?op=get_config&name=N"""
    name = request.asked("name")
    _known(region, name)
    return answer.setting(region.state.setting(name))


def put(region: Region, request: Request) -> Answer:
    """POST ?op=set_config with name, value"""
    name, value = request.first("name"), request.first("value")
    _known(region, name or "")
    if value is None:
        raise answer.bad("No provided value!")
    if name in _BOOLEANS:
        value = fields.setting_boolean(value)
    elif name == "http_proxy" and value != "":
        value, wrong = fields.url(str(value))
        if wrong:
            raise answer.invalid({name: wrong})
    changed = region.state.setting(name) != value
    region.state.settings[name] = value
    if changed and name in _PROXY:
        region.refresh()
    return answer.text("OK")


def _known(region: Region, name: str) -> None:
    if not name:
        raise answer.bad("No provided name!")
    if name not in region.version.settings:
        raise answer.invalid({name: [f"{name} is not a valid config setting (valid settings are: "
                                     f"{', '.join(region.version.settings)})."]}, charset=False)
