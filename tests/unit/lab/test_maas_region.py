# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in's answers to sequences of requests, without a server, a network or background work."""
from __future__ import annotations

import json
import time

import pytest
from ansible_collections.imagemirror.maas.tests.lab.maas_api.auth import user_of
from ansible_collections.imagemirror.maas.tests.lab.maas_api.lab import Dropped, Lab
from ansible_collections.imagemirror.maas.tests.lab.maas_api.mirror import Product
from ansible_collections.imagemirror.maas.tests.lab.maas_api.region import Options, Region
from ansible_collections.imagemirror.maas.tests.lab.maas_api.request import parse
from ansible_collections.imagemirror.maas.tests.lab.maas_api.versions import VERSIONS

NOBLE = Product("ubuntu", "noble", "amd64", "ga-24.04", "ga-24.04", "stable", None, False, "1", ())


class NoJobs:
    """Notes what would be done in the background."""

    def __init__(self):
        self.submitted = []
        self.held = []

    def submit(self, kind, name, work):
        self.submitted.append(name)

    def wake(self):
        self.submitted.append("wake")


class Site:
    """A region that is asked by its administrator."""

    def __init__(self, version, **options):
        self.jobs = NoJobs()
        self.region = Region(VERSIONS[version], [user_of("admin", True, "c:t:s")], Options(**options), self.jobs)
        self.lab = Lab(self.region)
        self.nonce = 0

    def ask(self, method, path, body=b"", content_type="application/x-www-form-urlencoded"):
        self.nonce += 1
        header = ('OAuth oauth_signature_method="PLAINTEXT", oauth_consumer_key="c", oauth_token="t", '
                  f'oauth_signature="&s", oauth_nonce="{self.nonce}", oauth_timestamp="{int(time.time())}"')
        given = self.lab.answer(parse(method, f"/MAAS/api/2.0/{path}",
                                      {"Authorization": header, "Content-Type": content_type}, body))
        text = given.body.decode()
        return given.status, json.loads(text) if "json" in given.headers["Content-Type"] and text else text


@pytest.mark.parametrize(("version", "install", "url", "keyring"), [
    ("3.4", "deb", "http://images.maas.io/ephemeral-v3/stable/", "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"),
    ("3.7", "snap", "http://images.maas.io/ephemeral-v3/stable/",
     "/snap/maas/current/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"),
    ("3.8", "deb", "http://images.maas.io/ephemeral-v3/stable", "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg")])
def test_a_fresh_one_has_the_default_source(version, install, url, keyring):
    status, (source,) = Site(version, install=install).ask("GET", "boot-sources/")
    assert (status, source["id"], source["url"], source["keyring_filename"]) == (200, 1, url, keyring)


@pytest.mark.parametrize(("version", "read"), [("3.4", []), ("3.7", []), ("3.8", ["refresh 1"])])
def test_a_change_of_the_first_source_sets_off_nothing_up_to_3_7(version, read):
    site = Site(version)
    assert site.ask("PUT", "boot-sources/1/", b"url=http://m.example.com/")[0] == 200
    assert site.jobs.submitted == read


def test_a_source_that_was_written_is_listed_last():
    site = Site("3.7")
    site.ask("POST", "boot-sources/", b"url=http://m.example.com/&keyring_filename=/k")
    site.ask("PUT", "boot-sources/1/")
    assert [one["id"] for one in site.ask("GET", "boot-sources/")[1]] == [2, 1]


def test_3_8_knows_names_priorities_and_switches():
    site = Site("3.8")
    body = b"url=http://m.example.com/x.json&name=Lab&enabled=false&priority=7"
    status, source = site.ask("POST", "boot-sources/", body)
    assert status == 201
    assert {name: source[name] for name in ("name", "enabled", "priority", "skip_keyring_verification")} == {
        "name": "Lab", "enabled": False, "priority": 7, "skip_keyring_verification": True}
    assert site.ask("POST", "boot-sources/", b"url=http://o.example.com&keyring_filename=/k&name=Lab&priority=x") == (
        400, {"name": ["Boot source with this Name already exists."], "priority": ["Enter a whole number."]})


def test_deleting_a_source_deletes_its_selections():
    site = Site("3.7")
    site.ask("DELETE", "boot-sources/1/")
    assert site.region.state.selections == []


def test_the_commissioning_release_may_be_deleted_once_it_is_another():
    site = Site("3.7")
    assert site.ask("DELETE", "boot-sources/1/selections/1/") == (
        400, "Unable to delete ubuntu noble. It is the operating system used for commissioning.")
    site.ask("POST", "maas/?op=set_config", b"name=commissioning_distro_series&value=jammy")
    assert site.ask("DELETE", "boot-sources/1/selections/1/")[0] == 204


def test_a_selection_is_checked_against_what_was_read():
    site = Site("3.7")
    site.ask("POST", "boot-sources/", b"url=http://m.example.com/&keyring_filename=/k")
    body = b'{"os": "ubuntu", "release": "noble", "arches": ["amd64"], "subarches": ["*"], "labels": ["daily"]}'
    asked = ("POST", "boot-sources/2/selections/", body, "application/json")
    assert site.ask(*asked)[1] == {"os": ["OS ubuntu with release noble has no available images for download"]}
    site.region.state.products[2] = [NOBLE]
    assert site.ask(*asked)[1] == {"labels": ["No available images to download for ['daily']"]}


def test_the_names_of_a_selection_have_a_length():
    assert Site("3.7").ask("POST", "boot-sources/1/selections/", b"os=ubuntu&release=" + 21 * b"x") == (
        400, {"release": ["Ensure this value has at most 20 characters (it has 21)."]})


@pytest.mark.parametrize(("name", "value", "submitted"), [
    ("http_proxy", "http://p.example.com:3128/", ["refresh None"]), ("enable_http_proxy", "false", ["refresh None"]),
    ("enable_http_proxy", "true", []), ("boot_images_no_proxy", "true", [])])
def test_a_change_of_the_proxy_has_sources_read_again(name, value, submitted):
    site = Site("3.7")
    assert site.ask("POST", "maas/?op=set_config", f"name={name}&value={value}".encode()) == (200, "OK")
    assert site.jobs.submitted == submitted


def test_an_import_that_runs_is_not_started_again():
    site = Site("3.7")
    for _time in range(2):
        assert site.ask("POST", "boot-resources/?op=import") == (200, "Import of boot resources started")
    assert site.jobs.submitted == ["import"]
    assert site.ask("GET", "boot-resources/?op=is_importing") == (200, True)


def test_what_comes_from_outside_is_escaped_in_notifications():
    site = Site("3.7")
    site.region.state.notify("Image importer", "from <http://user:'pw'@m/>", users=False)
    told = {one["ident"]: one for one in site.ask("GET", "notifications/")[1]}["Image importer"]
    assert told["message"] == "from &lt;http://user:&#x27;pw&#x27;@m/&gt;"
    assert site.ask("POST", f"notifications/{told['id']}/?op=dismiss")[0] == 200
    assert site.ask("GET", f"notifications/{told['id']}/")[0] == 404


def test_events_are_paged_both_ways():
    site = Site("3.7")
    for number in range(5):
        site.region.state.event("Region import info", "DEBUG", str(number))
    page = site.ask("GET", "events/?op=query&level=DEBUG&limit=2")[1]
    assert [one["description"] for one in page["events"]] == ["4", "3"]
    older = site.ask("GET", page["prev_uri"].replace("/MAAS/api/2.0/", ""))[1]
    assert [one["description"] for one in older["events"]] == ["2", "1"]
    newer = site.ask("GET", older["next_uri"].replace("/MAAS/api/2.0/", ""))[1]
    assert [one["description"] for one in newer["events"]] == ["4", "3"]


def test_a_spoilt_write_is_noted_and_not_done():
    site = Site("3.7")
    site.lab.fail(1, "drop")
    with pytest.raises(Dropped):
        site.ask("DELETE", "boot-sources/1/")
    assert len(site.region.state.sources) == 1
    assert [(one["method"], one["path"], one["status"]) for one in site.lab.writes] == [
        ("DELETE", "/MAAS/api/2.0/boot-sources/1/", None)]


@pytest.mark.parametrize(("path", "body", "status"), [
    ("/lab/nothing", b"", 404), ("/lab/fail", b"how=never", 400), ("/lab/hold", b"", 400)])
def test_the_lab_says_what_it_does_not_know(path, body, status):
    given = Site("3.7").lab.answer(parse("POST", path, {}, body))
    assert given.status == status
    assert "error" in json.loads(given.body)
