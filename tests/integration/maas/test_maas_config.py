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


def test_what_shows_a_password(region):
    secret = PROXY.replace("http://", "http://site1:hunter2hunter2@")
    other = secret.replace("hunter2", "another")
    region.rung(MODULE, http_proxy=secret)
    assert region.lab("state")["settings"]["http_proxy"] == secret
    result = region.rung(MODULE, http_proxy=other)
    assert result["diff"]["before"]["http_proxy"] == "http://site1:***@proxy.example.com:3128/ (with another password)"
    for result in (result, region.done(MODULE, boot_images_no_proxy=True), region.done(MODULE + "_info")):
        assert result["maas_config"]["http_proxy"] == "http://site1:***@proxy.example.com:3128/"
        assert "hunter2" not in str(result) and "another" not in str(result["maas_config"])
    assert region.done(MODULE + "_info", show_passwords=True)["maas_config"]["http_proxy"] == other


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    "name, value, hint",
    [
        ("http_proxy", "proxy.example.com:3128", "must be a URL"),
        ("http_proxy", "http://proxy:3128/", "has no dot"),
        ("enable_http_proxy", "maybe", "boolean"),
        ("commissioning_distro_series", "24.04", "code name"),
        ("default_distro_series", "Noble Numbat", "finds no such image"),
    ],
)
def test_what_maas_would_take_and_break_is_refused(start, check, name, value, hint):
    region = start("3.7")
    assert hint in region.refused(MODULE, check=check, **{name: value})
    assert not region.lab("writes")


def test_booleans_in_ansibles_spellings_are_sent_in_maas_s(region):
    for value, stored in (("no", False), ("yes", True), ("0", False)):
        region.rung(MODULE, boot_images_auto_import=value)
        assert region.lab("state")["settings"]["boot_images_auto_import"] is stored


def test_a_release_that_is_not_selected(region):
    result = region.rung(MODULE, commissioning_distro_series="jammy")
    assert "no boot source selects it (selected: %s)" % region.selections[0][2] in str(result["warnings"])


def test_several_are_changed_together_or_not_at_all(region):
    before = settings(region)
    region.lab("fail", {"at": 3, "how": "500"})
    message = region.refused(MODULE, http_proxy=PROXY, boot_images_no_proxy=True, boot_images_auto_import=False)
    assert "told to fail here" in message and "MAAS is as it was" in message
    assert settings(region) == before


def test_a_setting_that_this_maas_does_not_have(start):
    region = start("3.4", "--without-setting", "boot_images_no_proxy")
    message = region.refused(MODULE, boot_images_no_proxy=True, http_proxy=PROXY)
    assert "MAAS 3.4.10 does not have the setting boot_images_no_proxy" in message and not region.lab("writes")
    result = region.rung(MODULE, boot_images_no_proxy=True, http_proxy=PROXY, unknown="warn")
    assert "boot_images_no_proxy: ignored" in str(result["warnings"])
    assert "boot_images_no_proxy" not in result["maas_config"]
    assert region.done(MODULE + "_info")["unknown"] == ["boot_images_no_proxy"]


def test_info_of_others(region):
    for check in (True, False):
        result = region.done(MODULE + "_info", check=check, names=["maas_name", "vcenter_password", "no_such_thing"])
        assert set(result["maas_config"]) == {"maas_name", "vcenter_password"} and result["unknown"] == ["no_such_thing"]


def test_not_an_administrator(region):
    message = region.refused(MODULE, http_proxy=PROXY, api_key="consumer-of-joe:token-of-joe:the-secret-of-joe")
    assert "administrator" in message
