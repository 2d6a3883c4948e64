# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot_source_selection and its info against each version of MAAS, over a real signed stream."""

from __future__ import annotations

import threading

import faults
import pytest
import stream

MODULE = "boot_source_selection"
NOBLE = {"release": "noble", "arches": ["amd64", "arm64"]}
JAMMY = {"release": "jammy", "arches": ["amd64"]}


@pytest.fixture(name="site")
def fixture_site(region, mirror, key):
    """A MAAS that has read the mirror, its second source; the default one selects what is commissioned with."""
    region.done("boot_source", url=mirror, keyring_file=key)
    region.lab("settle", {"seconds": 30})
    return region


def taken(maas, source=2):
    """{release: arches} of a source's selections."""
    return {release: arches for number, _os, release, arches in maas.selections if number == source}


def test_ladder(site, mirror):
    result = site.rung(MODULE, boot_source_url=mirror, **NOBLE)
    assert taken(site) == {"noble": ["amd64", "arm64"]}
    assert result["boot_source_selection"]["release"] == "noble" and result["boot_source_selection"]["id"]
    site.rung(MODULE, boot_source_id=2, release="noble", arches=["amd64"])
    site.rung(MODULE, changed=False, boot_source_id=2, release="noble")
    site.rung(MODULE, boot_source_url=mirror, **JAMMY)
    assert taken(site) == {"noble": ["amd64"], "jammy": ["amd64"]}
    site.rung(MODULE, boot_source_url=mirror.rstrip("/").replace("http", "HTTP"), release="jammy", state="absent")
    site.rung(MODULE, changed=False, boot_source_url=mirror, release="xenial", state="absent")
    assert taken(site) == {"noble": ["amd64"]}
    stored = [one for one in site.lab("state")["selections"] if one["source"] == 2]
    assert [(one["subarches"], one["labels"]) for one in stored] == [(["*"], ["*"])]


def test_an_exact_set(site, mirror):
    site.rung(MODULE, boot_source_url=mirror, selections=[NOBLE, JAMMY])
    centos = {"os": "centos", "release": "centos70", "arches": ["amd64"], "subarches": ["generic"], "labels": ["stable"]}
    protected = {} if site.version == "3.8" else {"protected": "keep"}
    result = site.rung(MODULE, boot_source_url=mirror, purge=True, selections=[JAMMY, centos], **protected)
    held = {"noble": ["amd64", "arm64"]} if site.version == "3.7" else {}
    assert taken(site) == dict(held, jammy=["amd64"], centos70=["amd64"])
    assert bool(result.get("warnings")) is (site.version == "3.7")
    site.rung(MODULE, boot_source_url=mirror, selections=[JAMMY, centos], state="absent")
    assert taken(site) == held


def test_what_info_says_can_be_put_back(site, mirror):
    site.done(MODULE, boot_source_url=mirror, selections=[NOBLE, JAMMY])
    saved = site.done("boot_source_selection_info", boot_source_url=mirror)["boot_source_selections"]
    assert {one["boot_source_url"].rstrip("/") for one in saved} == {mirror.rstrip("/")}
    site.rung(MODULE, changed=False, boot_source_url=mirror, selections=saved, purge=True)
    site.rung(MODULE, boot_source_url=mirror, release="jammy", state="absent")
    site.rung(MODULE, boot_source_id=2, selections=saved, purge=True)
    assert taken(site) == {"noble": ["amd64", "arm64"], "jammy": ["amd64"]}


def test_info(site):
    for check in (True, False):
        [default] = site.done("boot_source_selection_info", check=check)["boot_source_selections"]
        assert (default["boot_source_id"], default["os"]) == (1, "ubuntu")
        assert site.done("boot_source_selection_info", check=check, boot_source_id=2)["boot_source_selections"] == []


def test_a_set_is_made_whole_or_not_at_all(site, mirror):
    site.done(MODULE, boot_source_url=mirror, release="noble", arches=["amd64"])
    site.lab("fail", {"at": 2, "how": "500"})
    message = site.refused(MODULE, boot_source_url=mirror, selections=[JAMMY, NOBLE])
    assert "told to fail here" in message and "MAAS is as it was" in message
    assert taken(site) == {"noble": ["amd64"]}


class TestDefault:
    """The selection that a new installation has, in the source that it has."""

    def test_it_is_adopted_and_narrowed_or_widened(self, start, mirror, key):
        region = start("3.7", "--default-url", mirror, "--default-keyring", key)
        region.client.post("boot-resources/?op=import")
        region.lab("settle", {"seconds": 30})
        region.rung(MODULE, changed=False, release="noble")
        region.rung(MODULE, release="noble", arches=["arm64", "amd64"])
        assert [one["id"] for one in region.lab("state")["selections"]] == [1]

    def test_with_several_sources_one_has_to_be_named(self, site):
        assert "boot_source_url or boot_source_id" in site.refused(MODULE, release="noble")

    @pytest.mark.parametrize(
        "named", [{"boot_source_id": 9}, {"boot_source_url": "http://u:hunter2hunter2@no.example.com/"}]
    )
    def test_a_source_that_is_not_there(self, site, named):
        message = site.refused(MODULE, **named, **NOBLE)
        assert "has no boot source" in message and "(id 2)" in message and "hunter2" not in message


def test_check_mode_plans_for_a_source_that_an_earlier_task_would_make(region, mirror):
    result = region.done(MODULE, check=True, boot_source_url=mirror, **NOBLE)
    assert result["changed"] and "earlier task" in str(result["warnings"])
    wrong = region.refused(MODULE, check=True, boot_source_url=mirror, release="nobel", arches=["*"])
    assert "no release 'nobel' of ubuntu" in wrong


class TestProtected:
    """What MAAS commissions with."""

    @pytest.mark.parametrize("version", ["2.9", "3.4", "3.7"])
    @pytest.mark.parametrize("check", [True, False])
    def test_it_is_refused_before_anything_is_written(self, start, version, check):
        region = start(version)
        release = region.selections[0][2]
        message = region.refused(MODULE, check=check, release=release, state="absent")
        assert "commissioning_distro_series" in message and release in message and "keep" in message
        region.refused(MODULE, check=check, selections=[], purge=True)
        assert not region.lab("writes")

    def test_it_is_kept(self, start):
        region = start("3.7")
        result = region.rung(MODULE, changed=False, selections=[], purge=True, protected="keep")
        assert "selection was kept" in str(result["warnings"])

    @pytest.mark.parametrize("version, words", [("3.4", "ephemeral environments"), ("3.7", "used for commissioning")])
    def test_the_servers_refusal_says_what_to_do(self, start, version, words):
        region = start(version)
        message = region.refused(MODULE, release=region.selections[0][2], state="absent", protected="remove")
        assert words in message and "maas_config" in message

    def test_it_goes_when_another_release_takes_its_place(self, start, mirror, key):
        region = start("3.7", "--default-url", mirror, "--default-keyring", key)
        region.rung(MODULE, **JAMMY)
        region.rung("maas_config", commissioning_distro_series="jammy")
        region.rung(MODULE, release="noble", state="absent")
        assert taken(region, 1) == {"jammy": ["amd64"]}

    def test_38_lets_it_go_where_another_source_has_it(self, start, mirror, key):
        region = start("3.8")
        assert "commissions machines with" in region.refused(MODULE, release="noble", state="absent")
        region.done("boot_source", url=mirror, keyring_file=key)
        region.done(MODULE, boot_source_url=mirror, **NOBLE)
        region.rung(MODULE, boot_source_id=1, release="noble", state="absent")
        assert taken(region, 1) == {}


class TestUnread:
    """MAAS answers about a source that it has not read as about a release that is not there."""

    def test_it_is_waited_for(self, start, region, mirror, key):
        slow = start(region.version, "--cache-delay", "3")
        slow.done("boot_source", url=mirror, keyring_file=key)
        slow.rung(MODULE, boot_source_url=mirror, **NOBLE)

    def test_a_wrong_name_is_not_waited_for(self, region, mirror, key):
        region.lab("hold", {"points": ["cache"]})
        region.done("boot_source", url=mirror, keyring_file=key)
        for check in (True, False):
            for wrong, hint in (
                ({"release": "nobel", "arches": ["amd64"]}, "no release 'nobel' of ubuntu. It offers jammy, noble."),
                ({"release": "24.04", "arches": ["amd64"]}, "24.04 is noble"),
                ({"os": "debian", "release": "trixie", "arches": ["amd64"]}, "no os 'debian'. It offers centos, ubuntu."),
                ({"release": "noble", "arches": ["amd64", "s390x"]}, "no arches s390x of ubuntu/noble. It offers amd64, arm64."),
                ({"release": "noble", "arches": ["amd64"], "labels": ["daily"]}, "no labels daily"),
                ({"release": "noble", "arches": ["amd64"], "subarches": ["hwe-z"]}, "no subarches hwe-z"),
            ):
                assert hint in region.refused(MODULE, check=check, boot_source_url=mirror, wait_timeout=600, **wrong)
        assert "source has amd64, arm64" in region.refused(MODULE, boot_source_url=mirror, release="noble")

    @pytest.mark.parametrize("version", ["3.4", "3.7"])
    def test_a_keyring_that_maas_says_nothing_about(self, start, version, mirror):
        region = start(version)
        region.done("boot_source", url=mirror, keyring_filename="/not/there.gpg")
        message = region.refused(MODULE, boot_source_url=mirror, wait_timeout=2, **NOBLE)
        assert "has not read" in message and "silent about a keyring" in message and "it offers what was asked" in message

    def test_the_notifications_are_told_without_passwords(self, region, key):
        url = "http://site1:hunter2hunter2@127.0.0.1:9/stable"
        region.done("boot_source", url=url, keyring_file=key)
        region.lab("settle", {"seconds": 30})
        message = region.refused(MODULE, boot_source_id=2, wait_timeout=2, **NOBLE)
        assert "MAAS says: Failed to" in message and "hunter2" not in message
        assert "From here the stream can't be read either" in message

    @pytest.mark.parametrize("version", ["3.4", "3.7"])
    def test_the_first_source_is_read_by_an_import(self, start, version, mirror, key):
        region = start(version)
        region.done("boot_source", url=mirror, match_url="http://images.maas.io/ephemeral-v3/stable", keyring_file=key)
        message = region.refused(MODULE, import_unread=False, **NOBLE)
        assert "only when an import runs" in message and "boot_resource_import" in message
        assert not [write for write in region.lab("writes") if write["op"] == "import"]
        assert region.rung(MODULE, **NOBLE)["import_started"]
        assert [write["op"] for write in region.lab("writes")].count("import") == 1
        assert not region.rung(MODULE, **JAMMY)["import_started"]

    def test_an_import_that_runs_already_knows_nothing_of_the_change(self, start, mirror, key, tmp_path):
        stream.make(tmp_path, stream.Spec(releases=("noble",), arches=("amd64",), kernels=("ga",), scale=0.0001))
        with faults.Upstream(stream.stream_root(tmp_path)) as former:
            region = start("3.7", "--default-url", former.url, "--default-keyring", str(stream.keyring(tmp_path)))
            region.lab("hold", {"points": ["files"]})
            region.client.post("boot-resources/?op=import")
            region.lab("settle", {"seconds": 30})
            region.done("boot_source", url=mirror, match_url=former.url, keyring_file=key)
            later = threading.Timer(3, region.lab, ("release", {}))
            later.start()
            assert region.done(MODULE, **JAMMY)["import_started"]
            later.join()
        assert taken(region, 1) == {"noble": ["amd64"], "jammy": ["amd64"]}


def test_not_an_administrator(region):
    key = "consumer-of-joe:token-of-joe:the-secret-of-joe"
    for module in (MODULE, MODULE + "_info"):
        options = NOBLE if module == MODULE else {}
        assert "administrator" in region.refused(module, api_key=key, **options)
