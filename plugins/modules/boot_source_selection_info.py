#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_source_selection_info
short_description: Read which images MAAS takes from its boot sources
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Lists the selections of all boot sources, or of one.
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
  boot_source_url:
    description: List only the selections of the boot source with this URL, in any spelling.
    type: str
  boot_source_id:
    description: List only the selections of the boot source with this number.
    type: int
seealso:
  - module: imagemirror.maas.boot_source_selection
"""

EXAMPLES = r"""
- name: Remember what MAAS takes from its source
  imagemirror.maas.boot_source_selection_info:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
    boot_source_url: http://images.maas.io/ephemeral-v3/stable/
  register: before

- name: Put it back
  imagemirror.maas.boot_source_selection:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
    boot_source_url: http://images.maas.io/ephemeral-v3/stable/
    selections: "{{ before.boot_source_selections }}"
    purge: true
"""

RETURN = r"""
boot_source_selections:
  description: The selections, by source and id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its number.
      type: int
      sample: 1
    boot_source_id:
      description: The number of its source.
      type: int
      sample: 1
    boot_source_url:
      description: The URL of its source. A password is replaced by C(***).
      type: str
      sample: http://images.maas.io/ephemeral-v3/stable/
    os:
      description: Its operating system.
      type: str
      sample: ubuntu
    release:
      description: Its release.
      type: str
      sample: noble
    arches:
      description: Its architectures.
      type: list
      elements: str
      sample: [amd64, arm64]
    subarches:
      description: Its subarchitectures.
      type: list
      elements: str
      sample: ['*']
    labels:
      description: Its labels.
      type: list
      elements: str
      sample: ['*']
    resource_uri:
      description: Its path on the server.
      type: str
      sample: /MAAS/api/2.0/boot-sources/1/selections/1/
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import boot_source_selection_info


def main():
    """Run the module."""
    module.run(
        AnsibleModule(
            argument_spec=arguments.spec(boot_source_url={"type": "str"}, boot_source_id={"type": "int"}),
            mutually_exclusive=[("boot_source_url", "boot_source_id")],
            supports_check_mode=True,
        ),
        boot_source_selection_info.run,
    )


if __name__ == "__main__":
    main()
