# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several modules share; doc_fragments/maas.py describes the connection's."""

from __future__ import annotations

from ansible.module_utils.basic import env_fallback

CONNECTION = {
    "api_url": {"type": "str", "required": True, "fallback": (env_fallback, ["MAAS_API_URL"])},
    "api_key": {"type": "str", "required": True, "no_log": True, "fallback": (env_fallback, ["MAAS_API_KEY"])},
    "ca_path": {"type": "path", "fallback": (env_fallback, ["MAAS_CA_PATH"])},
    "validate_certs": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 30},
}

SELECTION = {
    "os": {"type": "str", "default": "ubuntu"},
    "release": {"type": "str"},
    "arches": {"type": "list", "elements": "str"},
    "subarches": {"type": "list", "elements": "str", "default": ["*"]},
    "labels": {"type": "list", "elements": "str", "default": ["*"]},
}


def spec(**options):
    """An argument_spec: the shared options and those of one module."""
    return dict(CONNECTION, **options)
