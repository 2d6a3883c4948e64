#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_source
short_description: Manage where MAAS takes its boot images from
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Makes sure that MAAS has a boot source with a URL and a keyring, or has none with that URL.
  - A source is found by its URL in any spelling, so a final slash or the case of the host makes no second source.
  - With O(match_url) a source that MAAS has already is pointed elsewhere in place. Its selections and images stay.
extends_documentation_fragment:
  - imagemirror.maas.maas
attributes:
  check_mode:
    description: Tells what it would change; can't write then.
    support: full
  diff_mode:
    description: Shows the source before and after, the same in check mode as without. Keyrings are shown by their SHA-256.
    support: full
options:
  state:
    description:
      - V(present) makes a source with O(url), or changes the one that O(url) or O(match_url) finds.
      - V(absent) removes every source with O(url), in any spelling. Its selections go with it.
    type: str
    choices: [present, absent]
    default: present
  url:
    description:
      - The stream's directory, the one that holds C(streams/v1/).
      - MAAS refuses hosts without a dot, C(localhost) and addresses excepted, and more than 200 characters.
    type: str
    required: true
  match_url:
    description:
      - If no source has O(url) but one has this URL, that one is changed to O(url).
      - If none has it by its own scheme, C(http) and C(https) are taken for the same.
      - Up to MAAS 3.7 this is the way to switch, as there one source that can't be read stops the import from all.
    type: str
  keyring_filename:
    description:
      - Path, on every region, of the binary keyring that the stream is signed with. MAAS does not check that it exists.
      - For Canonical's key this is C(/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg), and in the snap
        C(/snap/maas/current/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg).
      - A source that had its keyring as data can't be changed to one by file name. It is then removed and made again, with
        its selections put back as soon as MAAS has read it. If that fails, the former source is put back.
      - If no keyring option is given, a source that exists keeps the keyring it has.
    type: str
  keyring_file:
    description:
      - Path, on the host that runs the module, of the binary keyring to upload to MAAS.
      - An ASCII-armored one is refused, because MAAS would take it and could not verify anything with it.
    type: path
  keyring_data:
    description: The same as O(keyring_file), as the keyring's bytes in base64.
    type: str
  name:
    description: Name of the source. MAAS 3.8 and later; the default there is O(url).
    type: str
  priority:
    description:
      - Which source MAAS takes an image from that several have; the bigger number wins.
      - MAAS 3.8 and later; the default there is one more than the biggest.
    type: int
  enabled:
    description: Whether MAAS uses the source. MAAS 3.8 and later; the default there is V(true).
    type: bool
  skip_keyring_verification:
    description:
      - Whether MAAS uses the source without verifying signatures; no keyring is needed then.
      - MAAS 3.8 and later; the default there is V(true) for a O(url) that ends in C(.json), else V(false).
    type: bool
  wait_timeout:
    description:
      - How many seconds to wait, for each selection that is put back, until MAAS has read a source that was made again.
    type: int
    default: 60
seealso:
  - module: imagemirror.maas.boot_source_info
"""

EXAMPLES = r"""
- name: Take the images from the mirror instead of images.maas.io
  imagemirror.maas.boot_source:
    api_url: http://region.example.com:5240/MAAS
    api_key: "{{ maas_api_key }}"
    url: http://mirror.example.com/maas/images/ephemeral-v3/stable/
    match_url: https://images.maas.io/ephemeral-v3/stable/

- name: A stream signed with a key of our own, credentials set once
  module_defaults:
    group/imagemirror.maas.maas:
      api_url: http://region.example.com:5240
      api_key: "{{ maas_api_key }}"
  block:
    - name: Add it
      imagemirror.maas.boot_source:
        url: http://mirror.example.com/maas/images/ephemeral-v3/trimmed/
        keyring_file: /etc/maas/mirror.gpg

    - name: Remove another
      imagemirror.maas.boot_source:
        url: http://old.example.com/images/
        state: absent
"""

RETURN = r"""
boot_source:
  description:
    - The source as MAAS answered it, or in check mode as it would be, then without C(id) and dates if it is new.
    - Empty with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: Its number. A source that had to be made again has a new one.
      type: int
      sample: 1
    url:
      description: Its URL as MAAS keeps it, which since 3.8 is without a final slash. A password is replaced by C(***).
      type: str
      sample: http://mirror.example.com/maas/images/ephemeral-v3/stable/
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
    name:
      description: Its name.
      returned: MAAS 3.8 and later
      type: str
      sample: MAAS Stable
    priority:
      description: Its priority.
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
import_needed:
  description:
    - Whether MAAS reads the changed source only at the next import. Up to 3.7 that is so for the source with id 1.
    - Until then new selections are checked against what the source had before.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import boot_source


def main():
    """Run the module."""
    module.run(
        AnsibleModule(
            argument_spec=arguments.spec(
                state={"type": "str", "choices": ["present", "absent"], "default": "present"},
                url={"type": "str", "required": True},
                match_url={"type": "str"},
                keyring_filename={"type": "str", "no_log": False},
                keyring_file={"type": "path", "no_log": False},
                keyring_data={"type": "str", "no_log": False},
                name={"type": "str"},
                priority={"type": "int"},
                enabled={"type": "bool"},
                skip_keyring_verification={"type": "bool", "no_log": False},
                wait_timeout={"type": "int", "default": 60},
            ),
            mutually_exclusive=[("keyring_filename", "keyring_file", "keyring_data")],
            supports_check_mode=True,
        ),
        boot_source.run,
    )


if __name__ == "__main__":
    main()
