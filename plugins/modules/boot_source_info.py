#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_source_info
short_description: Read where MAAS takes its boot images from
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Lists the boot sources that MAAS has, all or those with one URL.
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
  url:
    description: List only the sources with this URL, in any spelling (final slash, case of the host, default port).
    type: str
  show_passwords:
    description:
      - Return passwords in URLs as they are instead of C(***), to put a source back later. Use C(no_log) on such a task.
    type: bool
    default: false
seealso:
  - module: imagemirror.maas.boot_source
"""

EXAMPLES = r"""
- name: See where MAAS takes its images from
  imagemirror.maas.boot_source_info:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
  register: sources

- name: Stop unless it is the mirror alone
  ansible.builtin.assert:
    that: sources.boot_sources | map(attribute='url') | list == ['http://mirror.example.com/stable/']
"""

RETURN = r"""
boot_sources:
  description: The sources, by id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its number.
      type: int
      sample: 1
    url:
      description: Its URL as MAAS keeps it. A password in it is replaced by C(***).
      type: str
      sample: http://images.maas.io/ephemeral-v3/stable/
    keyring_filename:
      description: Path of its keyring on the region, or empty.
      type: str
      sample: /usr/share/keyrings/ubuntu-cloudimage-keyring.gpg
    keyring_data:
      description: Its uploaded keyring in base64, or empty.
      type: str
      sample: ''
    keyring_digest:
      description: SHA-256 of the uploaded keyring's bytes, or empty.
      type: str
      sample: ''
    created:
      description: When it was made.
      type: str
      sample: '2026-11-23T07:52:28.150Z'
    updated:
      description: When it was changed last.
      type: str
      sample: '2026-11-23T07:52:28.150Z'
    resource_uri:
      description: Its path on the server.
      type: str
      sample: /MAAS/api/2.0/boot-sources/1/
    name:
      description: Its name.
      returned: MAAS 3.8 and later
      type: str
      sample: MAAS Stable
    priority:
      description: Its priority; the bigger number wins.
      returned: MAAS 3.8 and later
      type: int
      sample: 1
    enabled:
      description: Whether MAAS uses it.
      returned: MAAS 3.8 and later
      type: bool
      sample: true
    skip_keyring_verification:
      description: Whether MAAS uses it without verifying signatures.
      returned: MAAS 3.8 and later
      type: bool
      sample: false
maas_version:
  description: The version of MAAS, in its own words.
  returned: success
  type: str
  sample: 3.7.3
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import boot_source_info


def main():
    """Run the module."""
    module.run(
        AnsibleModule(
            argument_spec=arguments.spec(
                url={"type": "str"},
                show_passwords={"type": "bool", "default": False, "no_log": False},
            ),
            supports_check_mode=True,
        ),
        boot_source_info.run,
    )


if __name__ == "__main__":
    main()
