#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: maas_config
short_description: Manage the settings of MAAS that image imports depend on
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Sets the proxy, the automatic import and the default releases of MAAS. What is left out stays as it is.
  - Values are checked here, because MAAS takes any text. C(no) would switch a setting on.
  - Several settings are changed together or not at all.
extends_documentation_fragment:
  - imagemirror.maas.maas
attributes:
  check_mode:
    description: Tells what it would change; can't write then.
    support: full
  diff_mode:
    description: Shows the settings before and after, the same in check mode as without. Passwords are never shown.
    support: full
options:
  enable_http_proxy:
    description: Whether MAAS uses a proxy, for its own downloads and for its machines.
    type: bool
  http_proxy:
    description:
      - URL of the proxy that MAAS uses itself, or empty for none. MAAS refuses a host without a dot.
      - A user and password may be part of it.
    type: str
  boot_images_no_proxy:
    description:
      - Whether boot sources are read without the proxy.
      - MAAS before 3.5.9, 3.6.3 and 3.7.0 reads only metadata so, and still fetches the files by the proxy.
    type: bool
  boot_images_auto_import:
    description: Whether MAAS imports images by itself, every hour.
    type: bool
  commissioning_distro_series:
    description:
      - The Ubuntu release that MAAS commissions machines with, by its code name.
      - Its selection can't be removed up to MAAS 3.7. A release that no boot source selects is a warning.
    type: str
  default_distro_series:
    description: The release that MAAS deploys unless told.
    type: str
  default_osystem:
    description: The operating system that MAAS deploys unless told.
    type: str
  unknown:
    description:
      - What to do about a setting that this version of MAAS does not have.
      - V(fail) fails before anything is changed, V(warn) goes on without it.
    type: str
    choices: [fail, warn]
    default: fail
seealso:
  - module: imagemirror.maas.maas_config_info
"""

EXAMPLES = r"""
- name: Read boot images from the mirror directly, all else by the proxy
  imagemirror.maas.maas_config:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
    enable_http_proxy: true
    http_proxy: http://proxy.example.com:3128/
    boot_images_no_proxy: true
"""

RETURN = r"""
maas_config:
  description: The settings above, those that this version of MAAS has, as they are now or in check mode would be.
  returned: success
  type: dict
  contains:
    enable_http_proxy:
      description: See O(enable_http_proxy).
      type: bool
      sample: true
    http_proxy:
      description: See O(http_proxy). A password is replaced by C(***).
      type: str
      sample: http://proxy.example.com:3128/
    boot_images_no_proxy:
      description: See O(boot_images_no_proxy).
      type: bool
      sample: true
    boot_images_auto_import:
      description: See O(boot_images_auto_import).
      type: bool
      sample: true
    commissioning_distro_series:
      description: See O(commissioning_distro_series).
      type: str
      sample: noble
    default_distro_series:
      description: See O(default_distro_series).
      type: str
      sample: noble
    default_osystem:
      description: See O(default_osystem).
      type: str
      sample: ubuntu
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import maas_config


def main():
    """Run the module."""
    module.run(
        AnsibleModule(
            argument_spec=arguments.spec(
                enable_http_proxy={"type": "bool"},
                http_proxy={"type": "str"},
                boot_images_no_proxy={"type": "bool"},
                boot_images_auto_import={"type": "bool"},
                commissioning_distro_series={"type": "str"},
                default_distro_series={"type": "str"},
                default_osystem={"type": "str"},
                unknown={"type": "str", "choices": ["fail", "warn"], "default": "fail"},
            ),
            supports_check_mode=True,
        ),
        maas_config.run,
    )


if __name__ == "__main__":
    main()
