# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module boot_source_info: the boot sources that MAAS has."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import boot_source
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import same_source
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.sources import read


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    url = options.get("url")
    found = [source for source in read(client) if url is None or same_source(source.url, url)]
    return {
        "changed": False,
        "boot_sources": [_shown(source, options.get("show_passwords")) for source in found],
        "maas_version": str(client.version),
    }


def _shown(source, show_passwords):
    view = boot_source.result(source)
    return dict(view, url=source.url) if show_passwords else view
