# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role takes is said three times, to Ansible, to ansible-doc and to the reader: the three have to be the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import DEFAULT_SELECTIONS, MIRROR_OPTIONS

ROLES = Path(__file__).resolve().parents[3] / "roles"
NAMES = sorted(role.name for role in ROLES.iterdir() if role.is_dir())
_ROW = re.compile(r"^\| `([a-z]\w+)` \| `(.*?)` \| .+ \|$", re.MULTILINE)


def read(role, path):
    return yaml.safe_load((ROLES / role / path).read_text(encoding="utf-8"))


def defaults(role):
    return read(role, "defaults/main.yml")


def specified(role):
    return read(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def table(role):
    """{variable: default} of the rows of the README's table, in which a pipe has to be escaped."""
    text = (ROLES / role / "README.md").read_text(encoding="utf-8")
    return {name: yaml.safe_load(value.replace("\\|", "|")) for name, value in _ROW.findall(text)}


@pytest.mark.parametrize("role", NAMES)
def test_defaults_are_the_specified_ones(role):
    """ansible-doc takes no template for a list or a dict: there the words have to tell."""
    required = {name for name, option in specified(role).items() if option.get("required")}
    told = {name: value for name, value in defaults(role).items()
            if isinstance(value, str) and "{{" in value and specified(role)[name]["type"] in ("list", "dict")}
    assert all("By default" in str(specified(role)[name]["description"]) for name in told)
    assert told | {name: option.get("default") for name, option in specified(role).items()
                   if name not in required and name not in told} == defaults(role)


@pytest.mark.parametrize("role", NAMES)
def test_readme_has_every_input_with_its_default(role):
    found = {name: value for name, value in table(role).items() if name in specified(role)}
    assert found == {name: defaults(role).get(name) for name in specified(role)}


@pytest.mark.parametrize("role", NAMES)
def test_inputs_are_named_after_the_role(role):
    assert [name for name in specified(role) if not name.startswith(role + "_")] == []


@pytest.mark.parametrize("role", NAMES)
def test_internals_are_named_after_the_role(role):
    variables = ROLES / role / "vars" / "main.yml"
    names = yaml.safe_load(variables.read_text(encoding="utf-8")) if variables.exists() else {}
    assert [name for name in names if not name.startswith("__%s_" % role)] == []


# What a mirror has beside the engine's settings; the owner is always mirror_sync_user, as the schedule runs as one user.
ROLES_OWN = {"location", "on_calendar", "cron", "verify_on_calendar", "verify_cron"}


def test_a_mirror_takes_every_setting_of_the_engine():
    options = specified("mirror_sync")["mirror_sync_mirrors"]["options"]
    assert set(options) - ROLES_OWN == set(MIRROR_OPTIONS) - {"owner"}
    assert {name: options[name]["type"] for name in set(options) - ROLES_OWN} == {
        name: MIRROR_OPTIONS[name]["type"] for name in set(MIRROR_OPTIONS) - {"owner"}}


def test_the_sync_in_the_play_has_every_setting_of_the_engine():
    tasks = read("mirror_sync", "tasks/sync.yml")
    arguments = next(task for task in tasks if "imagemirror.maas.sstream_mirror" in task)["imagemirror.maas.sstream_mirror"]
    assert set(arguments) == set(MIRROR_OPTIONS)


def test_selections_are_the_engines_own():
    assert defaults("mirror_sync")["mirror_sync_selections"] == DEFAULT_SELECTIONS
