#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sstream_mirror
short_description: Keep a directory a complete and authentic mirror of a MAAS image stream
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Makes a directory hold a selection of a simplestreams source, such as MAAS's own images, and publishes it. The directory is
    made where it does not exist; one that holds other files is refused, one that C(sstream-mirror) has filled becomes a mirror in place.
  - While it works, it says in the playbook's output how far it is.
  - C(sstream-query) checks the signatures of the metadata and makes the plan. Items come many at once and large ones in pieces,
    and a run that was cut off is gone on with.
  - The published index changes by one atomic rename, once every selected item is on disk with its size and SHA-256. A run
    that fails leaves what is published as it was, and keeps what it has fetched for the next one.
extends_documentation_fragment:
  - imagemirror.maas.stream
  - imagemirror.maas.tree
attributes:
  check_mode:
    description: Can run in check mode and say what it would do. The plan is made from the real stream; the mirror is not touched.
    support: full
  diff_mode:
    description: Lists the images with their versions, files and bytes as they were and as they are.
    support: full
  platform:
    description: Target OS the module can be used on.
    support: full
    platforms: posix
options:
  name:
    description:
      - Name of the mirror in its reports. The last part of O(path) where it is left out.
    type: str
  keep_generations:
    description:
      - How many published states to keep whole, the current one among them.
    type: int
    default: 2
  prune_grace:
    description:
      - Seconds for which a generation stays whole after the next one took its place, however many are kept. A MAAS may still
        be importing from it.
    type: int
    default: 86400
  wipe_ratio:
    description:
      - Refuse a plan that loses more than this part of the published bytes, because an image is not selected or not offered
        any more. A new version of an image is no loss.
    type: float
    default: 0.5
  require_bootloaders:
    description:
      - Refuse selections that take images but not the bootloaders that MAAS boots their architectures with.
    type: bool
    default: true
  allow_downgrade:
    description:
      - Accept a stream whose date is older than that of the published one.
    type: bool
    default: false
  max_age:
    description:
      - Seconds since the last success after which the mirror counts as stale, for whoever reads its C(status.json) or its metrics.
        V(0) is never.
    type: int
    default: 172800
  verify:
    description:
      - How to tell that an item is on disk. V(fast) looks at its size; V(full) reads and hashes every file, and what is bad
        is fetched again and put in its place by one rename.
      - A V(full) run that is cut off is taken up by the next one, within 30 days. It reads past the page cache, so what a web server has
        cached stays there.
    type: str
    choices: [fast, full]
    default: fast
  verify_rate_limit:
    description:
      - Bytes a second that O(verify=full) reads, such as V(50M). Unlimited where it is left out.
    type: str
  index:
    description:
      - What index to publish. V(upstream) is upstream's own, byte for byte, which MAAS reads with the keyring it has; it lists
        more than the mirror holds. V(trimmed) lists exactly what the mirror holds and is signed with the operator's key, whose
        public half lies in the mirror as C(keyring.gpg).
    type: str
    choices: [upstream, trimmed]
    default: upstream
  signing_home:
    description:
      - Home directory of gpg with the operator's key, for O(index=trimmed). A key is made there where there is none.
    type: path
    default: /var/lib/maas-image-mirror/gnupg
  siblings:
    description:
      - Directories of other mirrors on the same file system. What they hold already is linked, not fetched.
    type: list
    elements: path
    default: []
  lock_timeout:
    description:
      - Seconds to wait for another run on the same mirror. With V(0) the module fails at once and says who works on it.
    type: int
    default: 0
seealso:
  - module: imagemirror.maas.stream_info
  - module: imagemirror.maas.sstream_mirror_info
"""

EXAMPLES = r"""
- name: Mirror what a MAAS for amd64 machines needs
  imagemirror.maas.sstream_mirror:
    source: https://images.maas.io/ephemeral-v3/stable/
    path: /var/www/html/maas/images/ephemeral-v3/stable
    keyring: /usr/share/keyrings/ubuntu-cloudimage-keyring.gpg
    owner: maas-mirror

- name: Mirror one release for two architectures, and one kernel of another
  imagemirror.maas.sstream_mirror:
    source: https://images.maas.io/ephemeral-v3/stable/
    path: /var/www/html/maas/images/ephemeral-v3/stable
    keyring: /usr/share/keyrings/ubuntu-cloudimage-keyring.gpg
    selections:
      - os: [ubuntu]
        releases: [noble]
        arches: [amd64, arm64]
      - os: [ubuntu]
        releases: [jammy]
        arches: [amd64]
        subarches: [ga-22.04]
      - filters: ['os~^(grub.*|pxelinux)$']
"""

RETURN = r"""
generation:
  description: Name of the published state, made of upstream's date and the digest of its metadata.
  returned: success
  type: str
  sample: 20250724T080149Z-5c1f3f3a9d0e
previous_generation:
  description: Name of the state that was published before, if any.
  returned: success
  type: str
published:
  description: Whether the published state changed.
  returned: success
  type: bool
added:
  description: Paths of the items that were fetched.
  returned: success
  type: list
  elements: str
added_bytes:
  description: Bytes of the items that were fetched.
  returned: success
  type: int
removed:
  description: Paths of the files that were deleted, as no kept generation lists them.
  returned: success
  type: list
  elements: str
removed_bytes:
  description: Bytes of the files that were deleted.
  returned: success
  type: int
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
keyring:
  description:
    - Path, on the host, of the keyring that verifies what is published. With O(index=trimmed) that is C(keyring.gpg) in O(path), else
      O(keyring); V(null) where nothing is signed.
  returned: success
  type: str
  sample: /usr/share/keyrings/ubuntu-cloudimage-keyring.gpg
served:
  description: Which sources gave the metadata and, by their URLs, how many of the files.
  returned: success
  type: dict
  sample: {metadata: https://images.maas.io/ephemeral-v3/stable/, files: {https://images.maas.io/ephemeral-v3/stable/: 183}}
step:
  description: The step of the sync that failed.
  returned: failure
  type: str
  sample: preflight
failures:
  description: The items that failed, with the server's own words.
  returned: failure
  type: list
  elements: dict
  sample:
    - {item: noble/amd64/20250718/squashfs, error: 503 Service Unavailable}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import MIRROR_OPTIONS
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.sync import public_keyring, sync
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror_module import end_with_reader, run


def main():
    module = AnsibleModule(argument_spec=MIRROR_OPTIONS, supports_check_mode=True)

    def use_case(settings):
        return dict(sync(settings, check=module.check_mode).answer(settings.path), keyring=public_keyring(settings))

    end_with_reader()
    run(module, MIRROR_OPTIONS, use_case)


if __name__ == "__main__":
    main()
