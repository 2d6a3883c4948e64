# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules that speak to MAAS have in common."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from ansible_collections.imagemirror.maas.plugins.doc_fragments.maas import ModuleDocFragment
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, errors, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.transport import ReadOnlyTransport, Transport

TREE = Path(__file__).resolve().parents[4]
FRAGMENT = "extends_documentation_fragment:\n  - imagemirror.maas.maas\n"
NAMES = sorted(
    path.stem for path in (TREE / "plugins" / "modules").glob("*.py") if FRAGMENT in path.read_text(encoding="utf-8")
)


class Stopped(Exception):
    """The module has ended, with this result."""


class FakeModule:
    """As much of AnsibleModule as is used."""

    def __init__(self, check_mode=False, **options):
        self.check_mode = check_mode
        self.no_log_values = set()
        self.params = dict(
            {
                "api_url": "http://r:5240/",
                "api_key": "consumer:token1:the-secret",
                "validate_certs": True,
                "ca_path": None,
                "timeout": 30,
            },
            **options,
        )
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)

    def exit_json(self, **result):
        raise Stopped(result)

    def fail_json(self, **result):
        raise Stopped(dict(result, failed=True))


def test_there_are_modules():
    assert "boot_source" in NAMES and "boot_source_info" in NAMES


def test_the_action_group_has_them_all_and_no_other():
    groups = yaml.safe_load((TREE / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    assert sorted(groups["maas"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_takes_the_connections_options(name, monkeypatch):
    used = importlib.import_module("ansible_collections.imagemirror.maas.plugins.modules." + name)
    made = {}
    monkeypatch.setattr(used, "AnsibleModule", lambda **options: made.update(options))
    monkeypatch.setattr(used.module, "run", lambda *_arguments: None)
    used.main()
    assert made["supports_check_mode"] is True
    assert {key: made["argument_spec"][key] for key in arguments.CONNECTION} == arguments.CONNECTION


def test_the_fragment_says_what_the_options_are():
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    said = {
        name: (option["type"], option.get("required", False), option.get("default"))
        for name, option in documented.items()
    }
    assert said == {
        name: (option["type"], option.get("required", False), option.get("default"))
        for name, option in arguments.CONNECTION.items()
    }
    for name, option in arguments.CONNECTION.items():
        if "fallback" in option:
            assert "E(%s)" % option["fallback"][1][0] in str(documented[name]["description"])


@pytest.mark.parametrize("check_mode, kind", [(True, ReadOnlyTransport), (False, Transport)])
def test_check_mode_gets_a_transport_that_can_not_write(check_mode, kind):
    assert isinstance(module.connect(FakeModule(check_mode))._transport, kind)


def test_every_part_of_the_key_and_passwords_are_kept_out_of_the_output():
    made = FakeModule(url="http://u:hunter2@m.x/", match_url=None)
    module.connect(made)
    assert made.no_log_values == {"consumer", "token1", "the-secret", "hunter2"}


def test_parts_too_short_to_be_secret_do_not_spoil_the_output():
    made = FakeModule(api_key="a:b:c")
    module.connect(made)
    assert not made.no_log_values


def run(use_case, monkeypatch, **options):
    monkeypatch.setattr(module, "connect", lambda _module: SimpleNamespace(check_version=lambda: None))
    made = FakeModule(**options)
    with pytest.raises(Stopped) as caught:
        module.run(made, use_case)
    return made, caught.value.args[0]


def test_a_result_is_the_exit_and_its_warnings_are_warnings(monkeypatch):
    made, result = run(lambda *_arguments: {"changed": True, "warnings": ("w",)}, monkeypatch)
    assert (made.warnings, result) == (["w"], {"changed": True})


def test_an_error_is_a_message_with_its_data(monkeypatch):
    def broken(*_arguments):
        raise errors.InvalidError("no.", 400, "no")

    assert run(broken, monkeypatch)[1] == {"failed": True, "msg": "no.", "status": 400, "server_message": "no"}


def test_a_timeout_must_be_one():
    with pytest.raises(errors.MaasError, match="timeout is 0"):
        module.connect(FakeModule(timeout=0))
