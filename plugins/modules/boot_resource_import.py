#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_resource_import
short_description: Have MAAS import its images, and wait until it has them
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Starts an import, waits for it and succeeds if MAAS then has every selected image and bootloader, complete and the newest. That an
    import has ended says nothing, since one that failed ends in the same way.
  - What is newest is read from the streams of MAAS' boot sources, from the host that the module runs on. Where one can't be read from
    there it is enough that the selected images are complete, and RV(newest_known) is false.
  - If nothing is missing and nothing is to be deleted, no import is started.
  - While it waits, ansible-playbook shows how far MAAS is.
extends_documentation_fragment:
  - imagemirror.maas.maas
attributes:
  check_mode:
    description: Tells whether an import is needed; starts and stops none.
    support: full
  diff_mode:
    description: Shows which images are missing before.
    support: full
  async:
    description: Can be run by C(async); no progress is shown then.
    support: full
options:
  state:
    description:
      - V(started) starts an import where one is needed.
      - V(stopped) stops the one that runs. What is complete stays.
    type: str
    choices: [started, stopped]
    default: started
  force:
    description: Start an import even if every selected image is complete and newest.
    type: bool
    default: false
  wait:
    description: Whether to wait, with O(state=started) for the images, with O(state=stopped) for the end of the import.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait before the module fails. It says then which images are missing, and what MAAS says.
      - MAAS itself tries a file for up to 2 hours.
    type: int
    default: 7200
  poll_interval:
    description: How many seconds to wait between two looks, at least. Each look takes one request for each image.
    type: int
    default: 10
  stop_on_timeout:
    description: Whether to stop the import when O(wait_timeout) is over. From 3.5 on MAAS goes on trying for hours otherwise.
    type: bool
    default: false
  watch:
    description:
      - What RV(watch) of an earlier run was. With it the module takes one look and returns.
      - It is for the action plugin that shows the progress. Leave it out.
    type: dict
seealso:
  - module: imagemirror.maas.boot_resource_info
  - module: imagemirror.maas.boot_source_selection
"""

EXAMPLES = r"""
- name: Have all selected images
  imagemirror.maas.boot_resource_import:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
    wait_timeout: 3600
    stop_on_timeout: true

- name: Stop the import
  imagemirror.maas.boot_resource_import:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
    state: stopped
"""

RETURN = r"""
import_started:
  description: Whether this run started an import.
  returned: always
  type: bool
  sample: true
importing:
  description: Whether MAAS imports now.
  returned: always
  type: bool
  sample: false
missing:
  description: The selected images and bootloaders that MAAS does not have complete and newest.
  returned: always
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
boot_resources:
  description: What MAAS has, as RV(imagemirror.maas.boot_resource_info#module:boot_resources).
  returned: always
  type: list
  elements: dict
notifications:
  description: What MAAS says about images and boot sources, without passwords.
  returned: always
  type: list
  elements: str
  sample: []
newest_known:
  description: Whether the streams of all sources could be read, so that what is newest is known.
  returned: always
  type: bool
  sample: true
progress:
  description: How far MAAS is, in words.
  returned: success
  type: str
  sample: 12 of 12 images complete, 2512 of 2512 MB (100 %)
elapsed:
  description: How many seconds the module waited.
  returned: success
  type: int
  sample: 312
watch:
  description: What the option O(watch) needs to go on. Only where that was given, and the import goes on.
  returned: when O(watch) was given
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import boot_resource_import


def main():
    """Run the module."""
    module.run(
        AnsibleModule(
            argument_spec=arguments.spec(
                state={"type": "str", "choices": ["started", "stopped"], "default": "started"},
                force={"type": "bool", "default": False},
                wait={"type": "bool", "default": True},
                wait_timeout={"type": "int", "default": 7200},
                poll_interval={"type": "int", "default": 10},
                stop_on_timeout={"type": "bool", "default": False},
                watch={"type": "dict"},
            ),
            supports_check_mode=True,
        ),
        boot_resource_import.run,
    )


if __name__ == "__main__":
    main()
