#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_resource_info
short_description: Read which images MAAS has, and which it should have
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Lists the images that MAAS has, with the newest version of each, and whether that is complete.
  - Compares them with what MAAS' selections ask for and its boot sources offer.
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
  type:
    description: List only images that were imported, or only those that a user has uploaded.
    type: str
    choices: [all, synced, uploaded]
    default: all
  newest:
    description:
      - Whether to compare the images with what the boot sources offer. That takes the key of an administrator, and reads the streams from
        the host that the module runs on.
    type: bool
    default: true
seealso:
  - module: imagemirror.maas.boot_resource_import
"""

EXAMPLES = r"""
- name: See which images MAAS has
  imagemirror.maas.boot_resource_info:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
  register: images

- name: Stop unless they are complete and the newest
  ansible.builtin.assert:
    that:
      - not images.missing
      - images.newest_known
"""

RETURN = r"""
boot_resources:
  description: The images, by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its number.
      type: int
      sample: 1
    type:
      description: Where it came from.
      type: str
      sample: synced
    name:
      description: Operating system and release, or bootloader and its type.
      type: str
      sample: ubuntu/noble
    architecture:
      description: Architecture and kernel.
      type: str
      sample: amd64/ga-24.04
    version:
      description: Its newest version that MAAS has or is fetching, or empty.
      type: str
      sample: '20260718'
    label:
      description: The label of that version.
      type: str
      sample: stable
    size:
      description: The size of that version's files in bytes.
      type: int
      sample: 353255192
    complete:
      description: Whether MAAS has all files of that version.
      type: bool
      sample: true
    progress:
      description: How much of that version MAAS has, in percent.
      type: int
      sample: 100
    newest:
      description: Whether MAAS has the newest version that a source offers, complete; none where that is not known.
      type: bool
      sample: true
missing:
  description: The selected images and bootloaders that MAAS does not have complete and newest. Empty with O(newest=false).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Operating system and release, or bootloader and its type.
      type: str
      sample: ubuntu/noble
    architecture:
      description: Architecture and kernel, or the architecture alone where the stream could not be read.
      type: str
      sample: amd64/ga-24.04
    version:
      description: The newest version, or empty where the stream could not be read.
      type: str
      sample: '20260718'
    reason:
      description: Why it counts as missing.
      type: str
      sample: version 20260718 is incomplete (squashfs)
    progress:
      description: How much of it MAAS has, in percent.
      type: int
      sample: 40
importing:
  description: Whether MAAS imports now.
  returned: success
  type: bool
  sample: false
notifications:
  description: What MAAS says about images and boot sources, without passwords.
  returned: success
  type: list
  elements: str
  sample: []
newest_known:
  description: Whether the streams of all sources could be read, so that what is newest is known.
  returned: success
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import boot_resource_info


def main():
    """Run the module."""
    module.run(
        AnsibleModule(
            argument_spec=arguments.spec(
                type={"type": "str", "choices": ["all", "synced", "uploaded"], "default": "all"},
                newest={"type": "bool", "default": True},
            ),
            supports_check_mode=True,
        ),
        boot_resource_info.run,
    )


if __name__ == "__main__":
    main()
