# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports of the stand-in of MAAS: real metadata, real downloads, and each version's way with what is bad."""
from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.imagemirror.maas.tests.lab import stream
from ansible_collections.imagemirror.maas.tests.lab.faults import Flip, Html, Redirect, Status, Upstream

from .client import call, oauth, send
from .world import ADMIN, OFFER, Maas, Mirror

ALL = pytest.mark.parametrize("version", ["3.4", "3.7", "3.8"])
SQUASHFS = "noble/amd64/*/squashfs"


@pytest.fixture(name="upstream")
def fixture_upstream(mirror: Mirror) -> Iterator[Upstream]:
    """The mirror, with faults on command."""
    with Upstream(mirror.root) as made:
        yield made


class Site:
    """A MAAS that has the upstream for its one source and wants noble amd64."""

    def __init__(self, maas: Maas, upstream: Upstream, keyring: bytes) -> None:
        self.maas, self.upstream, self.keyring = maas, upstream, keyring
        self.source = self.add(upstream.url)
        self.api("DELETE", "boot-sources/1/")
        maas.settle()
        upstream.requests.clear()

    def api(self, method: str, path: str, **fields: Any) -> Any:
        return call(self.maas.port, ADMIN, method, path, **fields)

    def add(self, url: str, **fields: Any) -> int:
        source = self.api("POST", "boot-sources/", **({"url": url, "keyring_data": self.keyring} | fields))
        self.maas.settle()
        return source["id"]

    def select(self, source: int, release: str = "noble", arches: str = "amd64") -> dict[str, Any]:
        return self.api("POST", f"boot-sources/{source}/selections/", os="ubuntu", release=release, arches=arches,
                        subarches="*", labels="*")

    def start(self) -> None:
        self.api("POST", "boot-resources/?op=import")

    def imported(self) -> dict[str, dict[str, Any]]:
        """Import to the end; what is there by name and architecture."""
        self.start()
        self.maas.settle()
        assert self.api("GET", "boot-resources/?op=is_importing") is False
        return self.images()

    def images(self) -> dict[str, dict[str, Any]]:
        return {f"{one['name']} {one['architecture']}": self.api("GET", f"boot-resources/{one['id']}/")
                for one in self.api("GET", "boot-resources/")}

    def notes(self) -> dict[str, str]:
        return {one["ident"]: one["message"] for one in self.api("GET", "notifications/")}


@pytest.fixture(name="site")
def fixture_site(mirror: Mirror, upstream: Upstream) -> Iterator[Callable[..., Site]]:
    """Makes a Site of a version; with `own`, its upstream is a stream of its own, made there, that may publish."""
    made: list[Maas] = []

    def make(version: str, own: Path | None = None, **options: Any) -> Site:
        made.append(Maas(version, mirror, **options))
        if own is None:
            return Site(made[-1], upstream, mirror.keyrings["mirror.gpg"])
        upstream.directory = stream.make(own, OFFER)
        return Site(made[-1], upstream, stream.keyring(own).read_bytes())
    yield make
    for maas in made:
        maas.__exit__()


def until(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Wait for the background."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def complete(images: dict[str, dict[str, Any]], name: str) -> list[bool]:
    return [one["complete"] for one in images[name]["sets"].values()]


@ALL
def test_an_import_downloads_the_selected_files_and_the_bootloaders_once(
        site: Callable[..., Site], version: str) -> None:
    here = site(version)
    here.select(here.source)
    images = here.imported()
    assert sorted(images) == [
        "grub-efi-signed/uefi amd64/generic", "grub-efi/uefi arm64/generic",
        "grub-ieee1275/open-firmware ppc64el/generic", "pxelinux/pxe i386/generic",
        "ubuntu/noble amd64/ga-24.04", "ubuntu/noble amd64/hwe-24.04"]
    assert all(complete(images, name) == [True] for name in images)
    assert here.upstream.count(SQUASHFS) == 1  # two kernels share it
    assert here.upstream.count("noble/arm64/*") == here.upstream.count("jammy/*") == 0
    assert here.upstream.count("*manifest") == 0
    files = here.upstream.count("*/*") - here.upstream.count("*streams/*")
    here.imported()
    assert here.upstream.count("*/*") - here.upstream.count("*streams/*") == files == 11
    state = here.maas.lab("state")
    assert state["downloads"] == len(state["stored"]) == files


@ALL
def test_only_the_newest_version_is_taken_and_replaces_the_older_one(
        site: Callable[..., Site], tmp_path: Path, version: str) -> None:
    here = site(version, own=tmp_path)
    here.select(here.source)
    before = list(here.imported()["ubuntu/noble amd64/ga-24.04"]["sets"])
    stream.publish(tmp_path)
    after = list(here.imported()["ubuntu/noble amd64/ga-24.04"]["sets"])
    assert len(before) == len(after) == 1
    assert after > before


def test_while_a_new_version_comes_both_are_shown(site: Callable[..., Site], tmp_path: Path) -> None:
    here = site("3.7", own=tmp_path)
    here.select(here.source)
    here.imported()
    stream.publish(tmp_path)
    here.maas.lab("hold", points=["files"])
    here.start()
    here.maas.settle()
    assert complete(here.images(), "ubuntu/noble amd64/ga-24.04") == [True, False]


@ALL
@pytest.mark.parametrize("fault", [Status(404), Redirect("/elsewhere"), Flip()], ids=["404", "redirect", "flip"])
def test_a_bad_file(site: Callable[..., Site], version: str, fault: Any) -> None:
    """3.4 forgets the image, 3.7 tries on, 3.8 ends and tells, but tries on when the bytes are wrong."""
    here = site(version)
    selection = here.select(here.source)["id"]
    here.upstream.fault(SQUASHFS, fault)
    if version == "3.4":
        assert "ubuntu/noble amd64/ga-24.04" not in here.imported()
    elif version == "3.8" and not isinstance(fault, Flip):
        images = here.imported()
        assert complete(images, "ubuntu/noble amd64/ga-24.04") == [False]
        assert here.notes()[f"Sync selection {selection}"].startswith(
            f"Failed to synchronize selection {selection}: HTTPStatusError ")
    else:
        here.start()
        until(lambda: here.upstream.count(SQUASHFS) > 2)
        assert here.api("GET", "boot-resources/?op=is_importing") is True
        assert complete(here.images(), "ubuntu/noble amd64/ga-24.04") == [False]
        here.upstream.heal()
        here.maas.settle()
        assert complete(here.images(), "ubuntu/noble amd64/ga-24.04") == [True]


def test_a_bad_file_is_given_up_in_the_end(site: Callable[..., Site]) -> None:
    here = site("3.7", give_up=0.1)
    here.select(here.source)
    here.upstream.fault(SQUASHFS, Status(503))
    assert complete(here.imported(), "ubuntu/noble amd64/ga-24.04") == [False]


@pytest.mark.parametrize(("version", "follows"), [("3.4", True), ("3.7", False), ("3.8", False)])
def test_redirects_of_files_are_followed_up_to_3_4_and_of_metadata_always(
        site: Callable[..., Site], mirror: Mirror, version: str, follows: bool) -> None:
    here = site(version, give_up=0.1)
    here.select(here.source)
    squashfs = str(next(mirror.root.glob("noble/amd64/*/squashfs")).relative_to(mirror.root))
    with Upstream(mirror.root) as elsewhere:
        for path in (squashfs, "streams/v1/index.sjson"):
            here.upstream.fault(path, Redirect(elsewhere.url + path))
        images = here.imported()
        assert elsewhere.count("streams/v1/index.sjson") > 0
        assert elsewhere.count(squashfs) == follows
    assert complete(images, "ubuntu/noble amd64/ga-24.04") == [follows]


@pytest.mark.parametrize("version", ["3.4", "3.7"])
def test_up_to_3_7_one_dead_source_spoils_the_import(site: Callable[..., Site], mirror: Mirror, version: str) -> None:
    here = site(version)
    here.select(here.source)
    dead = here.add(f"http://127.0.0.1:{mirror.dead}/")
    assert here.imported() == {}
    assert here.notes()["Image importer"].startswith(
        f"Failed to import images from http://127.0.0.1:{mirror.dead}/: HTTPConnectionPool(host=&#x27;127.0.0.1&#x27;")
    here.api("DELETE", f"boot-sources/{dead}/")
    assert len(here.imported()) == 6
    assert "Image importer" not in here.notes()


def test_in_3_8_it_does_not(site: Callable[..., Site], mirror: Mirror) -> None:
    here = site("3.8")
    here.select(here.source)
    dead = here.add(f"http://127.0.0.1:{mirror.dead}/")
    assert len(here.imported()) == 6
    assert f"Image manifest fetcher (boot source {dead})" in here.notes()


@pytest.mark.parametrize(("version", "blocked"), [("3.4", True), ("3.7", True), ("3.8", False)])
@pytest.mark.parametrize("keyring", ["missing", "wrong", "armored"])
def test_a_bad_keyring_blocks_all_sources_up_to_3_7_in_silence(
        site: Callable[..., Site], mirror: Mirror, version: str, blocked: bool, keyring: str) -> None:
    here = site(version)
    before = set(here.notes())
    bad: dict[str, Any] = {"keyring_data": mirror.keyrings["other.gpg" if keyring == "wrong" else "mirror.asc"]}
    if keyring == "missing":
        bad = {"keyring_filename": "/nowhere.gpg"}
    source = call(here.maas.port, ADMIN, "POST", "boot-sources/", url=here.upstream.url + "./", **bad)["id"]
    here.maas.settle()
    good = here.add(here.upstream.url + "././")
    answer = send(here.maas.port, "POST", f"/MAAS/api/2.0/boot-sources/{good}/selections/",
                  b"os=ubuntu&release=noble&arches=amd64&subarches=*&labels=*", {"Authorization": oauth(ADMIN)})
    assert answer.status == (400 if blocked else 200)
    told = set(here.notes()) - before - {"commissioning_series_unselected"}
    assert told == (set() if blocked else {f"Image manifest fetcher (boot source {source})"})
    here.api("DELETE", f"boot-sources/{source}/")
    here.maas.settle()
    if blocked:
        here.select(good)


@pytest.mark.parametrize(("fault", "words"), [
    (Status(404), "Unable to open {url}streams/v1/index.sjson. mirrors=[]"),
    (Html(), "(No signature found!). Verify network connectivity and try again."),
    (Status(500), "(No signature found!). Verify network connectivity and try again.")], ids=["404", "html", "500"])
def test_what_is_told_of_a_bad_index(site: Callable[..., Site], fault: Any, words: str) -> None:
    here = site("3.7")
    here.upstream.fault("*streams/v1/index.sjson", fault)
    here.add(here.upstream.url + "./")
    assert words.format(url=f"{here.upstream.url}./") in here.notes()["Image importer"]


def test_a_tampered_list_is_not_taken(site: Callable[..., Site]) -> None:
    here = site("3.8")
    here.upstream.fault("*streams/v1/com.ubuntu.maas:stable:v3:download.sjson", Flip(at=300))
    source = here.add(here.upstream.url + "./")
    assert f"Image manifest fetcher (boot source {source})" in here.notes()


@ALL
def test_a_url_that_ends_in_json_is_read_unsigned(site: Callable[..., Site], mirror: Mirror, version: str) -> None:
    here = site(version)
    source = here.add(here.upstream.url + "streams/v1/index.json", keyring_data=mirror.keyrings["other.gpg"])
    assert here.select(source)["release"] == "noble"


@pytest.mark.parametrize(("version", "read"), [("3.4", False), ("3.7", False), ("3.8", True)])
def test_up_to_3_7_the_first_source_is_not_read_again_until_an_import(
        mirror: Mirror, upstream: Upstream, version: str, read: bool) -> None:
    with Maas(version, mirror) as maas:
        call(maas.port, ADMIN, "PUT", "boot-sources/1/", url=upstream.url, keyring_filename="/srv/maas/mirror.gpg")
        maas.settle()
        assert bool(upstream.count("streams/*")) is read
        call(maas.port, ADMIN, "POST", "boot-resources/?op=import")
        maas.settle()
        assert upstream.count("streams/*")


@ALL
def test_a_fresh_source_has_nothing_until_it_was_read(mirror: Mirror, upstream: Upstream, version: str) -> None:
    with Maas(version, mirror) as maas:
        maas.lab("hold", points=["cache"])
        source = call(maas.port, ADMIN, "POST", "boot-sources/", url=upstream.url,
                      keyring_filename="/srv/maas/mirror.gpg")["id"]
        asked = f"/MAAS/api/2.0/boot-sources/{source}/selections/", b"os=ubuntu&release=jammy&arches=*"
        answer = send(maas.port, "POST", *asked, {"Authorization": oauth(ADMIN)})
        assert (answer.status, "no available images" in answer.body) == (400, True)
        maas.lab("release")
        maas.settle()
        assert send(maas.port, "POST", *asked, {"Authorization": oauth(ADMIN)}).status == 200


def test_an_image_that_left_its_stream_stays_while_it_is_selected(
        site: Callable[..., Site], tmp_path: Path) -> None:
    here = site("3.7", own=tmp_path)
    selection = here.select(here.source, "jammy")["id"]
    here.imported()
    stream.make(tmp_path, dataclasses.replace(OFFER, releases=("noble",)))
    assert "ubuntu/jammy amd64/ga-22.04" in here.imported()
    events = here.api("GET", "events/?op=query&level=WARNING")["events"]
    assert any("no longer exists in stream, but remains in selections" in one["description"] for one in events)
    here.api("POST", "maas/?op=set_config", name="commissioning_distro_series", value="noble")
    here.api("DELETE", f"boot-sources/{here.source}/selections/{selection}/")
    assert "ubuntu/jammy amd64/ga-22.04" not in here.imported()


def test_sources_are_read_through_the_proxy_unless_told_otherwise(site: Callable[..., Site], mirror: Mirror) -> None:
    here = site("3.7")
    here.api("POST", "maas/?op=set_config", name="http_proxy", value=f"http://127.0.0.1:{mirror.dead}/")
    source = here.add("http://mirror.example.com/")
    assert "Connection refused" in here.notes()["Image importer"]
    here.api("POST", "maas/?op=set_config", name="boot_images_no_proxy", value="true")
    here.api("PUT", f"boot-sources/{source}/", url="http://mirror.example.com/", keyring_data=here.keyring)
    here.maas.settle()
    assert "Name or service not known" in here.notes()["Image importer"]
