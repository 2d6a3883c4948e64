# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes ``ansible_collections.imagemirror.maas`` importable wherever the tree lies."""
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ansible.utils.collection_loader import _collection_finder as loader

TREE = Path(__file__).resolve().parents[1]
_made: list[tempfile.TemporaryDirectory] = []  # kept to the end of the process, which removes them


def collections_path() -> str:
    """A directory that has the tree at ansible_collections/imagemirror/maas: the one around it, or one made of links."""
    if TREE.parts[-3:] == ("ansible_collections", "imagemirror", "maas"):
        return str(TREE.parents[2])
    _made.append(tempfile.TemporaryDirectory(prefix="collections-"))
    namespace = Path(_made[-1].name, "ansible_collections", "imagemirror")
    namespace.mkdir(parents=True)
    namespace.joinpath("maas").symlink_to(TREE)
    return _made[-1].name


# ansible-test has put its own finder there already
if not any(isinstance(finder, loader._AnsibleCollectionFinder) for finder in sys.meta_path):
    loader._AnsibleCollectionFinder(paths=[collections_path()])._install()
