# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions, and what depends on them."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import NotMaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.version import parse_version


@pytest.mark.parametrize(
    "text, numbers, several",
    [
        ("2.7.3", (2, 7), False),
        ("3.4.10", (3, 4), False),
        ("3.7.3", (3, 7), False),
        ("3.8.0~beta6", (3, 8), True),
        ("3.10.1", (3, 10), True),
        ("4.0", (4, 0), True),
    ],
)
def test_numbers_of_a_version(text, numbers, several):
    version = parse_version(text)
    assert (version.numbers, version.several_sources, str(version)) == (numbers, several, text)


def test_too_old_is_refused():
    with pytest.raises(NotMaasError, match=r"MAAS 2\.0\.0 is too old: 2\.1"):
        parse_version("2.0.0")


def test_no_version_is_refused():
    with pytest.raises(NotMaasError, match="calls its version 'nginx'"):
        parse_version("nginx")
