#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_info
short_description: Read what a MAAS image stream, or a mirror of one, offers
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Reads a simplestreams source over HTTP as a client does, checks its signatures and lists what the selections take of it.
  - With O(verify_items=true) fetches every item whole and compares its size and SHA-256, which is how a mirror is proven good.
extends_documentation_fragment:
  - imagemirror.maas.stream
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
  verify_items:
    description:
      - Fetch every item and compare it with its listed size and hash. Redirects are not followed, as MAAS follows none.
      - The module fails and names the items that are not served as listed.
    type: bool
    default: false
seealso:
  - module: imagemirror.maas.sstream_mirror
"""

EXAMPLES = r"""
- name: See what the documentation's filters would take
  imagemirror.maas.stream_info:
    source: https://images.maas.io/ephemeral-v3/stable/
    keyring: /usr/share/keyrings/ubuntu-cloudimage-keyring.gpg
    selections:
      - filters: ['arch=amd64', 'release~^(jammy|noble)$']
  register: offer

- name: Prove that a mirror serves all of it
  imagemirror.maas.stream_info:
    source: http://mirror.example.com/maas/images/ephemeral-v3/stable/
    keyring: /usr/share/keyrings/ubuntu-cloudimage-keyring.gpg
    verify_items: true
"""

RETURN = r"""
images:
  description: What the selections take, by image and version.
  returned: success
  type: list
  elements: dict
  sample:
    - {os: ubuntu, release: noble, arch: amd64, version: '20250718', kernels: [ga-24.04], items: 14, bytes: 829292544}
stream_items:
  description: The items that the selections take.
  returned: success
  type: list
  elements: dict
  sample:
    - path: noble/amd64/20250718/squashfs
      size: 271581184
      sha256: 0f7d4ad2b8a4a7f0f9f5a2b3a6a4f34b07e6a5c1f3f3a9d0e5d7b7c0f3d1a2b4
      ftype: squashfs
      os: ubuntu
      release: noble
      arch: amd64
      version: '20250718'
      products: ['com.ubuntu.maas.stable:v3:boot:24.04:amd64:ga-24.04']
bytes:
  description: Bytes of the items together. What products share counts once.
  returned: success
  type: int
failures:
  description: The items that are not served as listed, with the server's own words.
  returned: failure
  type: list
  elements: dict
  sample:
    - {item: noble/amd64/20250718/squashfs, error: 404 Not Found}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import summary, total
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.probe import offer, probe
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import SOURCE_OPTIONS
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror_module import run


def main():
    module = AnsibleModule(argument_spec=dict(SOURCE_OPTIONS, verify_items={"type": "bool", "default": False}),
                           supports_check_mode=True)

    def use_case(settings):
        items = probe(settings) if module.params["verify_items"] else offer(settings)
        return {"stream_items": [item.to_dict() for item in items], "images": summary(items), "bytes": total(items)}

    run(module, SOURCE_OPTIONS, use_case)


if __name__ == "__main__":
    main()
