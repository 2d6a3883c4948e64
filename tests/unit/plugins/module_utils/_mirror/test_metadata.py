# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import metadata
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.client import Failure
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import UpstreamError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import SOURCE_OPTIONS, checked
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tools import CommandError

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
    monkeypatch.setattr(metadata, "Lines", lambda argv, timeout: contextlib.nullcontext(seen.append(argv) or []))
    return seen


@pytest.fixture
def web(monkeypatch):
    """What servers would give, {URL: content}; what else is asked for is a 404. `web.asked` has it all."""
    made = Web()
    monkeypatch.setattr(metadata, "Client", lambda route: made)
    monkeypatch.setattr(metadata.time, "sleep", made.waits.append)
    return made


class Web(dict):
    def __init__(self):
        super().__init__()
        self.asked, self.waits = [], []

    def get(self, url, span=None):
        self.asked.append(url)
        if url not in self:
            raise Failure("404 Not Found", retried=False)
        if isinstance(self[url], Failure):
            raise self[url]
        return Answer(self[url])

    def forget(self):
        pass


class Answer:
    def __init__(self, content):
        self._content = content.encode()

    def read_into(self, view):
        size = min(len(view), len(self._content))
        view[:size], self._content = self._content[:size], self._content[size:]
        return size

    def done(self):
        pass

    def header(self, name, default):
        return default


INDEX = CLEARSIGNED % json.dumps({"updated": UPDATED, "index": {"p": {"path": "streams/v1/p.sjson", "format": "products:1.0"}}})
PRODUCTS = CLEARSIGNED % json.dumps({"content_id": "p"})


def settings(**values):
    return checked(dict({"source": "http://h/s", "keyring": "/k.gpg", "selections": [{"releases": ["noble"], "max": 2}]}, **values),
                   SOURCE_OPTIONS)


def test_the_signed_index_is_read_whatever_the_source_names(argv, web, tmp_path):
    web.update({"http://h/s/streams/v1/index.sjson": INDEX, "http://h/s/streams/v1/p.sjson": PRODUCTS})
    named = settings(source="http://h/s/streams/v1/index.json")
    source, found, index = metadata.snapshot(named, str(tmp_path / "d"))
    assert (source, found, index.content["updated"]) == ("http://h/s/", [[]], UPDATED)
    assert web.asked == ["http://h/s/streams/v1/index.sjson", "http://h/s/streams/v1/p.sjson"]
    assert (tmp_path / "d/streams/v1/index.sjson").read_text() == INDEX
    assert (tmp_path / "d/streams/v1/p.sjson").read_text() == PRODUCTS
    assert argv == [
        ["sstream-query", "--output-format", "%s", "--keyring", "/k.gpg", "--max", "2", str(tmp_path / "d/streams/v1/index.sjson"),
         "release~^(noble)$"]]


def test_a_source_that_lacks_one_file_is_none_and_the_next_one_gives_all(argv, web, tmp_path):
    for base in ("http://h/s/", "http://second/"):
        web[base + "streams/v1/index.sjson"] = INDEX
    web["http://second/streams/v1/p.sjson"] = PRODUCTS
    assert metadata.snapshot(settings(sources=["http://second"]), str(tmp_path / "d"))[0] == "http://second/"
    assert len(web.asked) == 4 and len(argv) == 1


def test_what_is_not_authentic_is_asked_for_once_more_and_then_of_the_next_one(web, tmp_path, monkeypatch):
    for base in ("http://h/s/", "http://second/"):
        web.update({base + "streams/v1/index.sjson": INDEX, base + "streams/v1/p.sjson": PRODUCTS})
    bad = []

    class Said:
        def __iter__(self):
            if bad.pop(0):
                raise CommandError("sstream-query", "exit code 1", "gpgv")
            return iter([])

    monkeypatch.setattr(metadata, "Lines", lambda argv, timeout: contextlib.nullcontext(Said()))
    for answers, source, asked in (([True, False], "http://h/s/", 4), ([True, True, False], "http://second/", 6)):
        bad[:], web.asked[:] = answers, []
        made = settings(sources=["http://second"])
        assert metadata.snapshot(made, str(tmp_path / source.split("/")[2]))[0] == source
        assert len(web.asked) == asked


def test_what_no_source_gives_is_named_with_every_source(web, tmp_path):
    with pytest.raises(UpstreamError) as error:
        metadata.snapshot(settings(sources=["http://second"]), str(tmp_path / "d"))
    assert "http://h/s/streams/v1/index.sjson could not be had: 404 Not Found; http://second/streams/v1" in str(error.value)
    assert not (tmp_path / "d").exists()


def test_what_may_pass_is_tried_again(web, tmp_path):
    web["http://h/s/streams/v1/index.sjson"] = Failure("503 by command", after=3)
    with pytest.raises(UpstreamError, match="could not be had: 503 by command"):
        metadata.snapshot(settings(retries=2), str(tmp_path / "d"))
    assert len(web.asked) == 3 and web.waits == [3, 3]
    with pytest.raises(UpstreamError):
        metadata.snapshot(settings(retries=2, metadata_timeout=1), str(tmp_path / "d"))
    assert len(web.asked) == 4


@pytest.mark.parametrize("content, words", [
    ("<html>", "gives something that is not clearsigned"),
    (CLEARSIGNED % "[]", "The index is no index of simplestreams"),
    (CLEARSIGNED % "{", "is not JSON"),
    (CLEARSIGNED % '{"index": {"p": {"path": "streams/../p.sjson", "format": "products:1.0"}}}', "names 'streams/../p.sjson'"),
    (CLEARSIGNED % '{"index": {"p": {"path": "/p.sjson", "format": "products:1.0"}}}', "names '/p.sjson'"),
    (CLEARSIGNED % '{"index": {"p": {"format": "products:1.0"}}}', "names None"),
    (CLEARSIGNED % '{"index": {"p": {"path": "streams/p.json", "format": "products:1.0"}}}', "names streams/p.json"),
    (CLEARSIGNED % '{"index": {"p": {"path": "streams/p.sjson"}}}', "with the format None"),
])
def test_an_index_that_is_none_is_refused_before_anything_else_is_asked_for(web, tmp_path, content, words):
    web["http://h/s/streams/v1/index.sjson"] = content
    with pytest.raises(UpstreamError) as error:
        metadata.snapshot(settings(), str(tmp_path / "d"))
    assert words in str(error.value)
    assert set(web.asked) == {"http://h/s/streams/v1/index.sjson"}


def test_what_is_used_of_an_item_is_kept(monkeypatch):
    said = ["{'path': 'a', 'size': '1', 'support_eol': '2029', 'os': \"o's\"}\n", "{'path': 'b', 'release': 'no\\nble'}\n"]
    monkeypatch.setattr(metadata, "Lines", lambda argv, timeout: contextlib.nullcontext(said))
    assert metadata.rows(settings(), "/d") == [{"path": "a", "size": "1", "os": "o's"}, {"path": "b", "release": "no\nble"}]
    said[:] = ["output format failed\n"]
    with pytest.raises(UpstreamError, match="can't be read"):
        metadata.rows(settings(), "/d")


def test_an_unsigned_index_is_read_only_when_told(argv):
    metadata.rows(settings(verify_signature=False, keyring=None), "/d")
    assert argv == [["sstream-query", "--output-format", "%s", "--no-verify", "/d/streams/v1/index.json"]]


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


def test_dashes_are_escaped_in_signed_text(tmp_path):
    (tmp_path / "x").write_text(CLEARSIGNED % '["- a",\n- "-- b"]')
    assert metadata.payload(str(tmp_path / "x")) == ["- a", "-- b"]


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
