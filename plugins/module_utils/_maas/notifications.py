# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAAS' notifications about images, in its own words, safe to show. Pure but for `read`."""

from __future__ import annotations

import html
import re

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.words import scrub, shorten

_ABOUT_IMAGES = re.compile(r"Image importer|Image manifest fetcher|Sync selection|commissioning_series_")


def read(client):
    """[(id, words)] of what MAAS tells about sources and images now."""
    return [
        (one["id"], words(one["message"], client.secrets))
        for one in client.get("notifications/")
        if _ABOUT_IMAGES.match(one.get("ident") or "")
    ]


def words(message, secrets=()):
    """The text of a notification: no tags, no entities, no secrets, no passwords of URLs."""
    text = html.unescape(re.sub(r"</?[a-zA-Z][^>]*>", " ", message))
    return shorten(scrub(" ".join(text.split()), secrets))


def silence(version):
    """What to look at where MAAS says nothing."""
    if version.several_sources:
        return "MAAS has no notification about it; its regiond.log may."
    return (
        "MAAS has no notification about it. Before 3.8 it is silent about a keyring that is wrong, armored, or not at "
        "keyring_filename on the region, and one such source keeps all from being read: check the keyrings of all sources."
    )
