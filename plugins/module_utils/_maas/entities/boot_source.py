# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot source: what MAAS says it is, what it shall be, and what to send for that. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import keyring
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import same_source, without_password

PATH = "boot-sources/"
FIRST_ID = 1  # MAAS up to 3.7 never reads the source with this id again when it changes, until an import
SINCE_3_8 = ("name", "priority", "enabled", "skip_keyring_verification")


def path_of(number):
    """The API's path of the source with that id, or of `{name}` in a step."""
    return "%s%s/" % (PATH, number)


@dataclass(frozen=True)
class BootSource:
    """One source. `keyring` is the bytes of keyring_data; the last four are None where MAAS is older than 3.8."""

    url: str
    keyring_filename: str = ""
    keyring: bytes = b""
    name: Optional[str] = None
    priority: Optional[int] = None
    enabled: Optional[bool] = None
    skip_keyring_verification: Optional[bool] = None
    id: Optional[int] = None
    answer: Any = None


def from_api(answer):
    """The BootSource of an object that the API answered, of any version."""
    return BootSource(
        url=answer["url"],
        keyring_filename=answer.get("keyring_filename") or "",
        keyring=base64.b64decode(answer.get("keyring_data") or ""),
        id=answer["id"],
        answer=answer,
        **{name: answer.get(name) for name in SINCE_3_8},
    )


def stored_url(url, version):
    """`url` as that version keeps it: 3.8 cuts the final slash off, older ones keep what they are given."""
    return url.rstrip("/") if version.several_sources else url


def desired(wanted, present, others, version):
    """The BootSource that shall be.

    `wanted` is a dict of the options that were given (keyring already as bytes in `keyring`), `present` the source
    to change or None, `others` the rest of the server's sources. InputError where MAAS could never take it.
    """
    known = {name: wanted[name] for name in SINCE_3_8 if name in wanted} if version.several_sources else {}
    url = stored_url(wanted["url"], version)
    base = _new(url, others, version) if present is None else present
    if present is not None and same_source(present.url, url):
        url = present.url  # another spelling of the same place is no change
    target = replace(base, url=url, **known)
    if "keyring" in wanted:
        target = replace(target, keyring=wanted["keyring"], keyring_filename="")
    elif "keyring_filename" in wanted:
        target = replace(target, keyring=b"", keyring_filename=wanted["keyring_filename"])
    if not target.keyring and not target.keyring_filename and not target.skip_keyring_verification:
        raise InputError(
            "A boot source needs a keyring: give keyring_file, keyring_data, or keyring_filename (the path of one on "
            "the region)." + (" Without verification: skip_keyring_verification." if version.several_sources else "")
        )
    return target


def _new(url, others, version):
    if not version.several_sources:
        return BootSource(url)
    # What 3.8 fills in by itself, so that check mode can tell.
    return BootSource(
        url,
        name=url,
        priority=max([other.priority or 0 for other in others], default=0) + 1,
        enabled=True,
        skip_keyring_verification=url.endswith(".json"),
    )


def equal(one, other):
    """True if the two are the same to MAAS: no need to change the one into the other."""
    return same_source(one.url, other.url) and replace(one, url=other.url, id=other.id, answer=other.answer) == other


def needs_recreation(present, target):
    """True if no PUT leads there: MAAS can't go from keyring_data to keyring_filename (500 or 400, in all versions)."""
    return bool(present.keyring) and not target.keyring


def create_payload(target):
    """(fields, files) of the POST that makes `target`."""
    return _payload(target, target.keyring_filename)


def update_payload(present, target):
    """(fields, files) of the PUT that makes `target` of `present`.

    URL and keyring are always sent: MAAS answers 500 to any PUT on a source with keyring_data that lacks the file.
    """
    # From filename to data the filename must be sent empty, or MAAS sees two keyrings.
    clear = bool(target.keyring and present.keyring_filename)
    return _payload(target, "" if clear else target.keyring_filename, clear)


def _payload(target, filename, send_empty=False):
    fields = {"url": target.url}
    if filename or send_empty:
        fields["keyring_filename"] = filename
    for name in SINCE_3_8:
        if getattr(target, name) is not None:
            fields[name] = getattr(target, name)
    return fields, {"keyring_data": target.keyring} if target.keyring else {}


def shown(source):
    """The source for diffs: no ids and dates, which check mode can't know, no passwords, keys as their digest."""
    if source is None:
        return {}
    view = {
        "url": without_password(source.url),
        "keyring_filename": source.keyring_filename,
        "keyring_data": keyring.digest(source.keyring),
    }
    for name in SINCE_3_8:
        if getattr(source, name) is not None:
            view[name] = getattr(source, name)
    return view


def result(source):
    """The source for a module's return value: what the API answered, or in check mode what it would."""
    view = dict(source.answer or {})
    view.update(
        id=source.id,
        url=without_password(source.url),
        keyring_filename=source.keyring_filename,
        keyring_data=base64.b64encode(source.keyring).decode(),
        keyring_digest=keyring.digest(source.keyring),
    )
    for name in SINCE_3_8:
        if getattr(source, name) is not None:
            view[name] = getattr(source, name)
    return view
