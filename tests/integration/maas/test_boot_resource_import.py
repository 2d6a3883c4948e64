# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot_resource_import and boot_resource_info against each version of MAAS, with real downloads."""

from __future__ import annotations

import threading

import faults
import pytest
import stream
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import MaasError

MODULE = "boot_resource_import"
INFO = "boot_resource_info"
UPSTREAM = "http://images.maas.io/ephemeral-v3/stable/"
SQUASHFS = "noble/amd64/*/squashfs"
NOBLE = {"release": "noble", "arches": ["amd64"]}
BOOTLOADERS = {"grub-efi-signed/uefi", "grub-efi/uefi", "grub-ieee1275/open-firmware", "pxelinux/pxe"}


class Site:
    """A MAAS that takes noble for amd64 from the mirror alone."""

    def __init__(self, maas, mirror, key, **wanted):
        self.maas = maas
        maas.done("boot_source", url=mirror, match_url=UPSTREAM, keyring_file=key)
        # 3.4 reads the source by an import, as it commissions with focal; that one is to bring nothing
        maas.lab("hold", {"points": ["rows"]})
        maas.done("boot_source_selection", **(wanted or NOBLE))
        maas.client.post("boot-resources/?op=stop_import")
        maas.lab("release", {})
        maas.lab("settle", {"seconds": 30})
        # The mirror does not have focal
        if maas.version == "3.4":
            maas.client.post("maas/?op=set_config", {"name": "commissioning_distro_series", "value": "noble"})
            maas.done("boot_source_selection", release="focal", state="absent")

    def images(self):
        """{name architecture: (version, complete, newest)} as info says."""
        return {
            "%s %s" % (one["name"], one["architecture"]): (one["version"], one["complete"], one["newest"])
            for one in self.maas.done(INFO)["boot_resources"]
        }

    @property
    def imports(self):
        return [write["op"] for write in self.maas.lab("writes")].count("import")


@pytest.fixture(name="site")
def fixture_site(region, mirror, key):
    return Site(region, mirror, key)


@pytest.fixture(name="site_of")
def fixture_site_of(start, mirror, key):
    return lambda version, *options, **wanted: Site(start(version, *options), mirror, key, **wanted)


def test_ladder(site):
    before = site.maas.done(INFO)
    assert {"%s %s" % (one["name"], one["architecture"]) for one in before["missing"]} >= {"ubuntu/noble amd64/ga-24.04"}
    result = site.maas.rung(MODULE, poll_interval=1)
    assert result["import_started"] and result["newest_known"] and not result["missing"] and not result["importing"]
    assert {one["name"] for one in result["boot_resources"]} == BOOTLOADERS | {"ubuntu/noble"}
    done = [one for one in result["boot_resources"] if one["version"]]  # 3.8 has bootloaders twice, one of them empty
    assert all(one["complete"] and one["newest"] and one["progress"] == 100 for one in done)
    assert "images complete" in result["progress"] and "100 %" in result["progress"]
    assert not site.maas.done(INFO)["missing"]
    imports = site.imports
    site.maas.done(MODULE, poll_interval=1)
    assert site.imports == imports
    site.maas.done(MODULE, force=True, poll_interval=1)
    assert site.imports == imports + 1


def test_what_is_not_selected_any_more_goes(site):
    site.maas.done("boot_source_selection", release="jammy", arches=["amd64", "arm64"])
    site.maas.done(MODULE, poll_interval=1)
    assert [name for name in site.images() if "jammy" in name]
    site.maas.done("boot_source_selection", release="jammy", state="absent")
    assert site.maas.rung(MODULE, poll_interval=1)["import_started"]
    assert not [name for name in site.images() if "jammy" in name]


def test_a_newer_version_is_seen_and_fetched(region, tmp_path):
    stream.make(tmp_path, stream.Spec(releases=("noble",), arches=("amd64",), kernels=("ga",), scale=0.0001))
    with faults.Upstream(stream.stream_root(tmp_path)) as upstream:
        site = Site(region, upstream.url, str(stream.keyring(tmp_path)))
        region.done(MODULE, poll_interval=1)
        [(old, complete, newest)] = [site.images()["ubuntu/noble amd64/ga-24.04"]]
        assert complete and newest
        stream.publish(tmp_path)
        assert site.images()["ubuntu/noble amd64/ga-24.04"] == (old, True, False)
        [missing] = [one for one in region.done(INFO)["missing"] if one["name"] == "ubuntu/noble"]
        assert missing["reason"] == "MAAS has version %s" % old and missing["version"] > old
        region.rung(MODULE, poll_interval=1)
        assert site.images()["ubuntu/noble amd64/ga-24.04"] == (missing["version"], True, True)


class TestFailures:
    """An import that ended is not one that succeeded."""

    def test_a_file_that_the_mirror_does_not_give(self, region, upstream, mirror, key):
        site = Site(region, mirror, key)
        upstream.fault(SQUASHFS, faults.Status(404))
        options = {"poll_interval": 1, "wait_timeout": 8 if region.version == "3.7" else 60}
        result = region.run(MODULE, stop_on_timeout=True, **options)
        assert result["failed"] and "ubuntu/noble amd64/ga-24.04" in result["msg"], result
        assert {one["name"] for one in result["missing"]} == {"ubuntu/noble"}
        assert "squashfs: 404" in result["msg"]
        if region.version == "3.7":  # tries on for hours, in silence
            assert "After 8 s (wait_timeout) the import still runs" in result["msg"]
            assert "state stopped" in result["msg"]
            region.lab("settle", {"seconds": 30})
            assert not region.lab("state")["importing"]
        elif region.version == "3.8":
            assert "MAAS says: Failed to synchronize selection" in result["msg"]
        else:
            assert "MAAS does not have it" in result["msg"] and "silent about a keyring" in result["msg"]
        upstream.heal()
        region.done(MODULE, poll_interval=1)
        assert site.images()["ubuntu/noble amd64/ga-24.04"][1:] == (True, True)

    def test_another_source_that_is_dead(self, site_of):
        site = site_of("3.7")
        site.maas.done("boot_source", url="http://u:hunter2hunter2@127.0.0.1:9/stable", keyring_filename="/k.gpg")
        result = site.maas.run(MODULE, poll_interval=1, wait_timeout=60)
        assert result["failed"] and "hunter2" not in str(result) and not result["newest_known"]

    @pytest.mark.parametrize("version", ["3.4", "3.7"])
    def test_a_keyring_that_is_not_there_is_hinted_at(self, site_of, mirror, version):
        site = site_of(version)
        site.maas.done(MODULE, poll_interval=1)
        site.maas.done("boot_source_selection", release="jammy", arches=["amd64"])
        with faults.Upstream("/nonexistent") as other:
            site.maas.done("boot_source", url=other.url, keyring_filename="/not/there.gpg")
            message = site.maas.refused(MODULE, poll_interval=1)
        assert "ubuntu/jammy amd64/ga-22.04" in message and "keyring_filename on the region" in message

    def test_38_is_not_yet_importing_while_it_reads(self, site_of):
        site = site_of("3.8", "--cache-delay", "4")
        assert not site.maas.done(MODULE, poll_interval=1)["missing"]


class TestWaiting:
    """Until a deadline, and not at all."""

    def test_not_at_all(self, site):
        site.maas.lab("hold", {"points": ["files"]})
        result = site.maas.done(MODULE, wait=False)
        assert result["changed"] and result["importing"] and result["missing"]

    def test_an_import_that_ran_already_is_followed_by_one_that_knows_the_selections(self, site_of):
        site = site_of("3.7")
        site.maas.done(MODULE, poll_interval=1)
        site.maas.lab("hold", {"points": ["purge"]})
        site.maas.client.post("boot-resources/?op=import")
        site.maas.lab("settle", {"seconds": 30})
        site.maas.done("boot_source_selection", release="jammy", arches=["amd64"])
        later = threading.Timer(3, site.maas.lab, ("release", {}))
        later.start()
        result = site.maas.done(MODULE, poll_interval=1)
        later.join()
        assert not result["missing"] and "ubuntu/jammy" in str(result["boot_resources"])

    def test_what_ran_is_stopped(self, site):
        site.maas.lab("hold", {"points": ["files"]})
        site.maas.done(MODULE, wait=False)
        site.maas.lab("settle", {"seconds": 30})
        result = site.maas.rung(MODULE, state="stopped")
        assert result["importing"] is False
        site.maas.rung(MODULE, changed=False, state="stopped")

    @pytest.mark.parametrize("option", ["wait_timeout", "poll_interval"])
    def test_a_time_is_at_least_a_second(self, start, option):
        assert "%s is 0" % option in start("3.7").refused(MODULE, **{option: 0})

    def test_an_api_that_goes_away_and_comes_back_is_waited_for(self, site_of):
        maas = site_of("3.7").maas
        maas.lab("hold", {"points": ["files"]})
        maas.lab("fail", {"at": 2, "how": "away", "seconds": 8})  # from the write after the import's start

        def restart():
            with pytest.raises(MaasError):
                maas.client.post("maas/?op=set_config", {"name": "theme", "value": ""})
            maas.lab("release", {})

        later = threading.Timer(3, restart)
        later.start()
        assert not maas.done(MODULE, poll_interval=1)["missing"]
        later.join()


class TestInfo:
    """What can be seen by whom."""

    def test_of_one_type(self, site):
        site.maas.done(MODULE, poll_interval=1)
        for check in (True, False):
            assert site.maas.done(INFO, check=check, type="synced")["boot_resources"]
            assert site.maas.done(INFO, check=check, type="uploaded")["boot_resources"] == []

    def test_by_any_user_without_comparing(self, site):
        site.maas.done(MODULE, poll_interval=1)
        joe = {"api_key": "consumer-of-joe:token-of-joe:the-secret-of-joe"}
        result = site.maas.done(INFO, newest=False, **joe)
        assert result["boot_resources"] and not result["newest_known"]
        assert {one["newest"] for one in result["boot_resources"]} == {None}
        assert "administrator" in site.maas.refused(INFO, **joe)
        assert "administrator" in site.maas.refused(MODULE, **joe)
