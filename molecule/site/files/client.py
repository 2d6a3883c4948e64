# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of a mirror, which shares no line with the engine: ``client.py URL KEYRING RELEASE,… ARCH,…``.

It reads the signed index and products, takes what MAAS would take (the newest version of every product of the releases
and arches, the newest bootloaders), fetches each file and compares its size and hash. It follows no redirect: MAAS does not.
Prints a JSON object: newest version by product, number and bytes of the files, and what was wrong.
"""
from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Makes a redirect the error that it is to MAAS."""

    def redirect_request(self, *args, **kwargs):  # pylint: disable=unused-argument
        return None


web = urllib.request.build_opener(NoRedirect)


def fetch(url: str) -> bytes:
    """The body of a 200."""
    with web.open(url, timeout=20) as response:
        return response.read()


def signed(url: str, keyring: str) -> dict:
    """The document at url, if its signature is good."""
    with tempfile.TemporaryDirectory() as scratch:
        raw, plain = Path(scratch, "raw"), Path(scratch, "plain")
        raw.write_bytes(fetch(url))
        subprocess.run(["gpgv", "--quiet", "--keyring", keyring, "--output", str(plain), str(raw)],
                       check=True, capture_output=True)
        return json.loads(plain.read_bytes())


def wanted(product: dict, releases: list[str], arches: list[str]) -> bool:
    """Whether MAAS would take the product: a bootloader, or an image of the selection."""
    if "bootloader-type" in product:
        return True
    return product["os"] == "ubuntu" and product["release"] in releases and product["arch"] in arches


def read(base: str, keyring: str, releases: list[str], arches: list[str]) -> dict:
    """Read everything that is wanted at base."""
    versions, items, wrong = {}, {}, []
    index = signed(f"{base}streams/v1/index.sjson", keyring)
    for entry in index["index"].values():
        path = entry["path"]
        if path.endswith(".json"):  # the index names the unsigned twin; the signed one lies beside it
            path = path[:-len(".json")] + ".sjson"
        for name, product in signed(base + path, keyring)["products"].items():
            if wanted(product, releases, arches):
                newest = max(product["versions"])
                versions[name] = newest
                items.update({item["path"]: item for item in product["versions"][newest]["items"].values()})
    for path, item in sorted(items.items()):
        try:
            body = fetch(base + path)
        except urllib.error.HTTPError as error:
            wrong.append(f"{path}: HTTP {error.code}")
            continue
        if len(body) != item["size"] or hashlib.sha256(body).hexdigest() != item["sha256"]:
            wrong.append(f"{path}: other bytes than the metadata says")
    return {"versions": versions, "files": len(items), "bytes": sum(item["size"] for item in items.values()),
            "wrong": wrong}


if __name__ == "__main__":
    url, keyring_file, release_list, arch_list = sys.argv[1:]
    print(json.dumps(read(url, keyring_file, release_list.split(","), arch_list.split(","))))
