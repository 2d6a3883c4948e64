# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of forms, as Django validates them."""
from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

URL_LENGTH = 200  # characters
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", re.IGNORECASE)
_TOP = re.compile(r"(?:[a-z-]{2,63}|xn--[a-z0-9-]{1,59})$", re.IGNORECASE)


def url(text: str) -> tuple[str, list[str]]:
    """The address as it is stored, and what is wrong with it."""
    text = text.strip()
    if not text:
        return text, ["This field is required."]
    if "://" not in text:
        text = f"http://{text}"  # what a browser's user would mean
    errors = [] if _is_url(text) else ["Enter a valid URL."]
    if len(text) > URL_LENGTH:
        errors.append(f"Ensure this value has at most {URL_LENGTH} characters (it has {len(text)}).")
    return text, errors


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        parts.port  # noqa: B018  pylint: disable=pointless-statement  # raises when it is not a number
    except ValueError:
        return False
    return (parts.scheme.lower() in ("http", "https", "ftp", "ftps") and not re.search(r"\s", text)
            and _is_host(host))


def _is_host(host: str) -> bool:
    """An address, `localhost`, or a name with a dot in it."""
    try:
        ipaddress.ip_address(host)
        return True
    except ValueError:
        pass
    labels = host.rstrip(".").split(".")
    named = len(labels) > 1 and all(_LABEL.match(label) for label in labels) and bool(_TOP.match(labels[-1]))
    return host.lower() == "localhost" or named


def setting_boolean(text: Any) -> bool:
    """A setting's truth: only "false" is false, so "0" and "no" are true."""
    return str(text).lower() != "false"


def boolean(text: Any) -> bool:
    """A check box's truth."""
    return str(text).strip().lower() not in ("false", "0", "", "off", "none")
