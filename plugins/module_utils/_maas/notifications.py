# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAAS' notifications about images, in its own words, safe to show. Pure but for `read`."""

from __future__ import annotations

import html
import re

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.words import scrub, shorten

# What tells why images are missing; that MAAS lacks the release it commissions with follows from that
_REASONS = ("Image importer", "Image manifest fetcher", "Sync selection")
_ABOUT_IMAGES = _REASONS + ("commissioning_series_",)


def read(client):
    """[(id, ident, words)] of what MAAS tells about sources and images now, reasons first."""
    found = [
        (one["id"], one["ident"], words(one["message"], client.secrets))
        for one in client.get("notifications/")
        if (one.get("ident") or "").startswith(_ABOUT_IMAGES)
    ]
    return sorted(found, key=lambda one: (not one[1].startswith(_REASONS), one[0]))


def texts(told):
    """The words alone."""
    return [text for _id, _ident, text in told]


def explanation(told, version, read=False):
    """All that MAAS says, and what it may be silent about where that explains nothing; `read`: it has read its sources."""
    parts = ["MAAS says: %s" % " / ".join(texts(told))] if told else []
    if not read and not any(ident.startswith(_REASONS) for _id, ident, _text in told):
        parts.append(silence(version))
    return " ".join(parts)


def words(message, secrets=()):
    """The text of a notification: no tags, no entities, no secrets, no passwords of URLs."""
    text = html.unescape(re.sub(r"</?[a-zA-Z][^>]*>", " ", message))
    return shorten(scrub(" ".join(text.split()), secrets))


def silence(version):
    """What to look at where MAAS says nothing."""
    if version.several_sources:
        return "MAAS has no notification of a cause; its regiond.log may tell one."
    return (
        "MAAS has no notification of a cause. Before 3.8 it is silent about a keyring that is wrong, armored, or not at "
        "keyring_filename on the region, and one such source keeps all from being read: check the keyrings of all sources."
    )
