# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAAS' version, and what depends on it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import NotMaasError

OLDEST = (2, 1)  # the first with boot sources as all later ones have them
SEVERAL_SOURCES = (3, 8)  # sources have name, priority, enabled, skip_keyring_verification, and fail one by one


@dataclass(frozen=True)
class Version:
    """`text` as the server says it ("3.8.0~beta6"), `numbers` to compare by: (3, 8)."""

    text: str
    numbers: tuple

    def __str__(self):
        return self.text

    @property
    def several_sources(self):
        """MAAS 3.8 and later: more than one source is usual, each with a name and a priority."""
        return self.numbers >= SEVERAL_SOURCES


def parse_version(text):
    """Version of what `version/` calls `version`; NotMaasError if that is none or one too old."""
    match = re.match(r"(\d+)\.(\d+)", str(text))
    if not match:
        raise NotMaasError("The server calls its version %r, which no MAAS does. Is api_url a MAAS?" % (text,))
    version = Version(str(text), (int(match.group(1)), int(match.group(2))))
    if version.numbers < OLDEST:
        raise NotMaasError("MAAS %s is too old: %d.%d is the oldest that can be used." % ((version,) + OLDEST))
    return version
