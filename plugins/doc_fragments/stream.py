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
  sources:
    description:
      - URLs of other directories with the same stream. What O(source) does not give is asked for there, in this order, each item
        by itself and the metadata as a whole.
    type: list
    elements: str
    default: []
  parallel:
    description:
      - How many connections to open at most, from 1 to 128. A run opens no more than its bytes have a use for.
    type: int
    default: 64
  connections:
    description:
      - How many of them for one large item at most, which then comes in pieces. A server without ranges gets one.
    type: int
    default: 32
  rate_limit:
    description:
      - Bytes a second for all items together, such as V(500K) or V(20M), in powers of 1024. Unlimited where it is left out.
    type: str
  connect_timeout:
    description:
      - Seconds to wait for a connection.
    type: int
    default: 30
  stall_timeout:
    description:
      - Seconds without a byte, or with less than 1 KiB, after which a connection is given up and tried again.
    type: int
    default: 60
  retries:
    description:
      - How many times to try again, after 0.5 seconds and then twice as long each time, or as long as the server asks for.
      - What a server refuses for good, such as with 403 or 404, is not asked for again in this run.
    type: int
    default: 5
  proxy:
    description:
      - URL of the proxy, as in C(http://user:password@proxy.example.com:3128), which carries C(https) as well.
      - By default the environment's C(http_proxy) and C(https_proxy) count.
    type: str
  no_proxy:
    description:
      - What is reached without a proxy. Each is a host, a domain, an address, a network such as V(10.0.0.0/8), or V(*) for all.
      - By default the environment's C(no_proxy) counts.
    type: list
    elements: str
  ca_file:
    description:
      - Path, on the host, of the certificates to trust instead of the system's, in PEM. A private upstream has an authority of its own.
    type: path
  username:
    description:
      - User for HTTP's basic authentication at O(source), and nowhere else. URLs of O(sources) may hold their own.
    type: str
  password:
    description:
      - Password of O(username).
    type: str
  client_cert:
    description:
      - Path, on the host, of the certificate to show to a server that wants one, in PEM.
    type: path
  client_key:
    description:
      - Path, on the host, of the key of O(client_cert), in PEM and without a passphrase. It may be in the same file.
    type: path
requirements:
  - simplestreams (C(sstream-query)) and C(gpgv) on the host, as the role P(imagemirror.maas.simplestreams#role) installs them
"""
