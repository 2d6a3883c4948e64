# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of SOURCE_OPTIONS in module_utils/_mirror/settings.py."""

    DOCUMENTATION = r"""
options:
  source:
    description:
      - URL of the stream's directory, the one that holds C(streams/v1).
      - Upstream's are C(https://images.maas.io/ephemeral-v3/stable/) and C(https://images.maas.io/ephemeral-v3/candidate/).
    type: str
    required: true
  keyring:
    description:
      - Path, on the host, of the binary keyring that the stream is signed with.
      - Required unless O(verify_signature=false).
    type: path
  verify_signature:
    description:
      - Whether the stream has to be signed by a key of O(keyring).
      - With V(false) the unsigned C(index.json) of the source is read, and nothing tells a forged stream from a good one.
    type: bool
    default: true
  selections:
    description:
      - What to take of the stream. Several selections make a union.
      - A selection is either structured or made of raw O(selections[].filters).
      - The default is what a MAAS for amd64 machines needs today, with the bootloaders of every architecture.
    type: list
    elements: dict
    default:
      - os: [ubuntu]
        releases: [jammy, noble]
        arches: [amd64]
      - os: [grub-efi, grub-efi-signed, grub-ieee1275, pxelinux]
    suboptions:
      os:
        description:
          - Operating systems, V(ubuntu) or V(centos), or bootloaders. V(*) or nothing takes any, as in the options below.
        type: list
        elements: str
        default: []
      releases:
        description:
          - Releases by the names that the stream gives them, such as V(noble) or V(centos70).
        type: list
        elements: str
        default: []
      arches:
        description:
          - Architectures, such as V(amd64) or V(arm64).
          - Upstream lists the bootloader C(pxelinux), which amd64 machines need, under V(i386).
        type: list
        elements: str
        default: []
      subarches:
        description:
          - Kernels by their subarchitecture, such as V(ga-24.04) or V(hwe-24.04).
        type: list
        elements: str
        default: []
      kflavors:
        description:
          - Kernel flavours, such as V(generic) or V(lowlatency).
        type: list
        elements: str
        default: []
      labels:
        description:
          - Labels of the stream, such as V(stable) or V(candidate).
        type: list
        elements: str
        default: []
      filters:
        description:
          - Filters in the language of simplestreams, C(KEY=VALUE), C(KEY!=VALUE), C(KEY~REGEX) or C(KEY!~REGEX).
          - They are ANDed. C(~) searches, so anchor it. A key that an item lacks reads as the empty string.
        type: list
        elements: str
        default: []
      max:
        description:
          - How many versions of each product to take, the newest first. MAAS only ever takes the newest.
        type: int
        default: 1
  metadata_timeout:
    description:
      - Seconds that each read of the metadata may take.
    type: int
    default: 300
requirements:
  - simplestreams (C(sstream-mirror), C(sstream-query)) and C(gpgv) on the host, as the role P(imagemirror.maas.simplestreams#role) installs them
"""
