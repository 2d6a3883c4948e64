# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How modules reach a MAAS; module_utils/_maas/arguments.py mirrors it."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - The URL of MAAS, as its users open it, with or without C(/MAAS).
      - If it is not given, the environment variable E(MAAS_API_URL) is used.
    type: str
    required: true
  api_key:
    description:
      - The API key of a MAAS administrator, three parts joined by colons.
      - C(sudo maas apikey --username=ADMIN) on the region shows it.
      - If it is not given, the environment variable E(MAAS_API_KEY) is used.
    type: str
    required: true
  ca_path:
    description:
      - PEM file of the authorities that O(api_url) is verified by, for HTTPS with an authority of your own.
      - If it is not given, the environment variable E(MAAS_CA_PATH) is used, else the system's authorities.
    type: path
  validate_certs:
    description: Verify the TLS certificate of O(api_url).
    type: bool
    default: true
  timeout:
    description: How long to wait for MAAS to connect and to answer, in seconds for each request.
    type: int
    default: 30
attributes:
  action_group:
    description: Use C(group/imagemirror.maas.maas) in C(module_defaults) to set the connection's options once.
    support: full
    membership:
      - imagemirror.maas.maas
  platform:
    description: Target OS the module can be used on.
    support: full
    platforms: posix
notes:
  - The module runs on any host that reaches the API, the controller included (C(delegate_to=localhost)).
  - MAAS 2.1 to 3.8 are understood. What a version can't do is said in a warning, by name.
  - MAAS refuses a request that seems older than 300 seconds, so keep the clocks of both hosts set.
"""
