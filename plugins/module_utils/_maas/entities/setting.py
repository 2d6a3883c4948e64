# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of MAAS that image imports depend on, and what a value of each may be. Pure.

MAAS itself takes any text for a boolean ("0" and "maybe" are true to it) and any text for a release.
"""

from __future__ import annotations

import re

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import check_source_url, without_password

PATH = "maas/"
BOOLEANS = ("enable_http_proxy", "boot_images_no_proxy", "boot_images_auto_import")
RELEASES = ("commissioning_distro_series", "default_distro_series")
_SECRET = re.compile("password|secret|_key")
NAMES = BOOLEANS + ("http_proxy",) + RELEASES + ("default_osystem",)


def check(name, value):
    """`value` as MAAS shall store it; InputError where MAAS would refuse it, or take it and break."""
    if name == "http_proxy":
        return check_source_url(value, name) if value else ""
    if name not in BOOLEANS and not re.match(r"[a-z0-9][a-z0-9.-]*$", value):
        raise InputError(
            "%s is %r. MAAS takes any text, and then finds no such image: give a name such as %s."
            % (name, value, "noble" if name in RELEASES else "ubuntu")
        )
    if name == "commissioning_distro_series" and not value.isalpha():
        raise InputError(
            "commissioning_distro_series is %r. MAAS takes any text, and then can't commission: give the code name of "
            "an Ubuntu release, such as noble for 24.04." % value
        )
    return value


def from_api(name, value):
    """The value of a setting as get_config answered it: an unset or emptied proxy is empty."""
    return "" if name == "http_proxy" and value is None else value


def shown(name, value):
    """The value for people."""
    if value and _SECRET.search(name):
        return "***"
    return without_password(value) if name == "http_proxy" and value else value


def differences(before, after):
    """(before, after) for a diff: as shown, and where they differ in a password alone they differ in words."""
    old = {name: shown(name, value) for name, value in before.items()}
    new = {name: shown(name, value) for name, value in after.items()}
    for name in new:
        if before.get(name) != after[name] and old.get(name) == new[name]:
            old[name] = "%s (with another password)" % old[name]
    return old, new
