# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's own words, taken out of an answer and made safe to show. Pure."""

from __future__ import annotations

import html
import json
import re

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import without_password

_LONGEST = 600  # characters shown; MAAS' list of all settings is longer than anyone reads
_SHORTEST_SECRET = 6  # characters; shorter ones occur in plain text by chance
_URL = re.compile(r"https?://[^\s'\"<>]+")


def server_words(body, content_type=""):
    """What an answer's body (bytes) says: a form's errors as `field: message`, a page's title, or its text."""
    text = body.decode("utf-8", "replace").strip()
    errors = _form_errors(text)
    if errors:
        return errors
    if text[:1] == "<" or ("html" in content_type and "</" in text):
        text = _page_words(text)
    return shorten(" ".join(text.split()))


def _form_errors(text):
    try:
        value = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(value, dict):
        return ""
    sentences = []
    for field, messages in value.items():
        if field == "__all__":
            field = ""  # an error of the whole form, not of a field
        for message in messages if isinstance(messages, list) else [messages]:
            sentences.append("%s%s%s" % (field, ": " if field else "", message))
    return shorten("; ".join(sentences))


def _page_words(text):
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return html.unescape(title.group(1) if title else re.sub(r"<[^>]*>", " ", text))


def shorten(text, longest=_LONGEST):
    """`text`, cut after `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def scrub(text, secrets):
    """`text` without any of `secrets`, and without the password of any URL in it."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return _URL.sub(lambda match: without_password(match.group(0)), text)


def long_enough(secrets):
    """Those of `secrets` that can be blotted out of a text without spoiling it."""
    return [secret for secret in secrets if secret and len(secret) >= _SHORTEST_SECRET]
