# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies that MAAS reads: repeated form fields, and multipart where there is a file. Pure."""

from __future__ import annotations

from urllib.parse import urlencode


def flat(fields):
    """[(name, text)] of a dict: a list becomes one pair per value, as MAAS never splits at commas."""
    pairs = []
    for name, value in fields.items():
        for single in value if isinstance(value, (list, tuple)) else [value]:
            pairs.append((name, _text(single)))
    return pairs


def _text(value):
    # MAAS takes any text but "false" for true: never send Python's own spelling.
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def encode(fields, files, boundary):
    """(content type, body bytes) of `fields` (dict) and `files` (dict of name: bytes; may be empty).

    `boundary` must not occur in any of the values (a random one does not) and be letters and digits alone.
    """
    if not files:
        return "application/x-www-form-urlencoded", urlencode(flat(fields)).encode()
    lines = []
    for name, text in flat(fields):
        lines += [_part(boundary, 'name="%s"' % name), text.encode()]
    for name, data in files.items():
        disposition = 'name="%s"; filename="%s"' % (name, name)
        lines += [_part(boundary, disposition, "Content-Type: application/octet-stream\r\n"), data]
    lines += [("--%s--\r\n" % boundary).encode()]
    return "multipart/form-data; boundary=" + boundary, b"\r\n".join(lines)


def _part(boundary, disposition, more=""):
    # The join puts the line end that closes the header block's blank line.
    return ("--%s\r\nContent-Disposition: form-data; %s\r\n%s" % (boundary, disposition, more)).encode()
