# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of TREE_OPTIONS in module_utils/_mirror/settings.py."""

    DOCUMENTATION = r"""
options:
  path:
    description:
      - Directory of the mirror, for it alone.
      - Everything on disk below it belongs to the mirror.
    type: path
    required: true
  owner:
    description:
      - User that owns the mirror. A run by root acts as this user; anybody else has to be it.
    type: str
  lock_timeout:
    description:
      - Seconds to wait for another run on the same mirror. With V(0) the module fails at once and says who works on it. A
        verification of every byte gives way within a minute, whatever this says.
    type: int
    default: 0
  metrics:
    description:
      - File that is replaced after each run by the mirror's status in the text format of Prometheus, or the directory of
        node_exporter's textfile collector, where it becomes C(maas_image_mirror_NAME.prom). O(owner) has to be able to write there.
    type: path
  hook:
    description:
      - Program, with its arguments, that is run as O(owner) after each run, whether it went well or not. It reads C(status.json) from its
        standard input, and E(MAAS_IMAGE_MIRROR_NAME), E(MAAS_IMAGE_MIRROR_PATH), E(MAAS_IMAGE_MIRROR_COMMAND),
        E(MAAS_IMAGE_MIRROR_OUTCOME) and E(MAAS_IMAGE_MIRROR_EXIT_CODE) from its environment. It has a minute.
      - Where it fails, that is a warning; the run is what it was.
    type: list
    elements: str
    default: []
"""
