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
  path:
    description:
      - Directory of the mirror.
    type: path
    required: true
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
  owner:
    description:
      - User that owns the mirror. A run by root acts as this user; anybody else has to be it.
    type: str
  lock_timeout:
    description:
      - Seconds to wait for another run on the same mirror. With V(0) the module fails at once and says who works on it.
    type: int
    default: 0
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
    - {os: ubuntu, release: noble, arch: amd64, version: '20250718', items: 14, bytes: 829292544}
failures:
  description: The items that are not on disk as the generation lists them.
  returned: failure
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import MirrorError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import TREE_OPTIONS, checked
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.sync import rollback


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec=dict(
        TREE_OPTIONS, generation={"type": "str", "default": "previous"}, pinned={"type": "bool", "default": True}))
    generation, pinned = module.params.pop("generation"), module.params.pop("pinned")
    try:
        settings = checked(module.params, TREE_OPTIONS)
        result = rollback(settings, generation, pinned, check=module.check_mode)
    except MirrorError as error:
        module.fail_json(msg=str(error), **error.to_dict())
    module.exit_json(diff=result.diff(settings.path), **result.to_dict())


if __name__ == "__main__":
    main()
