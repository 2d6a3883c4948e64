# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for an import, and for a source that is not read: time passes only by sleeping."""

from __future__ import annotations

import json

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import notifications
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import image
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.boot_source import BootSource
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import (
    InvalidError,
    MaasError,
    UnreachableError,
)
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.reconcile import Step
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import images, verdict
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.unread import UnreadSource
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.watch import Watch, progress
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.version import parse_version

MISSING = [{"name": "ubuntu/noble", "architecture": "amd64", "version": "2", "reason": "MAAS does not have it", "progress": 0}]
NOTICE = (7, "Sync selection 1", "Failed to synchronize selection 1")


class Maas:
    """As much of a client as is used; what MAAS says is told by the test."""

    secrets = ("the-secret",)

    def __init__(self, version="3.7.3"):
        self.version = parse_version(version)
        self.time = 1000.0
        self.importing = False
        self.missing = MISSING
        self.told = []
        self.unread = ()
        self.away = False
        self.posts = []

    def now(self):
        return self.time

    def post(self, path, *_more):
        self.posts.append(path)

    def get(self, path, **_query):
        return self.told if path == "notifications/" else self.importing

    def fetch(self, url):
        raise UnreachableError("%s can't be reached." % url)

    def survey(self):
        return images.Survey([], [], self.missing, [], self.told, self.importing, self.unread)


@pytest.fixture(name="maas")
def fixture_maas(monkeypatch):
    def survey(client):
        return client.survey()

    def is_importing(client):
        if client.away:
            raise UnreachableError("gone.")
        return client.importing

    monkeypatch.setattr(images, "survey", survey)
    monkeypatch.setattr(images, "is_importing", is_importing)
    monkeypatch.setattr(images, "read", lambda _client: [])
    return Maas


def begun(client, seconds=60, interval=10):
    return Watch.begun(client, client.survey(), seconds, interval)


class TestWatch:
    def test_an_import_that_was_seen_has_ended_when_it_is_not_seen_any_more(self, maas):
        client = maas()
        watch = begun(client)
        client.importing = True
        assert watch.look() is None
        client.importing = False
        assert watch.look().missing == MISSING

    @pytest.mark.parametrize("version, grace", [("3.7.3", 5), ("3.8.0", 30)])
    def test_one_that_was_never_seen_may_not_have_begun(self, maas, version, grace):
        client = maas(version)
        watch = begun(client)
        client.time += grace - 1
        assert watch.look() is None
        client.time += 1
        assert watch.look() is not None

    def test_what_is_all_there_needs_no_grace_unless_the_newest_is_not_known(self, maas):
        client = maas()
        client.missing = []
        assert begun(client).look() is not None
        client.unread = ("http://m.x/",)
        assert begun(client).look() is None

    def test_38_has_ended_when_it_says_so(self, maas):
        client = maas("3.8.0")
        watch = begun(client)
        client.told = [NOTICE]
        assert watch.look() is not None
        assert begun(client).look() is None  # it had said so before

    def test_after_one_that_ran_already_comes_another_once(self, maas):
        client = maas()
        client.importing = True
        watch = begun(client)
        watch.look()
        client.importing = False
        assert watch.look() is None and client.posts == [image.START]
        client.time += 5
        assert watch.look() is not None and client.posts == [image.START]

    def test_an_api_that_is_away_is_waited_for_but_not_for_ever(self, maas):
        client = maas()
        client.away = True
        watch = begun(client, 9999)
        assert watch.look() is None and "gone." in watch.line
        client.time += 181
        with pytest.raises(UnreachableError):
            watch.look()

    def test_it_can_be_kept_as_plain_data(self, maas):
        client = maas()
        watch = begun(client)
        client.importing = True
        watch.look()
        again = Watch.resumed(client, json.loads(json.dumps(watch.kept())))
        client.importing = False
        assert again.look() is not None and again.diff == watch.diff

    def test_pauses(self, maas):
        client = maas()
        watch = begun(client, seconds=13)
        assert watch.pause == 2
        watch.look()
        assert watch.pause == 10
        client.time += 9
        assert watch.pause == 4 and not watch.is_over
        client.time += 9
        assert watch.pause == 0 and watch.is_over

    def test_a_look_that_takes_long_is_not_taken_often(self, maas, monkeypatch):
        client = maas()
        client.importing = True

        def slowly(_client):
            client.time += 30
            return []

        monkeypatch.setattr(images, "read", slowly)
        watch = begun(client, 9999)
        watch.look()
        assert watch.pause == 60


def test_progress_in_words():
    def part(size, complete, percent=None):
        one = {"version": "1", "size": size, "complete": complete, "files": {}}
        return image.from_api(
            {
                "id": 1,
                "type": "Synced",
                "name": "a/b",
                "architecture": "c/d",
                "sets": {"1": one if percent is None else dict(one, progress=percent)},
            }
        )

    assert progress([]) == "no images yet"
    assert progress([part(3000000, True), part(1000000, False, 50)]) == "1 of 2 images complete, 3 of 4 MB (87 %)"
    assert progress([part(0, True)]) == "1 of 1 images complete, 0 of 0 MB (100 %)"


class TestUnreadSource:
    STEP = Step("POST", "x/", {"os": "ubuntu", "release": "noble", "arches": ["*"]}, patience=60)
    REFUSED = InvalidError("no.", 400, "no available images")

    def of(self, client, number=1, may=True):
        return UnreadSource(client, BootSource("http://u:hunter2@m.x/", id=number), may)

    @pytest.mark.parametrize("version, number, imports", [("3.7.3", 1, 2), ("3.7.3", 2, 0), ("3.8.0", 1, 0)])
    def test_only_the_first_up_to_37_is_imported_and_twice_at_most(self, maas, version, number, imports):
        client = maas(version)
        unread = self.of(client, number)
        for _time in range(4):
            unread.refused(self.STEP, self.REFUSED)
        assert client.posts == [image.START] * imports
        assert unread.import_started is bool(imports)

    def test_none_is_started_beside_one_that_runs(self, maas):
        client = maas()
        client.importing = True
        self.of(client).refused(self.STEP, self.REFUSED)
        assert not client.posts

    def test_none_is_started_where_that_is_not_wanted(self, maas):
        with pytest.raises(MaasError, match="only when an import runs"):
            self.of(maas(), may=False).refused(self.STEP, self.REFUSED)

    def test_the_end_says_all_that_is_known(self, maas):
        client = maas()
        unread = self.of(client)
        unread.refused(self.STEP, self.REFUSED)
        message = str(unread.over(self.STEP, self.REFUSED))
        assert "within 60 s (wait_timeout)" in message and "silent about a keyring" in message
        assert "can't be read either: " in message and "hunter2" not in message


class TestVerdict:
    def test_an_end_without_what_was_wanted(self, maas):
        client = maas()
        client.missing = MISSING * 10
        message = verdict.ended(client, client.survey())
        assert message.startswith("The import has ended, but 10 of 0 images")
        assert "; and 2 more" in message and "(newest is 2; MAAS does not have it)" in message

    @pytest.mark.parametrize("version, hint", [("3.7.3", True), ("3.8.0", False)])
    def test_the_time_is_over(self, maas, version, hint):
        client = maas(version)
        client.importing = True
        message = verdict.late(client, client.survey(), 60)
        assert "After 60 s (wait_timeout) the import still runs" in message
        assert ("stop_on_timeout" in message) is hint

    def test_the_time_is_over_and_what_is_newest_is_not_known(self, maas):
        client = maas()
        client.missing, client.unread = [], ("http://m.x/ (why)",)
        assert "http://m.x/ (why)" in verdict.late(client, client.survey(), 60)


class TestNotifications:
    def read(self, *told):
        client = Maas()
        client.told = [dict(zip(("id", "ident", "message"), one)) for one in told]
        return notifications.read(client)

    def test_those_about_images_causes_first(self):
        told = self.read(
            (1, "commissioning_series_unavailable", "no noble"), (2, "dhcp_disabled_all_vlans", "dhcp"), (3, "Image importer", "x")
        )
        assert [number for number, _ident, _text in told] == [3, 1]
        assert notifications.explanation(told, parse_version("3.7.3")) == "MAAS says: x / no noble"

    def test_words_are_plain_and_without_secrets(self):
        message = "Can&#x27;t read <a href='/x'>http://u:hunter2@m.x/</a>&lt;br&gt; with the-secret"
        [(_id, _ident, text)] = self.read((1, "Image importer", message))
        assert text == "Can't read http://u:***@m.x/ <br> with ***"

    def test_a_consequence_is_no_cause(self):
        told = self.read((1, "commissioning_series_unavailable", "no noble"))
        assert "silent about a keyring" in notifications.explanation(told, parse_version("3.7.3"))
        assert "silent" not in notifications.explanation(told, parse_version("3.7.3"), read=True)
        assert "regiond.log" in notifications.explanation(told, parse_version("3.8.0"))
