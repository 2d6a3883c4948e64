#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sstream_mirror_generation
short_description: Publish a kept generation of a mirror, and pin it
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Rolls a mirror that M(imagemirror.maas.sstream_mirror) keeps back to a state that it published before, or forward again.
  - It is one rename and downloads nothing. A generation whose items are not all on disk is refused.
extends_documentation_fragment:
  - imagemirror.maas.tree
attributes:
  check_mode:
    description: Can run in check mode and say what it would do.
    support: full
  diff_mode:
    description: Lists the images with their versions, files and bytes as they were and as they are.
    support: full
  platform:
    description: Target OS the module can be used on.
    support: full
    platforms: posix
options:
  generation:
    description:
      - Name of the generation to publish, as M(imagemirror.maas.sstream_mirror_info) lists them.
      - V(latest) is the newest that is kept, V(previous) the one before it.
    type: str
    default: previous
  pinned:
    description:
      - Whether syncs leave that generation published. A pinned mirror stays as it is until the pin is taken off.
      - V(false) with O(generation=latest) takes a rollback back.
    type: bool
    default: true
seealso:
  - module: imagemirror.maas.sstream_mirror
  - module: imagemirror.maas.sstream_mirror_info
"""

EXAMPLES = r"""
- name: Serve again what was served before the last sync, until further notice
  imagemirror.maas.sstream_mirror_generation:
    path: /var/www/html/maas/images/ephemeral-v3/stable
    owner: maas-mirror

- name: Serve the newest again, and let syncs publish
  imagemirror.maas.sstream_mirror_generation:
    path: /var/www/html/maas/images/ephemeral-v3/stable
    owner: maas-mirror
    generation: latest
    pinned: false
"""

RETURN = r"""
generation:
  description: Name of the published state.
  returned: success
  type: str
  sample: 20250724T080149Z-5c1f3f3a9d0e
previous_generation:
  description: Name of the state that was published before.
  returned: success
  type: str
published:
  description: Whether the published state changed.
  returned: success
  type: bool
item_count:
  description: How many items the published state holds.
  returned: success
  type: int
bytes:
  description: Bytes of the items that the published state holds.
  returned: success
  type: int
images:
  description: What the published state holds, by image and version.
  returned: success
  type: list
  elements: dict
  sample:
    - {os: ubuntu, release: noble, arch: amd64, version: '20250718', kernels: [ga-24.04], items: 14, bytes: 829292544}
failures:
  description: The items that are not on disk as the generation lists them.
  returned: failure
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import TREE_OPTIONS
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.sync import rollback
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror_module import run


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec=dict(
        TREE_OPTIONS, generation={"type": "str", "default": "previous"}, pinned={"type": "bool", "default": True}))

    def use_case(settings):
        return rollback(settings, module.params["generation"], module.params["pinned"], module.check_mode).answer(settings.path)

    run(module, TREE_OPTIONS, use_case)


if __name__ == "__main__":
    main()
