# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed mirror for all contract tests."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .world import Mirror
from .world import mirror as served

KEYRINGS = Path(__file__).resolve().parents[1] / "lab" / "transcripts" / "keyrings"


@pytest.fixture(scope="session")
def recorded_keyrings() -> dict[str, bytes]:
    """The keyrings of the recordings, by name."""
    return {path.name: path.read_bytes() for path in KEYRINGS.iterdir()}


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    """The recorded mirror, made again."""
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(served(tmp_path_factory.mktemp("mirror"), KEYRINGS))
