# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""maas_config and maas_config_info against each version of MAAS."""

from __future__ import annotations

import pytest

MODULE = "maas_config"
PROXY = "http://proxy.example.com:3128/"


def settings(region):
    return region.done("maas_config_info")["maas_config"]


def test_ladder(region):
    before = settings(region)
    region.rung(MODULE, http_proxy=PROXY, enable_http_proxy=True, boot_images_no_proxy=True)
    region.rung(MODULE, http_proxy=PROXY.replace("3128", "8000"), boot_images_auto_import=False)
    region.rung(MODULE, changed=False, boot_images_auto_import=False)
    assert settings(region) == dict(
        before,
        http_proxy="http://proxy.example.com:8000/",
        boot_images_no_proxy=True,
        boot_images_auto_import=False,
    )
    region.rung(MODULE, http_proxy="", boot_images_no_proxy=False, boot_images_auto_import=True)
    assert settings(region) == before
