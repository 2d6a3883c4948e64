#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_source_probe
short_description: Read a mirror as MAAS would, before MAAS is pointed at it
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Reads the signed index and product lists of a mirror in the way of MAAS, with the keyring that MAAS would use, and asks for every
    file that MAAS would download for its selections.
  - Fails, and names all that is wrong, if MAAS could not read the mirror, if a selected image, the release that machines are
    commissioned with or a bootloader is not offered, or if a file is not served with its size.
  - The MAAS API is not spoken to. Run it on a region if you can, because that is where MAAS reads the mirror from.
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
  url:
    description:
      - URL of the mirror as the boot source has it, the directory that holds C(streams/v1/), or that of an index below it.
    type: str
    required: true
  keyring_file:
    description:
      - Path, on the host that runs the module, of the binary keyring that MAAS would verify the mirror with.
    type: path
  keyring_data:
    description: The same as O(keyring_file), as the keyring's bytes in base64.
    type: str
  skip_keyring_verification:
    description:
      - The source is one that MAAS 3.8 and later do not verify. Nothing is verified for a URL that ends in C(.json) either.
    type: bool
    default: false
  selections:
    description:
      - What MAAS has selected of the source, as M(imagemirror.maas.boot_source_selection_info) returns it.
    type: list
    elements: dict
    default: []
    suboptions:
      os:
        description: The operating system.
        type: str
        default: ubuntu
      release:
        description: The release, as the stream calls it.
        type: str
        required: true
      arches:
        description: The architectures, each of which has to be offered. V(*) takes what there is, as below.
        type: list
        elements: str
        default: ['*']
      subarches:
        description: The kernels by their subarchitecture. MAAS 3.8 and later do not heed it.
        type: list
        elements: str
        default: ['*']
      labels:
        description: The labels. MAAS 3.8 and later do not heed it.
        type: list
        elements: str
        default: ['*']
      id:
        description: Ignored, as are the others that only a returned selection has.
        type: int
      boot_source_id:
        description: Ignored.
        type: int
      boot_source_url:
        description: Ignored.
        type: str
      resource_uri:
        description: Ignored.
        type: str
  commissioning_release:
    description:
      - The Ubuntu release that MAAS commissions machines with. It has to be selected and offered. Empty asks for none.
    type: str
    default: ''
  bootloaders:
    description:
      - Whether the bootloaders have to be offered that machines of the selected architectures need.
    type: bool
    default: true
  verify_items:
    description:
      - V(quick) asks for every file and compares the length that the server tells, V(full) reads every file and compares its SHA-256 too.
    type: str
    choices: [quick, full]
    default: quick
  proxy:
    description:
      - URL of the proxy that MAAS goes through. Empty means none; what the environment says of proxies does not count.
    type: str
    default: ''
  no_proxy:
    description:
      - Whether MAAS leaves out O(proxy) for images, its setting C(boot_images_no_proxy). Where O(maas_version) is one that has the bug of heeding
        it for metadata alone, files are asked for through the proxy.
    type: bool
    default: false
  maas_version:
    description:
      - Version of the MAAS that will read the mirror, such as V(3.7.3). It decides how strictly metadata is read, whether redirects of files are
        followed (not since 3.6.2), and which products are too new. Empty means the newest MAAS.
    type: str
    default: ''
  timeout:
    description: How long a request may be without an answer, in seconds.
    type: int
    default: 60
seealso:
  - module: imagemirror.maas.stream_info
  - module: imagemirror.maas.boot_source
requirements:
  - C(gpgv) on the host that runs the module
"""

EXAMPLES = r"""
- name: See whether MAAS could use the mirror for all that it has selected
  imagemirror.maas.boot_source_probe:
    url: http://mirror.example.com/maas/images/ephemeral-v3/stable/
    keyring_file: /usr/share/keyrings/ubuntu-cloudimage-keyring.gpg
    selections: "{{ selected.boot_source_selections }}"
    commissioning_release: noble
    maas_version: 3.7.3
"""

RETURN = r"""
images:
  description: What MAAS would import, images and bootloaders.
  returned: success
  type: list
  elements: dict
  sample:
    - {os: ubuntu, release: noble, arch: amd64, label: stable, version: '20250718', files: 13, bytes: 829292544}
files:
  description: How many files that are.
  returned: success
  type: int
bytes:
  description: Bytes of the files together. What products share counts once.
  returned: success
  type: int
failures:
  description: What is wrong.
  returned: failure
  type: list
  elements: dict
  sample:
    - {what: noble/amd64/20250718/squashfs, error: 404 Not Found}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import password_of
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.boot_source_probe import run
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.words import long_enough


def main():
    several = {"type": "list", "elements": "str", "default": ["*"]}
    selection = {
        "os": {"type": "str", "default": "ubuntu"},
        "release": {"type": "str", "required": True},
        "arches": several,
        "subarches": several,
        "labels": several,
        "id": {"type": "int"},
        "boot_source_id": {"type": "int"},
        "boot_source_url": {"type": "str"},
        "resource_uri": {"type": "str"},
    }
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "keyring_file": {"type": "path"},
            "keyring_data": {"type": "str", "no_log": False},
            "skip_keyring_verification": {"type": "bool", "default": False},
            "selections": {"type": "list", "elements": "dict", "default": [], "options": selection},
            "commissioning_release": {"type": "str", "default": ""},
            "bootloaders": {"type": "bool", "default": True},
            "verify_items": {"type": "str", "choices": ["quick", "full"], "default": "quick"},
            "proxy": {"type": "str", "default": ""},
            "no_proxy": {"type": "bool", "default": False},
            "maas_version": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 60},
        },
        mutually_exclusive=[("keyring_file", "keyring_data")],
        supports_check_mode=True,
    )
    module.no_log_values.update(long_enough([password_of(module.params[name]) for name in ("url", "proxy")]))
    try:
        result = run(module.params)
    except MaasError as error:
        module.fail_json(msg=str(error), **error.data)
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
