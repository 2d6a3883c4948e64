#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: maas_config_info
short_description: Read the settings of MAAS that image imports depend on
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Reads settings of MAAS, those of M(imagemirror.maas.maas_config) or any others.
extends_documentation_fragment:
  - imagemirror.maas.maas
attributes:
  check_mode:
    description: Only reads, in check mode as well.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
options:
  names:
    description: The settings to read. By default those that M(imagemirror.maas.maas_config) manages.
    type: list
    elements: str
    default: []
  show_passwords:
    description:
      - Whether C(http_proxy) is returned with its password, so that it can be put back later. Use C(no_log) with it.
    type: bool
    default: false
seealso:
  - module: imagemirror.maas.maas_config
"""

EXAMPLES = r"""
- name: See how MAAS reaches its images
  imagemirror.maas.maas_config_info:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
  register: settings
"""

RETURN = r"""
maas_config:
  description: The settings, by name. A password in C(http_proxy) is replaced by C(***) unless O(show_passwords=true).
  returned: success
  type: dict
  sample:
    enable_http_proxy: true
    http_proxy: ''
    boot_images_no_proxy: false
    boot_images_auto_import: true
    commissioning_distro_series: noble
    default_distro_series: noble
    default_osystem: ubuntu
unknown:
  description: Those of the names that this version of MAAS does not have.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import maas_config_info


def main():
    """Run the module."""
    module.run(
        AnsibleModule(
            argument_spec=arguments.spec(
                names={"type": "list", "elements": "str", "default": []},
                show_passwords={"type": "bool", "default": False, "no_log": False},
            ),
            supports_check_mode=True,
        ),
        maas_config_info.run,
    )


if __name__ == "__main__":
    main()
