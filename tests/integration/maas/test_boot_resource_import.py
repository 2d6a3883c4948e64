# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot_resource_import and boot_resource_info against each version of MAAS, with real downloads."""

from __future__ import annotations

import pytest

MODULE = "boot_resource_import"
UPSTREAM = "http://images.maas.io/ephemeral-v3/stable/"


@pytest.fixture(name="site")
def fixture_site(region, mirror, key):
    """A MAAS that takes noble for amd64 from the mirror alone."""
    region.done("boot_source", url=mirror, match_url=UPSTREAM, keyring_file=key)
    region.done(
        "boot_source_selection",
        selections=[{"release": "noble", "arches": ["amd64"]}],
        purge=True,
        protected="remove",
    ) if region.version == "3.8" else region.done("boot_source_selection", release="noble", arches=["amd64"])
    region.lab("settle", {"seconds": 30})
    return region


def test_ladder(site):
    result = site.rung(MODULE, poll_interval=1)
    print(result)
    assert result["import_started"] and result["newest_known"] and not result["missing"]
    assert all(one["complete"] and one["newest"] for one in result["boot_resources"])
    site.rung(MODULE, changed=False)
