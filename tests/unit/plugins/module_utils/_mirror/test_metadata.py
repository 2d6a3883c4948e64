# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import metadata
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import UpstreamError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import SOURCE_OPTIONS, checked

UPDATED = "Thu, 24 Jul 2025 08:01:49 +0000"
CLEARSIGNED = """-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

%s
-----BEGIN PGP SIGNATURE-----

iHUEARYKAB0
-----END PGP SIGNATURE-----
"""


def snapshot(directory, updated=UPDATED, path="streams/v1/p.sjson", name="index.sjson", text=CLEARSIGNED, content_id="p"):
    (directory / "streams" / "v1").mkdir(parents=True, exist_ok=True)
    (directory / "streams" / "v1" / "p.sjson").write_text(text % json.dumps({"content_id": content_id, "updated": UPDATED}))
    content = json.dumps({"format": "index:1.0", "updated": updated, "index": {"p": {"path": path}}}, indent=1)
    (directory / "streams" / "v1" / name).write_text(text % content)
    return metadata.Index(str(directory))


@pytest.fixture
def argv(monkeypatch):
    """The command lines that would run."""
    seen = []
    monkeypatch.setattr(metadata, "run", lambda argv, timeout: seen.append(argv) or "[]")
    return seen


def settings(**values):
    return checked(dict({"source": "http://h/s", "keyring": "/k.gpg", "selections": [{"releases": ["noble"], "max": 2}]}, **values),
                   SOURCE_OPTIONS)


def test_the_signed_index_is_read_whatever_the_source_names(argv):
    named = settings(source="http://h/s/streams/v1/index.json")
    metadata.snapshot(named, "/d")
    metadata.rows(named, "/d", named.selections[0])
    assert argv == [
        ["sstream-mirror", "--no-item-download", "--keyring", "/k.gpg", "--path", "streams/v1/index.sjson", "http://h/s/", "/d"],
        ["sstream-query", "--json", "--keyring", "/k.gpg", "--max", "2", "/d/streams/v1/index.sjson", "release~^(noble)$"]]


def test_an_unsigned_index_is_read_only_when_told(argv):
    metadata.rows(settings(verify_signature=False, keyring=None), "/d")
    assert argv == [["sstream-query", "--json", "--no-verify", "/d/streams/v1/index.json"]]


def test_the_index_says_when_it_is_of(tmp_path):
    assert snapshot(tmp_path).updated.isoformat() == "2025-07-24T08:01:49+00:00"


def test_an_unsigned_index_is_read_where_there_is_no_other(tmp_path):
    assert snapshot(tmp_path, name="index.json", text="%s").content["updated"] == UPDATED


@pytest.mark.parametrize("updated", [None, "yesterday", "2025-07-24"])
def test_an_index_without_a_date_is_refused(tmp_path, updated):
    with pytest.raises(UpstreamError, match="The metadata has the date"):
        snapshot(tmp_path, updated=updated)


def test_a_products_file_that_the_index_does_not_mean_is_refused(tmp_path):
    assert snapshot(tmp_path).dates["p"].day == 24
    with pytest.raises(UpstreamError, match="has the content_id 'q' and the index names it for 'p'"):
        snapshot(tmp_path, content_id="q")
    with pytest.raises(UpstreamError, match="names streams/v1/absent.sjson, which was not to be had"):
        snapshot(tmp_path, path="streams/v1/absent.sjson")


def test_text_after_the_signature_is_refused(tmp_path):
    with pytest.raises(UpstreamError, match="goes on after its signature"):
        snapshot(tmp_path, text=CLEARSIGNED + "{}")


def test_metadata_outside_streams_is_refused(tmp_path):
    with pytest.raises(UpstreamError, match="names 'noble/p.sjson' for p"):
        snapshot(tmp_path, path="noble/p.sjson")


def test_a_generation_is_named_by_date_metadata_selection_and_signer(tmp_path):
    item = Item("a", 1, "a" * 64, "f", "o", "r", "a", "v")
    first = snapshot(tmp_path).generation([item])
    assert first.startswith("20250724T080149Z-") and len(first) == 29
    assert snapshot(tmp_path).generation([item]) == first
    names = {first, snapshot(tmp_path).generation([]), snapshot(tmp_path).generation([item], "FINGERPRINT"),
             snapshot(tmp_path, path="streams//v1/p.sjson").generation([item])}
    assert len(names) == 4
