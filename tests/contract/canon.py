# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a recorded answer and a new one comparable: what can't be the same is replaced by what can be said of it."""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from .client import Got
from .world import Mirror

_KINDS = (("boot-sources", "source"), ("boot-resources", "resource"), ("notifications", "notification"),
          ("events", "event"))
_URI = re.compile(r"^(/MAAS/api/2\.0/)(boot-sources|boot-resources|notifications)/(\d+)/(?:selections/(\d+)/)?$")


class Ids:
    """Which recorded id is which new one, by kind. Each stays what it was when it was first seen."""

    def __init__(self) -> None:
        self._new: dict[tuple[str, str], str] = {}

    def learn(self, kind: str, recorded: object, new: object) -> None:
        """They came at the same place; a contradiction shows when the two are compared."""
        if (kind, str(recorded)) not in self._new and (kind, str(new)) not in {
                (known, value) for (known, _old), value in self._new.items()}:
            self._new[kind, str(recorded)] = str(new)

    def new(self, kind: str, recorded: object) -> str:
        """The new id of a recorded one; itself where it never was answered."""
        return self._new.get((kind, str(recorded)), str(recorded))

    def path(self, path: str) -> str:
        """A recorded path with the new ids."""
        def swap(match: re.Match[str]) -> str:
            kind = dict(_KINDS)[match.group(1)]
            number = self.new(kind, match.group(2)) if match.group(2).isdigit() else match.group(2)
            rest = match.group(3) or ""
            if rest.rstrip("/").isdigit():
                rest = self.new("selection", rest.rstrip("/")) + "/"
            middle = "/selections/" if match.group(3) is not None else "/"
            return f"{match.group(1)}/{number}{middle}{rest}"
        return re.sub(r"\b(boot-sources|boot-resources)/([^/?]+)/(?:selections/([^?]*))?", swap, path)


def kind_of(path: str) -> str:
    """What the objects below a path are."""
    if "/selections" in path:
        return "selection"
    return next((kind for part, kind in _KINDS if f"/{part}/" in path), "")


class Canon:
    """Replaces what differs for good reasons."""

    def __init__(self, mirror: Mirror, port: int, recorded_keyrings: Mapping[str, bytes]) -> None:
        self._mirror = mirror
        self._addresses = {f"127.0.0.1:{mirror.port}": "mirror:8099", f"127.0.0.1:{mirror.dead}": "mirror:8098",
                           f"127.0.0.1:{mirror.gone}": "mirror:8097", f"127.0.0.1:{port}": "region:5240",
                           "http://HOST/": "http://region:5240/", f"port={mirror.dead})": "port=8098)",
                           f"127.0.0.1%3A{port}": "region%3A5240"}
        self._keyrings = {base64.b64encode(content).decode(): f"@{name}"
                          for several in (recorded_keyrings, mirror.keyrings) for name, content in several.items()}

    def request(self, text: str) -> str:
        """Recorded text with this machine's addresses."""
        for port, name in ((self._mirror.port, 8099), (self._mirror.dead, 8098), (self._mirror.gone, 8097)):
            text = text.replace(f"mirror:{name}", f"127.0.0.1:{port}")
        return text

    def got(self, got: Got) -> Any:
        """A new body as the recordings hold one."""
        text = got.body
        for address, name in self._addresses.items():
            text = text.replace(address, name)
        if "json" in got.headers.get("content-type", "") and text:
            return json.loads(text)
        return text

    def value(self, data: Any, kind: str, ids: Ids | None = None) -> Any:
        """A body without what must differ. `ids` turns a recorded body's ids into new ones."""
        if isinstance(data, str) and "<html" in data[:100]:
            title = re.search(r"<title>([^<]*)</title>", data)
            return f"page: {title.group(1) if title else None}"  # the rest is for people
        return self._walk(data, kind, ids)

    def _walk(self, data: Any, kind: str, ids: Ids | None) -> Any:
        if isinstance(data, dict):
            return {name: self._field(name, value, kind, ids, data) for name, value in data.items()}
        if isinstance(data, list):
            walked = [self._walk(value, kind, ids) for value in data]
            if kind in ("resource", "notification") and all(isinstance(one, dict) for one in walked):
                walked.sort(key=lambda one: json.dumps(one, sort_keys=True))
            return walked
        return self._text(data) if isinstance(data, str) else data

    def _field(self, name: str, value: Any, kind: str, ids: Ids | None, whole: dict[str, Any]) -> Any:
        def new(of: str, number: object) -> str:
            return ids.new(of, number) if ids else str(number)

        if name == "id":
            return new(kind, value)
        if name == "boot_source_id":
            return new("source", value)
        if name == "resource_uri":
            match = _URI.match(value)
            if match is None:
                return value
            outer = new(dict(_KINDS)[match.group(2)], match.group(3))
            return [match.group(1), match.group(2), outer, match.group(4) and new("selection", match.group(4))]
        if name in ("next_uri", "prev_uri") and value:
            return re.sub(r"(?<=before=|.after=)\d+", lambda found: new("event", found.group(0)), value)
        if name == "ident":
            return re.sub(r"(?<=boot source )\d+", lambda found: new("source", found.group(0)), value)
        if name == "sets":
            return [self._walk(one, kind, ids) for one in value.values()]
        if name in ("created", "updated"):
            return re.sub(r"[A-Z][a-z]{2}", "Aaa", re.sub(r"\d", "0", value))
        if name == "sha256":
            return len(value)
        if name == "filename_on_disk":
            return whole["sha256"].index(value) or len(value)
        if name == "size":
            parts = sum(one["size"] for one in whole["files"].values()) if "files" in whole else value
            return value > 0 and value == parts
        if name == "version" and "sets" not in whole and "files" in whole:
            return value.isdigit()
        if name == "subarches" and isinstance(value, str):
            return value.split(",")[0], value.split(",")[-1]  # what lies between grew with upstream
        if name == "keyring_data":
            return self._keyrings.get(value, value) if isinstance(value, str) else value
        if name in ("node", "hostname"):
            return bool(value)
        return self._walk(value, kind, ids)

    @staticmethod
    def _text(text: str) -> str:
        for pattern, instead in ((r"0x[0-9a-f]+", "0x"), (r"(?<=already used: )\d+", "N"),
                                 (r"given \d+ and now \d+", "given N and now N"), (r"(nonce|timestamp)%3D\d+", r"\1"),
                                 (r"region%3A\d+", "region"), (r"(?<=boot-sources/)\d+(?=/selections\.)", "N")):
            text = re.sub(pattern, instead, text)
        return text


def learn(ids: Ids, kind: str, recorded: Any, new: Any) -> None:
    """Note which ids of two bodies belong together."""
    if isinstance(recorded, list) and isinstance(new, list):
        def order(one: dict[str, Any]) -> tuple[Any, ...]:
            words = re.sub("0x[0-9a-f]+", "", one.get("message", "")).replace(one.get("ident", ""), "")
            return words, *(one.get(name, "") for name in ("name", "architecture", "os", "release")), one["id"]
        if all(isinstance(one, dict) and "id" in one for one in (*recorded, *new)) and len(recorded) == len(new):
            for left, right in zip(sorted(recorded, key=order), sorted(new, key=order)):
                learn(ids, kind, left, right)
    elif isinstance(recorded, dict) and isinstance(new, dict):
        if "events" in recorded:
            learn(ids, "event", recorded["events"], new.get("events"))
        if "id" in recorded and "id" in new:
            ids.learn(kind, recorded["id"], new["id"])
        idents = [re.search(r"boot source (\d+)", one.get("ident", "")) for one in (recorded, new)]
        if all(idents):
            ids.learn("source", *(one.group(1) for one in idents))
