# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module maas_config_info: what MAAS' settings are."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import setting
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.maas_config import read


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    present, unknown = read(client, options["names"] or setting.NAMES)
    shown = {name: setting.shown(name, value) for name, value in present.items()}
    return {
        "changed": False,
        "maas_config": present if options["show_passwords"] else shown,
        "unknown": unknown,
    }
