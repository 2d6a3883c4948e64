# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of MAAS and of sources: how they are completed, compared, checked and shown. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError

API_PATH = "/MAAS/api/2.0/"
LONGEST = 200  # characters; MAAS' column
_DEFAULT_PORTS = {"http": 80, "https": 443}


def api_root(api_url):
    """`http://region:5240/MAAS/api/2.0/` of any of the ways in which people write it.

    With or without /MAAS, /MAAS/api/2.0 and slashes; a path before /MAAS (a reverse proxy's) is kept.
    """
    parts = _split(api_url, "api_url")
    if parts.username is not None:
        raise InputError("api_url must not hold a user or password: MAAS logs in by api_key alone.")
    path = parts.path.rstrip("/")
    for ending in ("/api/2.0", "/MAAS"):
        if path.endswith(ending):
            path = path[: -len(ending)]
    return urlunsplit((parts.scheme, parts.netloc, path + API_PATH, "", ""))


def same_source(one, other):
    """True if two source URLs mean one place: case of scheme and host, default port, final slashes do not count.

    MAAS 3.8 strips the final slash and older ones keep what they are given.
    """
    return _comparable(one) == _comparable(other)


def same_source_any_scheme(one, other):
    """same_source, with http and https taken for one: upstream is written in both ways."""
    return _comparable(one)[1:] == _comparable(other)[1:]


def _comparable(url):
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return (url,)  # what a server stores is not for us to judge; it equals itself
    scheme = parts.scheme.lower()
    if port == _DEFAULT_PORTS.get(scheme):
        port = None
    user = parts.netloc.rpartition("@")[0]
    return scheme, user, (parts.hostname or ""), port, parts.path.rstrip("/"), parts.query


def check_source_url(url, option="url"):
    """`url`, if MAAS would take it as a source's; InputError with what to write instead, otherwise."""
    parts = _split(url, option)
    host = parts.hostname
    if "." not in host and host != "localhost" and not _is_address(host):
        raise InputError(
            '%s is %s, but MAAS refuses the host %r because it has no dot ("Enter a valid URL."). '
            "Use its full name, such as %s.example.com, or its address." % (option, without_password(url), host, host)
        )
    if len(url) > LONGEST:
        raise InputError("%s has %d characters; MAAS takes at most %d." % (option, len(url), LONGEST))
    return url


def without_password(url):
    """`url` with the password, if it has one, replaced by ***."""
    if password_of(url) is None:
        return url
    netloc = urlsplit(url).netloc
    user_info, at, host = netloc.rpartition("@")
    return url.replace(netloc, "%s:***%s%s" % (user_info.partition(":")[0], at, host), 1)


def password_of(url):
    """The password in `url` as it is written there, or None."""
    try:
        return urlsplit(url or "").password
    except ValueError:
        return None


def _split(url, option):
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or any(char.isspace() for char in url):
        raise InputError(
            "%s is %r: it must be a URL such as http://HOST/PATH (http or https)." % (option, without_password(url))
        )
    return parts


def _is_address(host):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
