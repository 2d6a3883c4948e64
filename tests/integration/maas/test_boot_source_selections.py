# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that has to be made anew keeps what MAAS takes from it: over a real signed stream that MAAS reads."""

from __future__ import annotations

import pytest

ON_REGION = "/srv/maas/mirror.gpg"
NOBLE = {"os": "ubuntu", "release": "noble", "arches": ["amd64", "arm64"], "subarches": ["*"], "labels": ["*"]}
JAMMY = {"os": "ubuntu", "release": "jammy", "arches": ["amd64"], "subarches": ["*"], "labels": ["*"]}


@pytest.fixture(params=["3.7", "3.8"], name="maas")
def fixture_maas(request, start, mirror, key):
    """A MAAS that has read the mirror, with two selections and the keyring as data."""
    maas = start(request.param, "--keyring", "%s=%s" % (ON_REGION, key), "--cache-delay", "0.5")
    number = maas.done("boot_source", url=mirror, keyring_file=key)["boot_source"]["id"]
    maas.lab("settle", {"seconds": 30})
    for selection in (NOBLE, JAMMY):
        maas.client.post("boot-sources/%d/selections/" % number, selection)
    return maas


def taken(maas, source):
    """{release: arches} of a source's selections."""
    return {release: arches for number, _os, release, arches in maas.selections if number == source}


def test_selections_are_put_back_when_maas_has_read_the_source(maas, mirror):
    old, new = (
        maas.sources[1]["id"],
        maas.rung("boot_source", url=mirror, keyring_filename=ON_REGION)["boot_source"]["id"],
    )
    assert old != new and not taken(maas, old)
    assert taken(maas, new) == {"noble": ["amd64", "arm64"], "jammy": ["amd64"]}


def test_what_maas_can_not_read_is_taken_back_selections_and_all(maas, mirror):
    before = maas.sources[1]
    message = maas.refused("boot_source", url=mirror, keyring_filename="/not/there.gpg", wait_timeout=2)
    assert "no available images" in message and "MAAS is as it was" in message
    [after] = [source for source in maas.sources if source["id"] != 1]
    assert (after["url"], after["keyring_data"], after["keyring_filename"]) == (
        before["url"],
        before["keyring_data"],
        "",
    )
    assert taken(maas, after["id"]) == {"noble": ["amd64", "arm64"], "jammy": ["amd64"]}
