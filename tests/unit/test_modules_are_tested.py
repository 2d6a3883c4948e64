# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that no test runs fails here."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (TREE / "plugins" / "modules").glob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_run_against_the_real_thing_or_its_stand_in(module):
    name = re.compile(rf"""["'.]{module}["']""")
    tests = (TREE / "tests" / "integration").rglob("test_*.py")
    assert any(name.search(path.read_text(encoding="utf-8")) for path in tests), f"tests/integration never runs {module}"
