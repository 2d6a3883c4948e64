# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recordings do not show: when the recorder looked while MAAS was still at work, and what lay before."""
from __future__ import annotations

from collections.abc import Callable

from .client import call
from .world import ADMIN, JOE, Maas

# (step, its how-many-th time) -> what is to be done first: points to hold, or to let go. In the background everything
# else has settled before each request.
Holds = dict[tuple[str, int], tuple[str, list[str]]]

_ALL: Holds = {
    # a selection right after its source was made: it has not been read yet
    ("source-create-keyring_data-multipart", 1): ("hold", ["cache"]),
    ("source-create-duplicate-url", 1): ("release", []),
    # is_importing right after an import was started: true, but in 3.8 not before the manifests have been read
    ("import-with-one-dead-source", 1): ("hold", ["cache"]),
    ("resources-after-import-with-dead-source", 1): ("release", []),
    ("import", 1): ("hold", ["cache"]),
    ("resources-read", 1): ("release", []),
    # the slow mirror: a stopped import takes a while to end
    ("stop_import-running", 1): ("hold", ["stop"]),
    ("resources-after-stop", 1): ("release", []),
}
_HOLDS: dict[str, Holds] = {
    # up to 3.4 others are deleted and the new images entered when the first file takes its time
    "3.4": {**_ALL, ("import-slow", 1): ("hold", ["files"])},
    # in 3.7 the metadata takes its time: the new images are entered, others not yet deleted
    "3.7": {**_ALL, ("import-slow", 1): ("hold", ["purge"])},
    # in 3.8 the recorder looked before an import had entered anything
    "3.8": {**_ALL, ("import-reimports-deleted", 1): ("hold", ["rows"]),
            ("stop_import-when-idle", 1): ("release", []),
            ("import-slow", 1): ("hold", ["rows"]),
            ("import-slow-to-the-end", 1): ("hold", ["rows"]),
            ("sources-list-empty", 1): ("release", [])},
}

# the second part of each recording begins here, in another installation that had been used before
PART_TWO = ("sources-list", 2)


def before(version: str, step: str, time: int, maas: Maas) -> None:
    """Do what has to be done before a request."""
    what = _HOLDS[version].get((step, time))
    if what:
        maas.settle()
        maas.lab(what[0], **({"points": what[1]} if what[1] else {}))
    if (version, step, time) == ("3.8", "notifications", 1):
        maas.lab("check")  # a few minutes had passed
    maas.settle()


def begin(version: str, maas: Maas) -> None:
    """A fresh MAAS has tried to import when it started, from a place that it can't reach."""
    maas.lab("import")
    maas.settle()


def begin_part_two(version: str, maas: Maas, mirror: Callable[[str], str]) -> None:
    """An installation that was used: events, notifications, one source. `mirror`: a recorded address's new one."""
    def api(method: str, path: str, **fields: str) -> object:
        given = call(maas.port, ADMIN, method, path, **fields)
        maas.settle()
        return given

    def made(url: str, keyring: str = "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg") -> str:
        return f"boot-sources/{api('POST', 'boot-sources/', url=mirror(url), keyring_filename=keyring)['id']}/"

    if version != "3.8":
        api("POST", "maas/?op=set_config", name="commissioning_distro_series", value="jammy")
    begin(version, maas)
    begin(version, maas)
    for one in api("GET", "notifications/"):
        if one["ident"] in ("dhcp_disabled_all_vlans", "Image manifest fetcher (boot source 1)") or (
                version == "3.8" and one["ident"].startswith("deprecation")):
            api("POST", f"notifications/{one['id']}/?op=dismiss")
    for one in call(maas.port, JOE, "GET", "notifications/"):
        if one["ident"] == "Image manifest fetcher (boot source 1)":
            call(maas.port, JOE, "POST", f"notifications/{one['id']}/?op=dismiss")
    if version == "3.8":
        api("DELETE", "boot-sources/1/")
        api("DELETE", made("http://mirror:8099/", "/nowhere.gpg"))
        api("DELETE", made("http://mirror:8099/gz/"))
        index, dead = made("http://mirror:8099/streams/v1/index.json"), made("http://mirror:8098/")
        api("DELETE", dead)
        assert index
    else:
        made("http://mirror:8099/streams/v1/index.json")
        api("DELETE", "boot-sources/1/")
