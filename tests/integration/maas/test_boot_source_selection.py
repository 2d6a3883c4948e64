# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot_source_selection and its info against each version of MAAS, over a real signed stream."""

from __future__ import annotations

import pytest

MODULE = "boot_source_selection"
NOBLE = {"release": "noble", "arches": ["amd64", "arm64"]}
JAMMY = {"release": "jammy", "arches": ["amd64"]}


@pytest.fixture(name="site")
def fixture_site(region, mirror, key):
    """A MAAS that has read the mirror, its second source; the default one selects what is commissioned with."""
    region.done("boot_source", url=mirror, keyring_file=key)
    region.lab("settle", {"seconds": 30})
    return region


def taken(maas, source=2):
    """{release: arches} of a source's selections."""
    return {release: arches for number, _os, release, arches in maas.selections if number == source}


def test_ladder(site, mirror):
    result = site.rung(MODULE, boot_source_url=mirror, **NOBLE)
    assert taken(site) == {"noble": ["amd64", "arm64"]}
    assert result["boot_source_selection"]["release"] == "noble" and result["boot_source_selection"]["id"]
    site.rung(MODULE, boot_source_id=2, release="noble", arches=["amd64"])
    site.rung(MODULE, changed=False, boot_source_id=2, release="noble")
    site.rung(MODULE, boot_source_url=mirror, **JAMMY)
    assert taken(site) == {"noble": ["amd64"], "jammy": ["amd64"]}
    site.rung(MODULE, boot_source_url=mirror.rstrip("/").replace("http", "HTTP"), release="jammy", state="absent")
    site.rung(MODULE, changed=False, boot_source_url=mirror, release="xenial", state="absent")
    assert taken(site) == {"noble": ["amd64"]}
    stored = [one for one in site.lab("state")["selections"] if one["source"] == 2]
    assert [(one["subarches"], one["labels"]) for one in stored] == [(["*"], ["*"])]
