# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/promise.md has every test of tests/faults, and no other."""
from __future__ import annotations

import ast
import re
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]


def test_every_fault_is_in_the_table_and_every_row_has_its_test():
    there = [f"{file.name}::{one.name}" for file in sorted((TREE / "tests" / "faults").glob("test_*.py"))
             for one in ast.parse(file.read_text(encoding="utf-8")).body
             if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")]
    named = re.findall(r"`(test_\w+\.py::test_\w+)` \|$", (TREE / "docs" / "promise.md").read_text(encoding="utf-8"), re.M)
    assert sorted(named) == sorted(there)


def test_every_row_says_how_it_ends():
    rows = [line for line in (TREE / "docs" / "promise.md").read_text(encoding="utf-8").splitlines() if "::test_" in line]
    assert [row for row in rows if not all(cell.strip() for cell in row.split("|")[1:-1])] == []
