# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module boot_source_selection_info: what MAAS takes from its boot sources."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import without_password
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import sources


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    every = sources.read(client)
    if options.get("boot_source_url") is not None or options.get("boot_source_id") is not None:
        every = [one for one in [sources.pick(every, options)] if one]
    return {
        "changed": False,
        "boot_source_selections": [
            dict(selection.result(one), boot_source_url=without_password(source.url))
            for source in every
            for one in sources.read_selections(client, source)
        ],
    }
