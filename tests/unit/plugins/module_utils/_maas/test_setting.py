# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings: values are what MAAS can use, and passwords are not shown."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import setting
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.maas_config import make_plan

PROXY = "http://u:hunter2@p.x:3128/"


@pytest.mark.parametrize(
    "name, value",
    [
        ("http_proxy", ""),
        ("http_proxy", PROXY),
        ("enable_http_proxy", False),
        ("commissioning_distro_series", "noble"),
        ("default_distro_series", "centos70"),
        ("default_distro_series", "8-stream"),
        ("default_osystem", "ubuntu"),
    ],
)
def test_good_values(name, value):
    assert setting.check(name, value) == value


@pytest.mark.parametrize(
    "name, value",
    [
        ("http_proxy", "p.x:3128"),
        ("http_proxy", "socks5://p.x:1080"),
        ("http_proxy", "http://proxy:3128"),
        ("commissioning_distro_series", ""),
        ("commissioning_distro_series", "24.04"),
        ("default_distro_series", "Noble"),
    ],
)
def test_bad_values(name, value):
    with pytest.raises(InputError, match=name):
        setting.check(name, value)


def test_an_unset_proxy_is_an_empty_one():
    assert setting.from_api("http_proxy", None) == ""
    assert not make_plan({"http_proxy": ""}, {"http_proxy": ""}).changed


def test_only_what_differs_is_sent_and_it_can_be_taken_back():
    plan = make_plan({"a": True, "b": "x", "c": None}, {"a": False, "b": "x", "c": "y"})
    assert [step.fields for step in plan.steps] == [{"name": "a", "value": False}, {"name": "c", "value": "y"}]
    assert [step.undo[0].fields for step in plan.steps] == [{"name": "a", "value": True}, {"name": "c", "value": ""}]


@pytest.mark.parametrize("name", ["vcenter_password", "maas_auto_ipmi_k_g_bmc_key"])
def test_secrets_by_their_name(name):
    assert setting.shown(name, "s3cret") == "***" and setting.shown(name, "") == ""


def test_a_diff_tells_of_another_password_without_it():
    before, after = setting.differences({"http_proxy": PROXY}, {"http_proxy": PROXY.replace("2", "3")})
    assert before != after and "hunter" not in str((before, after))
