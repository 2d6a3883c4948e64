#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sstream_mirror_info
short_description: Read what a mirror of a MAAS image stream holds
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Reads a directory that M(imagemirror.maas.sstream_mirror) keeps, and needs nothing but it.
attributes:
  check_mode:
    description: Only reads, in check mode as well.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
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
seealso:
  - module: imagemirror.maas.sstream_mirror
"""

EXAMPLES = r"""
- name: See what a mirror holds
  imagemirror.maas.sstream_mirror_info:
    path: /var/www/html/maas/images/ephemeral-v3/stable
  register: mirror

- name: Fail where its last run did
  ansible.builtin.assert:
    that: mirror.status.last_attempt.outcome == 'ok'
"""

RETURN = r"""
exists:
  description: Whether the directory holds a mirror.
  returned: success
  type: bool
generation:
  description: Name of the published generation.
  returned: where one is published
  type: str
pinned:
  description: Name of the generation that syncs leave published, or V(null).
  returned: success
  type: str
generations:
  description: The kept generations, the newest publish first.
  returned: success
  type: list
  elements: dict
  sample:
    - name: 20250724T080149Z-5c1f3f3a9d0e
      published: '2025-07-24T09:00:03.120000Z'
      current: true
      items: 46
      bytes: 1936842752
      images:
        - {os: ubuntu, release: noble, arch: amd64, version: '20250718', kernels: [ga-24.04], items: 14, bytes: 829292544}
status:
  description:
    - The content of C(status.json), with the last attempt, the last success and the last verification; empty before the first run. The
      collection's C(docs/status.md) describes it.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import summary, total
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror_module import run

_OPTIONS = {"path": {"type": "path", "required": True}}


def main():
    def use_case(settings):
        tree = Tree(settings.path)
        return {"exists": tree.exists(), "generation": tree.current(), "pinned": tree.pinned(), "status": tree.status(),
                "generations": [_told(generation, tree.current()) for generation in tree.generations()]}

    run(AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True), _OPTIONS, use_case)


def _told(generation, current):
    return {"name": generation.name, "published": generation.published, "current": generation.name == current,
            "items": len(generation.items), "bytes": total(generation.items.values()),
            "images": summary(generation.items.values())}


if __name__ == "__main__":
    main()
