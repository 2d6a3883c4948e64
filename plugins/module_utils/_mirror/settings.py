# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of one mirror: a single table, which is the module's argument spec and the schema of the command's file."""

from __future__ import annotations

import difflib
import json
import os
import re
from types import SimpleNamespace
from urllib.parse import urlsplit

from .errors import SettingsError

# What MAAS boots machines with, of whatever architecture; upstream lists pxelinux under i386 as well as amd64.
BOOTLOADERS = ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]

DEFAULT_SELECTIONS = [
    {"os": ["ubuntu"], "releases": ["jammy", "noble"], "arches": ["amd64"]},
    {"os": BOOTLOADERS},
]

_STRINGS = {"type": "list", "elements": "str", "default": []}

SELECTION_OPTIONS = {
    "os": _STRINGS,
    "releases": _STRINGS,
    "arches": _STRINGS,
    "subarches": _STRINGS,
    "kflavors": _STRINGS,
    "labels": _STRINGS,
    "filters": _STRINGS,
    "max": {"type": "int", "default": 1},
}

NETWORK_OPTIONS = {
    "sources": {"type": "list", "elements": "str", "default": []},
    "parallel": {"type": "int", "default": 64},
    "connections": {"type": "int", "default": 32},
    "rate_limit": {"type": "str"},
    "connect_timeout": {"type": "int", "default": 30},
    "stall_timeout": {"type": "int", "default": 60},
    "retries": {"type": "int", "default": 5},
    "proxy": {"type": "str", "no_log": True},
    "no_proxy": {"type": "list", "elements": "str"},
    "ca_file": {"type": "path"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},  # a path
}

SOURCE_OPTIONS = {
    "source": {"type": "str", "required": True},
    "keyring": {"type": "path"},
    "verify_signature": {"type": "bool", "default": True},
    "selections": {"type": "list", "elements": "dict", "options": SELECTION_OPTIONS, "default": DEFAULT_SELECTIONS},
    "metadata_timeout": {"type": "int", "default": 300},
    **NETWORK_OPTIONS,
}

TREE_OPTIONS = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str"},
    "lock_timeout": {"type": "int", "default": 0},
    "metrics": {"type": "path"},
    "hook": {"type": "list", "elements": "str", "default": []},
}

MIRROR_OPTIONS = dict(
    SOURCE_OPTIONS,
    **TREE_OPTIONS,
    name={"type": "str"},
    keep_generations={"type": "int", "default": 2},
    prune_grace={"type": "int", "default": 86400},
    wipe_ratio={"type": "float", "default": 0.5},
    require_bootloaders={"type": "bool", "default": True},
    allow_downgrade={"type": "bool", "default": False},
    max_age={"type": "int", "default": 172800},
    verify={"type": "str", "choices": ["fast", "full"], "default": "fast"},
    verify_rate_limit={"type": "str"},
    index={"type": "str", "choices": ["upstream", "trimmed"], "default": "upstream"},
    signing_home={"type": "path", "default": "/var/lib/maas-image-mirror/gnupg"},
    siblings={"type": "list", "elements": "path", "default": []},
)

_KEYS_OF_FILTERS = {"os": "os", "releases": "release", "arches": "arch", "subarches": "subarch",
                    "kflavors": "kflavor", "labels": "label"}
_AT_LEAST = {"keep_generations": 1, "parallel": 1, "connections": 1, "connect_timeout": 1, "stall_timeout": 1,
             "metadata_timeout": 1, "lock_timeout": 0, "retries": 0, "prune_grace": 0, "max_age": 0, "wipe_ratio": 0}
_AT_MOST = {"parallel": 128, "connections": 128, "wipe_ratio": 1}
_FILTER = re.compile(r"[\w|-]+ *!?[=~]")


class Selection(SimpleNamespace):
    """A wanted part of a stream; several make a union."""

    def asked(self):
        """What was asked for by name: {product key: [values]}; a value of `*` asks for nothing in particular."""
        return {key: getattr(self, option) for option, key in _KEYS_OF_FILTERS.items()
                if getattr(self, option) and "*" not in getattr(self, option)}

    def expressions(self):
        """The selection in the filter language of simplestreams: whole values, all ANDed."""
        structured = ["%s~^(%s)$" % (key, "|".join(re.escape(value) for value in sorted(values)))
                      for key, values in self.asked().items()]
        return structured + self.filters


class Settings(SimpleNamespace):
    """The checked settings of a mirror (MIRROR_OPTIONS), of a source alone (SOURCE_OPTIONS) or a tree alone (TREE_OPTIONS)."""


def load(path):
    """The settings in a JSON file (the form: MIRROR_OPTIONS). SettingsError names what is wrong in it."""
    try:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
    except OSError as error:
        raise SettingsError("%s: %s" % (path, error.strerror)) from error
    except ValueError as error:
        raise SettingsError("%s is not JSON: %s" % (path, error)) from error
    if not isinstance(values, dict):
        raise SettingsError("%s holds no JSON object" % path)
    return checked(values, MIRROR_OPTIONS)


def checked(values, options):
    """Settings from a dict that Ansible or a file gave: defaults filled in, types and sense checked."""
    settings = Settings(**_filled(values, options, ""))
    for option, bound in _AT_LEAST.items():
        _bounded(settings, option, bound, _AT_MOST.get(option))
    if "source" in options:
        _check_source(settings)
    if "path" in options:
        settings.path = _directory(settings.path)
    if options is MIRROR_OPTIONS:
        settings.siblings = [path for path in map(_directory, settings.siblings) if path != settings.path]
        settings.name = settings.name or os.path.basename(settings.path)
        rate("verify_rate_limit", settings.verify_rate_limit)
    return settings


def rate(option, text):
    """The bytes a second of a setting such as 500K or 20M, in powers of 1024; 0, without a limit, where there is none."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text or "0")
    if not match:
        raise SettingsError("%s is %r" % (option, text), "It is bytes a second, as in 500K or 20M.")
    return int(match.group(1)) << {"": 0, "K": 10, "M": 20, "G": 30}[match.group(2)]


def _check_source(settings):
    settings.source = source_url(settings.source)
    settings.sources = [source_url(source, "sources") for source in settings.sources]
    settings.rate = rate("rate_limit", settings.rate_limit)
    _check_credentials(settings)
    settings.selections = [_selection(number, Selection(**selection))
                           for number, selection in enumerate(settings.selections, 1)]
    if not settings.selections:
        raise SettingsError("selections is empty", "Name at least one selection; without the option it is "
                                                   "Ubuntu jammy and noble for amd64, with the bootloaders.")
    if settings.verify_signature and not settings.keyring:
        raise SettingsError("keyring is missing", "Give the keyring that the stream is signed with, or verify_signature: "
                                                  "false for a source that is not signed.")


def _filled(values, options, where):
    for key in values:
        if key not in options:
            near = difflib.get_close_matches(key, options, 1)
            raise SettingsError("%s%s is not a setting" % (where, key),
                                "Did you mean %s?" % near[0] if near else "There are: %s." % ", ".join(sorted(options)))
    return {key: _value(where + key, values.get(key), option) for key, option in options.items()}


def _value(key, value, option):
    if value is None:
        if option.get("required"):
            raise SettingsError("%s is missing" % key)
        value = option.get("default")
    types = {"str": str, "path": str, "bool": bool, "int": int, "float": (int, float), "list": list, "dict": dict}
    wanted = types[option["type"]]
    if value is not None and (not isinstance(value, wanted) or isinstance(value, bool) is not (wanted is bool)):
        raise SettingsError("%s is %r" % (key, value), "It has to be of the type %s." % option["type"])
    if value is not None and value not in option.get("choices", [value]):
        raise SettingsError("%s is %r" % (key, value), "It is one of %s." % ", ".join(option["choices"]))
    if wanted is list and value is not None:
        if "options" not in option:
            return [_value("%s[%d]" % (key, number), element, {"type": option["elements"], "required": True})
                    for number, element in enumerate(value)]
        return [_filled(_value("%s[%d]" % (key, number), element, {"type": "dict", "required": True}),
                        option["options"], "%s[%d]." % (key, number)) for number, element in enumerate(value)]
    return value


def _bounded(settings, option, low, high):
    value = getattr(settings, option, low)
    if value < low or (high is not None and value > high):
        raise SettingsError("%s is %s" % (option, value), "It has to be at least %d%s." % (
            low, "" if high is None else " and at most %d" % high))


def _check_credentials(settings):
    if settings.password is not None and settings.username is None:
        raise SettingsError("password is given without username", "A private upstream asks for both.")
    if settings.username is not None and ":" in settings.username:
        raise SettingsError("username is %r" % settings.username, "HTTP has no way to send one with a colon in it.")
    if settings.client_key and not settings.client_cert:
        raise SettingsError("client_key is given without client_cert", "A certificate is what is shown; its key proves it.")


def source_url(source, option="source"):
    """A stream's URL as it is used: of its directory, with one slash at the end."""
    base = re.sub(r"streams/v1/index\.s?json$", "", source)
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or not _port(parts):
        raise SettingsError("%s %s %r" % (option, "is" if option == "source" else "has", source),
                            "It is the http or https URL of a stream's directory, the one that holds streams/v1, as in "
                            "https://images.maas.io/ephemeral-v3/stable/.")
    return base.rstrip("/") + "/"


def _port(parts):
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _directory(path):
    path = os.path.normpath(path)
    if not os.path.isabs(path) or path == "/":
        raise SettingsError("path is %r" % path, "It is the absolute path of a directory for this mirror alone.")
    return path


def _selection(number, selection):
    where = "selection %d" % number
    if selection.max < 1:
        raise SettingsError("%s: max is %d" % (where, selection.max), "It counts the versions to hold: at least 1.")
    if selection.filters and selection.asked():
        raise SettingsError("%s has filters beside %s" % (where, ", ".join(sorted(selection.asked()))),
                            "Use either the structured form or raw simplestreams filters; two selections make a union.")
    for expression in selection.filters:
        if not _FILTER.match(expression):
            raise SettingsError("%s: %r is not a filter" % (where, expression),
                                "A filter is KEY=VALUE, KEY!=VALUE, KEY~REGEX or KEY!~REGEX.")
        try:
            re.compile(re.split(r"[=~]", expression, maxsplit=1)[1])
        except re.error as error:
            raise SettingsError("%s: %r: %s" % (where, expression, error)) from error
    return selection
