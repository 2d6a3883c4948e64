#!/usr/bin/python
# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_source_selection
short_description: Manage which images MAAS takes from a boot source
version_added: 0.1.0
author:
  - imagemirror.maas contributors (@imagemirror)
description:
  - Makes sure that MAAS selects a release from a boot source, or does not, or that its selections are exactly those of a list.
  - A selection that MAAS has already, such as the one of a new installation, is adopted and changed where it differs.
  - MAAS checks selections against what it has read from the source. A source that was just made or changed has not been read yet,
    and MAAS answers as if it had no such release. The module waits for that, and tells a wrong name from a source not read by
    reading the stream from the host that it runs on.
  - Nothing is downloaded before the next import; see M(imagemirror.maas.boot_resource_import).
extends_documentation_fragment:
  - imagemirror.maas.maas
attributes:
  check_mode:
    description: Tells what it would change; can't write then. Names are checked against the stream, if it can be read from here.
    support: full
  diff_mode:
    description: Shows all selections of the source before and after, the same in check mode as without.
    support: full
options:
  boot_source_url:
    description:
      - The boot source, by its URL in any spelling (final slash, case of the host, default port).
      - With neither this nor O(boot_source_id) it is the only boot source that MAAS has.
    type: str
  boot_source_id:
    description: The boot source, by its number.
    type: int
  state:
    description:
      - V(present) selects O(release), or each of O(selections).
      - V(absent) removes their selections. The images go with the next import.
    type: str
    choices: [present, absent]
    default: present
  os:
    description: The operating system of O(release).
    type: str
    default: ubuntu
  release:
    description: The release, by its code name such as V(noble). Exactly one of this and O(selections) is needed.
    type: str
  arches:
    description:
      - The architectures of O(release), all of them, as one selection has them all. V(*) is every one.
      - If it is left out, a selection that MAAS has already keeps its own. A new one needs them.
    type: list
    elements: str
  subarches:
    description: The kernels of O(release), by subarchitecture. What MAAS stores without it imports nothing, so it is always sent.
    type: list
    elements: str
    default: ['*']
  labels:
    description: The labels of O(release). What MAAS stores without it imports nothing, so it is always sent.
    type: list
    elements: str
    default: ['*']
  selections:
    description:
      - Several selections at once. They are made together or not at all.
      - What M(imagemirror.maas.boot_source_selection_info) returns may be given as it is.
    type: list
    elements: dict
    suboptions:
      os:
        description: The operating system.
        type: str
        default: ubuntu
      release:
        description: The release.
        type: str
        required: true
      arches:
        description: As the option O(arches).
        type: list
        elements: str
      subarches:
        description: As the option O(subarches).
        type: list
        elements: str
        default: ['*']
      labels:
        description: As the option O(labels).
        type: list
        elements: str
        default: ['*']
      id:
        description: Not used; MAAS gives a new selection a new number.
        type: int
      boot_source_id:
        description: Not used; the option O(boot_source_id) says which source is meant.
        type: int
      boot_source_url:
        description: Not used; the option O(boot_source_url) says which source is meant.
        type: str
      resource_uri:
        description: Not used.
        type: str
  purge:
    description: Whether to remove every selection of the source that is not in O(selections).
    type: bool
    default: false
  protected:
    description:
      - What to do where the selection of the release that MAAS commissions machines with, its setting
        C(commissioning_distro_series), would be removed. MAAS up to 3.7 refuses that; later ones could commission no more, unless
        another enabled source has the release selected.
      - V(fail) fails before anything is changed.
      - V(keep) leaves that selection as it is, with a warning.
      - V(remove) lets MAAS decide.
    type: str
    choices: [fail, keep, remove]
    default: fail
  wait_timeout:
    description: How many seconds to wait, for each selection, until MAAS has read the source.
    type: int
    default: 60
  import_unread:
    description:
      - Up to MAAS 3.7 the boot source with id 1, the one of a new installation, is not read when it is changed, only when an import
        runs. If MAAS does not know a release in it that the stream has, start an import.
      - With V(false) the module fails then, and says so.
    type: bool
    default: true
seealso:
  - module: imagemirror.maas.boot_source_selection_info
  - module: imagemirror.maas.boot_source
  - module: imagemirror.maas.boot_resource_import
"""

EXAMPLES = r"""
- name: Take noble for two architectures
  imagemirror.maas.boot_source_selection:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
    release: noble
    arches: [amd64, arm64]

- name: Take exactly these from the mirror
  imagemirror.maas.boot_source_selection:
    api_url: http://region.example.com:5240
    api_key: "{{ maas_api_key }}"
    boot_source_url: http://mirror.example.com/maas/images/ephemeral-v3/stable/
    selections:
      - release: noble
        arches: [amd64, arm64]
      - release: jammy
        arches: [amd64]
      - os: centos
        release: centos70
        arches: [amd64]
    purge: true
"""

RETURN = r"""
boot_source:
  description: The boot source. Empty in check mode if MAAS does not have it yet.
  returned: success
  type: dict
  contains:
    id:
      description: Its number.
      type: int
      sample: 1
    url:
      description: Its URL as MAAS keeps it. A password is replaced by C(***).
      type: str
      sample: http://mirror.example.com/maas/images/ephemeral-v3/stable/
boot_source_selections:
  description: All selections that the source has now, or in check mode would have.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its number; none in check mode for a new one.
      type: int
      sample: 1
    boot_source_id:
      description: The number of its source.
      type: int
      sample: 1
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
boot_source_selection:
  description: The one of O(release), with the same keys. Empty with O(state=absent) and with O(selections).
  returned: success
  type: dict
import_started:
  description: Whether an import had to be started so that MAAS reads the source; see O(import_unread). It goes on.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import arguments, module
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import boot_source_selection


def main():
    """Run the module."""
    module.run(
        AnsibleModule(
            argument_spec=arguments.spec(
                boot_source_url={"type": "str"},
                boot_source_id={"type": "int"},
                state={"type": "str", "choices": ["present", "absent"], "default": "present"},
                selections={
                    "type": "list",
                    "elements": "dict",
                    "options": dict(
                        arguments.SELECTION,
                        release={"type": "str", "required": True},
                        id={"type": "int"},
                        boot_source_id={"type": "int"},
                        boot_source_url={"type": "str"},
                        resource_uri={"type": "str"},
                    ),
                },
                purge={"type": "bool", "default": False},
                protected={"type": "str", "choices": ["fail", "keep", "remove"], "default": "fail"},
                wait_timeout={"type": "int", "default": 60},
                import_unread={"type": "bool", "default": True},
                **arguments.SELECTION
            ),
            mutually_exclusive=[("boot_source_url", "boot_source_id"), ("release", "selections"), ("arches", "selections")],
            required_one_of=[("release", "selections")],
            supports_check_mode=True,
        ),
        boot_source_selection.run,
    )


if __name__ == "__main__":
    main()
