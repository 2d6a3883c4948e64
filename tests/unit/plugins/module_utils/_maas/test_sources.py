# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the boot source that a user means."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.boot_source import BootSource
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import sources

ONE, TWO = BootSource("http://u:hunter2@a.x/s/", id=1), BootSource("http://b.x/s", id=2)


def test_by_id_whatever_the_order():
    answers = {
        "boot-sources/": [{"id": 2, "url": "b"}, {"id": 1, "url": "a"}],
        "boot-sources/2/selections/": [
            {"id": number, "os": "o", "release": str(number), "arches": []} for number in (9, 3)
        ],
    }
    client = SimpleNamespace(get=answers.get)
    found = sources.read(client)
    assert [one.id for one in found] == [1, 2]
    assert [one.id for one in sources.read_selections(client, found[1])] == [3, 9]


@pytest.mark.parametrize(
    "options, found",
    [
        ({"boot_source_id": 2}, TWO),
        ({"boot_source_id": 3}, None),
        ({"boot_source_url": "HTTP://B.x:80/s/"}, TWO),
        ({"boot_source_url": "http://c.x/"}, None),
    ],
)
def test_as_it_is_named(options, found):
    assert sources.pick([ONE, TWO], options) is found


def test_the_only_one_needs_no_name():
    assert sources.pick([ONE], {}) is ONE and sources.pick([], {}) is None
    with pytest.raises(MaasError, match=r"a.x/s/ \(id 1\), http://b.x/s \(id 2\). Say which"):
        sources.pick([ONE, TWO], {})


@pytest.mark.parametrize(
    "options, words",
    [
        ({"boot_source_id": 3}, "no boot source with id 3. It has http://u:***@a.x/s/ (id 1)"),
        ({"boot_source_url": "http://u:hunter2@c.x/"}, "with the URL http://u:***@c.x/."),
        ({}, "no boot source at all"),
    ],
)
def test_one_that_is_not_there(options, words):
    assert words in sources.not_there([ONE], options)
    assert sources.not_there([], {}).endswith("It has none.")
