# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with the metadata: whatever upstream or somebody between says, nothing but what is authentic and
newer is published, and no item is fetched before that is clear."""
from __future__ import annotations

import json
import re
import subprocess

import pytest
import scene
from faults import Content, Cut, Drop, Flip, Hook, Html, Pad, Redirect, Stall, Status
from scene import IMAGES, INDEX, LOADERS

CONTENT_ID = "com.ubuntu.maas:stable:v3:download"


@pytest.fixture(scope="session")
def stranger(stage):
    """A home directory of gpg with a key that is not in the keyring."""
    home = stage.scratch / "stranger"
    home.mkdir(mode=0o700)
    subprocess.run(["gpg", "--homedir", str(home), "--batch", "--passphrase", "", "--quick-gen-key", "stranger", "ed25519"],
                   check=True, capture_output=True)
    return home


def refused(lab, words, **more):
    """A sync ends with exit code 4 and these words, before any new item was asked for and with nothing published."""
    before = lab.published
    run = lab.sync(**more)
    assert run.code == 4, run.words
    assert re.search(words, run.words), run.words
    assert lab.published == before
    assert [request.path for request in lab.upstream.requests if request.path in lab.items(scene.THIRD)] == []


LASTING = {
    "404": (Status(404), "404"),
    "403": (Status(403), "403"),
    "500": (Status(500), "500"),
    "503": (Status(503), "503"),
    "html-200": (Html(), "not clearsigned"),
    "stall": (Stall(seconds=4), "timed out"),
    "dropped": (Drop(at=200), ""),
    "wrong-bytes": (Flip(at=400), "signature|BADSIG|BAD|not JSON"),
    "truncated": (Cut(by=300), ""),
    "empty": (Content(b""), ""),
    "redirect-to-a-page": (Redirect("/page"), "not clearsigned"),
}


@pytest.mark.parametrize("fault", LASTING)
def test_an_index_that_cannot_be_had(lab, fault):
    what, words = LASTING[fault]
    lab.upstream.fault(INDEX, what)
    lab.upstream.fault("page", Html())
    refused(lab, words, metadata_timeout=3)
    lab.heals()


@pytest.mark.parametrize("fault", ["404", "503", "html-200", "stall", "wrong-bytes", "truncated"])
def test_a_products_file_that_cannot_be_had(lab, fault):
    lab.upstream.fault(IMAGES, LASTING[fault][0])
    refused(lab, "", metadata_timeout=3)
    lab.heals()


@pytest.mark.parametrize("path", [INDEX, IMAGES], ids=["index", "products"])
def test_signed_by_an_unknown_key(lab, stranger, path):
    lab.forge(path, lambda content: None, home=stranger)
    refused(lab, "signature is not by a key of")


@pytest.mark.parametrize("path", [INDEX, IMAGES], ids=["index", "products"])
def test_other_bytes_than_were_signed(lab, path):
    signed = (lab.stage.states[scene.SECOND] / path).read_bytes()
    assert b" +0000" in signed
    lab.upstream.fault(path, Content(signed.replace(b" +0000", b" +0100")))
    refused(lab, "bytes are not those that were signed")


def test_a_source_that_names_the_unsigned_index_is_checked_all_the_same(lab, stranger):
    """sstream-mirror checks nothing where SOURCE ends in index.json, keyring or not."""
    source = lab.upstream.url + "streams/v1/index.json"
    good = lab.upstream.directory
    lab.forge(INDEX, lambda content: None, home=stranger)
    refused(lab, "signature is not by a key of", source=source)
    lab.upstream.directory = good
    assert lab.sync(source=source).code == 0
    assert lab.upstream.count("*/index.json") == 0
    assert lab.published == scene.SECOND


@pytest.mark.parametrize("path", [INDEX, IMAGES], ids=["index", "products"])
def test_unsigned_in_place_of_signed(lab, path):
    plain = json.dumps(scene.content(lab.stage.states[scene.SECOND] / path)).encode()
    lab.upstream.fault(path, Content(plain))
    refused(lab, "clearsigned" if path == INDEX else "")


@pytest.mark.parametrize("path", [INDEX, IMAGES], ids=["index", "products"])
@pytest.mark.parametrize("where", ["before", "after"])
def test_unsigned_text_beside_signed_one(lab, path, where):
    text = json.dumps({"format": "index:1.0", "index": {}, "updated": "Thu, 24 Jul 2045 08:01:49 +0000"}).encode()
    lab.upstream.fault(path, Content((lambda signed: text + b"\n" + signed) if where == "before" else
                                     (lambda signed: signed + b"\n" + text)))
    refused(lab, "clearsigned|goes on after its signature|SignatureMissing")


SWAPPED = {"unsigned": Content(b'{"format": "products:1.0", "products": {}}'), "html": Html(), "truncated": Cut(by=500),
           "wrong-bytes": Flip(at=700), "longer": Pad(by=10)}


@pytest.mark.parametrize("fault", SWAPPED)
@pytest.mark.parametrize("path", [INDEX, IMAGES], ids=["index", "products"])
def test_metadata_swapped_after_it_was_read(lab, path, fault):
    """It is read once, checked as it is, and published byte for byte: what upstream says later is of no account."""
    lab.upstream.fault(path, SWAPPED[fault], after=1)
    assert lab.sync().code == 0
    assert lab.published == scene.SECOND
    assert lab.upstream.count(path) == 1
    for name in (INDEX, IMAGES, LOADERS):
        assert (lab.mirror / name).read_bytes() == (lab.stage.states[scene.SECOND] / name).read_bytes()


def test_nothing_new_takes_four_requests_at_most(lab):
    assert lab.sync().code == 0
    lab.upstream.requests.clear()
    run = lab.sync()
    assert run.code == 0 and "unchanged" in run.words
    assert lab.upstream.count() <= 4


@pytest.mark.parametrize("entry", [{"format": "other:1.0"}, {"path": "streams/v1/products.json"}, {"path": 7}, {"path": "streams//x.sjson"}])
def test_an_index_that_names_what_would_not_be_checked(lab, entry):
    lab.forge(INDEX, lambda content: content["index"][CONTENT_ID].update(entry))
    refused(lab, "The index names")


def test_a_products_file_with_a_foreign_content_id(lab):
    lab.forge(IMAGES, lambda content: content.update(content_id="com.ubuntu.maas:candidate:v3:download"))
    refused(lab, "content_id")


def test_one_products_file_in_place_of_another(lab):
    other = (lab.stage.states[scene.SECOND] / LOADERS).read_bytes()
    lab.upstream.fault(IMAGES, Content(other))
    refused(lab, "content_id")


def test_a_replayed_stream(lab):
    assert lab.sync().code == 0
    lab.upstream.requests.clear()
    lab.upstream.directory = lab.stage.states[scene.FIRST]
    refused(lab, "older than the published")
    assert lab.sync(allow_downgrade=True).code == 0
    assert lab.published == scene.FIRST
    lab.upstream.directory = lab.stage.states[scene.THIRD]
    lab.heals(scene.THIRD)


@pytest.mark.parametrize("path", [IMAGES, LOADERS], ids=["images", "bootloaders"])
def test_a_replayed_products_file_below_a_new_index(lab, path):
    assert lab.sync().code == 0
    lab.upstream.requests.clear()
    lab.upstream.directory = lab.stage.states[scene.THIRD]
    lab.upstream.fault(path, Content((lab.stage.states[scene.FIRST] / path).read_bytes()))
    refused(lab, "older than the published")
    lab.heals(scene.THIRD)


def test_one_path_with_two_hashes(lab):
    def contradict(content):
        """The squashfs of jammy claims the path of noble's."""
        one, other = (next(name for name in content["products"] if f":{number}:amd64:" in name) for number in ("24.04", "22.04"))
        versions = content["products"][one]["versions"]
        newest = versions[max(versions)]["items"]
        foreign = content["products"][other]["versions"][max(versions)]["items"]
        newest["extra"] = dict(foreign["squashfs"], path=newest["squashfs"]["path"])

    lab.forge(IMAGES, contradict)
    refused(lab, "two contents")


def test_a_path_that_changes_its_content(lab):
    def change(content):
        """A published item gets another hash."""
        for product in content["products"].values():
            for version in product["versions"].values():
                for item in version["items"].values():
                    if item["path"] in published:
                        item["sha256"] = "0" * 64

    published = {path for path in lab.items(scene.FIRST) if path in lab.items(scene.SECOND)}
    lab.forge(LOADERS, change)
    refused(lab, "was published with sha256")


@pytest.mark.parametrize("path", ["../outside", "noble/../../outside", "/tmp/outside", "streams/v1/index.sjson", ".mirror/lock",
                                  "noble/.hidden"])
def test_an_item_with_a_path_that_is_none(lab, path):
    def climb(content):
        """The newest squashfs of noble gets the path."""
        for name, product in content["products"].items():
            if ":24.04:amd64:" in name:
                product["versions"][max(product["versions"])]["items"]["squashfs"]["path"] = path

    lab.forge(IMAGES, climb)
    refused(lab, re.escape(path))


@pytest.mark.parametrize("path", ["../outside.sjson", "streams/../../../outside.sjson", "/streams/v1/outside.sjson",
                                  "noble/products.sjson"])
def test_an_index_that_names_products_elsewhere(lab, path):
    forged = lab.forge(INDEX, lambda content: content["index"][CONTENT_ID].update(path=path))
    for place in (path.lstrip("./"), path.split("/")[-1], "noble/products.sjson"):
        scene.replace(forged / place, (forged / IMAGES).read_bytes())
    before = everything(lab)
    refused(lab, "")
    assert everything(lab) == before


def everything(lab):
    """All files but the mirror's private ones and what a run always writes."""
    return {file for file in lab.scratch.rglob("*")
            if lab.mirror / ".mirror" not in file.parents and file.name not in ("settings.json", "status.json")}


def test_upstream_publishes_between_two_metadata_files(lab):
    """The index is of one state and the products of the next: authentic and complete, or refused; then all of the next."""
    lab.watcher.mixed = True
    lab.upstream.fault(IMAGES, Hook(lambda: setattr(lab.upstream, "directory", lab.stage.states[scene.THIRD])), times=1)
    assert lab.sync().code in (0, 4)
    lab.heals(scene.THIRD)
    lab.watcher.mixed = False
