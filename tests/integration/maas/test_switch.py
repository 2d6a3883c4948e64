# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch between streams: there and back, and whatever goes wrong on the way, MAAS as it was."""

from __future__ import annotations

import re
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))
import faults  # noqa: E402  pylint: disable=wrong-import-position
import stream  # noqa: E402  pylint: disable=wrong-import-position

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "inventory-sites"
SETTINGS = ("enable_http_proxy", "http_proxy", "boot_images_no_proxy", "boot_images_auto_import",
            "commissioning_distro_series", "default_distro_series")


@pytest.fixture(scope="session")
def streams(tmp_path_factory):
    """stable and candidate, which is one version ahead, signed with one key; and the key of another."""
    directory = tmp_path_factory.mktemp("streams")
    spec = {"releases": ("focal", "noble"), "arches": ("amd64",), "kernels": ("ga",), "scale": 0.0003}
    stream.make(directory / "made", stream.Spec(**spec))
    stream.make(directory / "made", stream.Spec(
        name="candidate", versions=dict.fromkeys(stream.KINDS, [0, 1, 2]), publication=2, **spec))
    stream.make(directory / "other", stream.Spec(**dict(spec, releases=("noble",), scale=0.0001)))
    return directory


@pytest.fixture
def mirror(streams):
    """A web server with both, which misbehaves on command."""
    with faults.Upstream(streams / "made" / "ephemeral-v3") as upstream:
        yield upstream


class Switch:
    """A MAAS that has imported its images from stable, and the playbook that switches it."""

    def __init__(self, region, play, mirror, streams):
        self.region = region
        self.mirror = mirror
        self.key = stream.keyring(streams / "made")
        self.other_key = stream.keyring(streams / "other")
        self.play = play(region, playbook="switch_stream", maas_source_url=mirror.url + "stable/",
                         maas_source_keyring_filename=str(self.key), maas_source_import_timeout=60,
                         maas_source_put_back_timeout=30)
        self.update()

    def update(self):
        """Import what the source has now."""
        self.region.client.post("boot-resources/?op=import")
        assert self.region.lab("settle", {"seconds": 30})["settled"]

    def snapshot(self):
        """All that a switch may touch, by the API's own answers; without the ids and dates, which MAAS gives."""
        client = self.region.client
        sources = client.get("boot-sources/")
        urls = {one["id"]: one["url"] for one in sources}
        selections = [one for number in urls for one in client.get("boot-sources/%d/selections/" % number)]
        return {
            "sources": sorted((sorted((name, str(value)) for name, value in one.items()
                                      if name not in ("id", "created", "updated", "resource_uri")) for one in sources)),
            "selections": sorted((urls[one["boot_source_id"]], one["os"], one["release"], sorted(one["arches"]),
                                  one["subarches"], one["labels"]) for one in selections),
            "settings": {name: client.get("maas/", op="get_config", name=name) for name in SETTINGS},
        }

    @property
    def source(self):
        """The last part of the only source's URL."""
        return self.play.source[1].rpartition("/")[2]

    @property
    def versions(self):
        """The newest version of each image, if it is complete."""
        return {one["key"][1]: one["sets"][-1]["version"] for one in self.region.lab("state")["resources"]
                if all(file["complete"] for file in one["sets"][-1]["files"])}

    def fails_and_is_as_it_was(self, *flags, **variables):
        """The output of a switch that must fail, after which MAAS is what it was."""
        before = self.snapshot()
        output = self.play.fails(*flags, **dict({"stream": "candidate"}, **variables))
        assert self.snapshot() == before, output
        return said(output)


def said(output):
    """A playbook's output without its line breaks."""
    return re.sub(r"\s+", " ", output.replace("\\n", " "))


@pytest.fixture
def switch(start, play, mirror, streams, request):
    """switch(version, …) makes a Switch."""
    def maker(version, *options):
        region = start(version, "--default-url", mirror.url + "stable", "--default-keyring", str(stream.keyring(streams / "made")), *options)
        return Switch(region, play, mirror, streams)
    return maker


def test_settings_sources_keyrings_and_selections_are_what_is_compared(switch):
    """The comparison that the tests below rest on sees each of them."""
    maas = switch("3.7")
    seen = [maas.snapshot()]
    client = maas.region.client
    changes = (
        lambda: client.post("maas/?op=set_config", {"name": "boot_images_no_proxy", "value": "true"}),
        lambda: client.put("boot-sources/1/", {"keyring_filename": "/other.gpg"}),
        lambda: client.put("boot-sources/1/", {"url": maas.mirror.url + "other/"}),
        lambda: client.post("boot-sources/1/selections/", {"os": "ubuntu", "release": "focal", "arches": "amd64",
                                                           "subarches": "*", "labels": "*"}),
    )
    for change in changes:
        change()
        assert maas.snapshot() not in seen
        seen.append(maas.snapshot())


def test_check_mode_shows_the_plan_reads_the_mirror_and_writes_nothing(switch):
    maas = switch("3.7")
    before, writes = maas.snapshot(), maas.region.lab("writes")
    changed, output = maas.play.run("--check", stream="candidate")
    assert changed and maas.region.lab("writes") == writes and maas.snapshot() == before
    assert "has not been tested with MAAS yet" in said(output) and "has all that MAAS" in said(output)
    assert maas.mirror.count("candidate/noble/*/squashfs") == 1


@pytest.mark.parametrize("version", ("2.7", "2.8", "2.9", "3.2", "3.4", "3.7", "3.8"))
def test_there_again_and_back(switch, version):
    maas = switch(version)
    before, versions = maas.snapshot(), maas.versions
    assert maas.play.run(stream="candidate")[0] and maas.source == "candidate"
    assert maas.versions and all(maas.versions[release] > was for release, was in versions.items())
    writes = maas.region.lab("writes")
    assert not maas.play.run(stream="candidate")[0] and maas.region.lab("writes") == writes
    assert maas.play.run(stream="stable")[0]
    assert maas.snapshot() == before and maas.versions == versions


# What is seen before anything is touched

def test_an_incomplete_mirror_is_refused_in_check_mode_too(switch):
    maas = switch("3.7")
    writes = maas.region.lab("writes")
    mirror = maas.mirror
    mirror.fault("candidate/noble/*/squashfs", faults.Status(404))
    for flags in ([], ["--check"]):
        assert "squashfs: 404" in maas.fails_and_is_as_it_was(*flags)
    assert maas.region.lab("writes") == writes


def test_a_keyring_that_does_not_fit_is_refused(switch):
    maas = switch("3.7")
    writes = maas.region.lab("writes")
    output = maas.fails_and_is_as_it_was(maas_source_keyring_filename=None, maas_source_keyring_file=str(maas.other_key))
    assert "is not signed by a key of the keyring that MAAS would use" in output
    assert maas.region.lab("writes") == writes


def test_what_maas_selects_has_to_be_there(switch):
    maas = switch("3.7")
    maas.region.client.post("boot-sources/1/selections/", {"os": "ubuntu", "release": "focal", "arches": ["amd64"],
                                                           "subarches": "*", "labels": "*"})
    maas.mirror.fault("candidate/focal/*/boot-initrd", faults.Status(404))
    assert "focal" in maas.fails_and_is_as_it_was()


def test_names_of_streams(switch):
    maas = switch("3.7")
    production = {"maas_source_production": True}
    assert "never to be used in production" in maas.fails_and_is_as_it_was(**production)
    assert "It may be a URL, or one of mirror, stable, candidate, daily, maas.io" in maas.fails_and_is_as_it_was(stream="cadidate")
    maas.mirror.directory = maas.mirror.directory / "candidate"  # by another name it is candidate still
    named = maas.mirror.url + "."
    assert "labelled candidate" in maas.fails_and_is_as_it_was(stream=named, **production)
    given = ("--check", "-e", "maas_source_allow_candidate=true")  # as text, as people write it
    assert maas.play.run(*given, stream=named, **production)[0]
    maas.mirror.directory = maas.mirror.directory.parent
    changed, output = maas.play.run(stream="daily")
    assert not changed and "retired, and stable today" in said(output)


# What goes wrong later

@pytest.mark.parametrize("version", ("3.4", "3.7", "3.8"))
def test_an_import_that_stalls(switch, version):
    """The length is right, so the probe is content; MAAS reads the bytes."""
    maas = switch(version)
    maas.mirror.fault("candidate/*/squashfs", faults.Flip(9))
    output = maas.fails_and_is_as_it_was(maas_source_import_timeout=5, maas_source_settings={"boot_images_no_proxy": True})
    assert "MAAS is as it was" in output
    maas.mirror.heal()
    assert maas.region.lab("settle", {"seconds": 30})["settled"]
    maas.update()
    assert maas.source == "stable" and maas.versions


@pytest.mark.parametrize("at,how", ((1, "500"), (2, "away"), (3, "drop-after")))
def test_an_api_that_dies_in_mid_switch(switch, at, how):
    """1 is the setting, 2 the source, 3 the import."""
    maas = switch("3.7")
    maas.region.lab("fail", {"at": at, "how": how, "seconds": 8})
    output = maas.fails_and_is_as_it_was(maas_source_settings={"boot_images_no_proxy": True})
    assert "MAAS is as it was" in output


def test_an_api_that_stays_away_leaves_word_of_what_was(switch):
    maas = switch("3.7")
    maas.region.lab("fail", {"at": 2, "how": "exit"})
    output = said(maas.play.fails(stream="candidate", maas_source_put_back_timeout=5))
    assert "MAAS does not answer any more" in output
    assert "Before the switch it had: boot source %sstable/: keyring_filename=%s" % (maas.mirror.url, maas.key) in output
    assert "selection of %sstable/: ubuntu/noble arches=amd64" % maas.mirror.url in output


@pytest.mark.parametrize("version", ("3.7", "3.8"))
def test_from_an_uploaded_keyring_back_to_a_file_name(switch, version):
    """There is no request that does it: the source is deleted and made again, and its selections put back."""
    maas = switch(version)
    maas.mirror.fault("candidate/*/squashfs", faults.Flip(9))
    output = maas.fails_and_is_as_it_was(maas_source_keyring_filename=None, maas_source_keyring_file=str(maas.key),
                                         maas_source_import_timeout=5)
    assert "MAAS is as it was" in output


def test_what_can_not_be_put_back_is_told_line_by_line(switch):
    """The former source is gone when its selections are to be put back, and MAAS takes none from a source that it can't read."""
    maas = switch("3.7")
    maas.mirror.fault("candidate/*/squashfs", faults.Flip(9))
    maas.mirror.fault("stable/*", faults.Status(404))
    output = said(maas.play.fails(stream="candidate", maas_source_import_timeout=5, maas_source_put_back_timeout=5,
                                  maas_source_keyring_filename=None, maas_source_keyring_file=str(maas.key)))
    assert "MAAS is NOT as it was." in output
    assert "It had, and has no more: selection of" in output and "It had, and has no more: setting" not in output
    assert "Putting it back failed: " in output
    assert "To mend it, run the playbook with maas_source_stream=%sstable" % maas.mirror.url in output


def test_passwords_are_put_back_and_never_shown(start, play, mirror, streams):
    secret = "http://joe:pass-of-joe@" + mirror.url[len("http://"):]
    region = start("3.7", "--default-url", secret + "stable", "--default-keyring", str(stream.keyring(streams / "made")))
    proxy = "http://joe:pass-of-proxy@127.0.0.1:1/"
    region.client.post("maas/?op=set_config", {"name": "http_proxy", "value": proxy})
    maas = Switch(region, play, mirror, streams)
    before = maas.snapshot()
    mirror.fault("candidate/*/squashfs", faults.Flip(9))
    code, output = maas.play.try_run(stream=mirror.url + "candidate/", maas_source_import_timeout=5,
                                     maas_source_settings={"http_proxy": ""})
    assert code == 2 and maas.snapshot() == before
    assert "pass-of" not in output and "MAAS is as it was" in output


def test_an_import_of_the_former_source_is_stopped_first(switch):
    """MAAS takes "start" for done while one runs, even if that one read its stream before the switch."""
    maas = switch("3.7")
    had = maas.versions
    maas.region.lab("hold", {"points": ["rows"]})
    maas.region.client.post("boot-resources/?op=import")

    def let_go_after_the_stop():
        while not any(one["op"] == "stop_import" for one in maas.region.lab("writes")):
            time.sleep(0.2)
        maas.region.lab("release", {})

    watcher = threading.Thread(target=let_go_after_the_stop, daemon=True)
    watcher.start()
    assert maas.play.run(stream="candidate")[0]
    watcher.join(5)
    assert not watcher.is_alive() and maas.versions["noble"] > had["noble"]


# Keys and sites

def test_the_key_of_a_trimmed_mirror_comes_over_the_inventorys_connection(switch, play, streams):
    maas = switch("3.7")
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    held = maas.key.parent / "held"
    held.mkdir(exist_ok=True)
    (held / "keyring.gpg").write_bytes(maas.key.read_bytes())
    maas.play = play(maas.region, playbook="switch_stream", maas_source_url=maas.mirror.url + "stable/", inventory={
        "maas_mirrors": {"hosts": {"mirror1": dict(local, mirror_sync_mirrors=[
            {"name": "candidate", "index": "trimmed", "path": str(held)}])}}})
    assert maas.play.run(stream="candidate")[0]
    assert maas.play.source == (1, maas.mirror.url + "candidate", maas.key.read_bytes())
    assert not maas.play.run(stream="candidate")[0]


@pytest.fixture
def sites(start, play, streams, tmp_path):
    """The three sites of the example, with three stand-ins and one web server in place of the hosts."""
    served = tmp_path / "served" / "maas" / "images"
    served.mkdir(parents=True)
    (served / "ephemeral-v3").symlink_to(streams / "made" / "ephemeral-v3")
    with faults.Upstream(tmp_path / "served") as upstream:
        key = str(stream.keyring(streams / "made"))
        options = ("--default-url", upstream.url + "maas/images/ephemeral-v3/candidate", "--default-keyring", key)
        names = dict(berlin="3.4", lab="3.7", tokyo="3.8")
        regions = {name: start(version, *options) for name, version in names.items()}
        here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        port = int(upstream.url.rstrip("/").rpartition(":")[2])
        hosts = {f"maas.{name}.example.com": dict(here, maas_source_api_url=region.url) for name, region in regions.items()}
        hosts |= {f"mirror.{name}.example.com": dict(here, ansible_host="127.0.0.1", mirror_web_port=port) for name in names}
        runs = play(None, inventory={"all": {"hosts": hosts}}, maas_source_keyring_filename=key)
        runs.regions, runs.upstream = regions, upstream
        runs.more = ("-i", str(EXAMPLE))
        yield runs


def streams_of(sites):
    """The last part of the only source's URL, by site."""
    return {name: region.sources[0]["url"].rstrip("/").rpartition("/")[2] for name, region in sites.regions.items()}


def test_sites_one_after_the_other_each_from_its_own_mirror(sites):
    _changed, output = sites.run(*sites.more)
    assert streams_of(sites) == {"berlin": "stable", "lab": "candidate", "tokyo": "stable"}
    assert output.count("PLAY [Point MAAS at a mirror]") == 3


def test_none_after_the_first_that_fails(sites):
    """focal, which 3.4 commissions with, is good; noble, which the others do, is not."""
    sites.upstream.fault("*/stable/noble/*/boot-kernel", faults.Status(404))
    sites.upstream.fault("*/candidate/noble/*/boot-kernel", faults.Status(404))
    sites.fails(*sites.more)
    assert streams_of(sites) == {"berlin": "stable", "lab": "candidate", "tokyo": "candidate"}
    assert not sites.regions["lab"].lab("writes") and not sites.regions["tokyo"].lab("writes")
