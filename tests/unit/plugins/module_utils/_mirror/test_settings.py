# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import SettingsError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import (
    DEFAULT_SELECTIONS, MIRROR_OPTIONS, Selection, checked, load)

GOOD = {"source": "https://images.example.com/ephemeral-v3/stable", "path": "/srv/mirror/stable", "keyring": "/k.gpg"}


def settings(**values):
    return checked(dict(GOOD, **values), MIRROR_OPTIONS)


def selection(**values):
    return settings(selections=[values]).selections[0]


def test_defaults_are_what_a_maas_for_amd64_needs():
    made = settings()
    assert made.name == "stable"
    assert made.keep_generations == 2
    assert [wanted.expressions() for wanted in made.selections] == [
        ["os~^(ubuntu)$", "release~^(jammy|noble)$", "arch~^(amd64)$"],
        [r"os~^(grub\-efi|grub\-efi\-signed|grub\-ieee1275|pxelinux)$"]]
    assert all(wanted.max == 1 for wanted in made.selections)


def test_settings_of_one_mirror_do_not_change_the_defaults_of_another():
    settings().selections[0].releases.append("focal")
    assert settings().selections[0].releases == ["jammy", "noble"]
    assert DEFAULT_SELECTIONS[0]["releases"] == ["jammy", "noble"]


@pytest.mark.parametrize("spelling", ["https://images.example.com/ephemeral-v3/stable",
                                      "https://images.example.com/ephemeral-v3/stable/",
                                      "https://images.example.com/ephemeral-v3/stable//",
                                      "https://images.example.com/ephemeral-v3/stable/streams/v1/index.sjson",
                                      "https://images.example.com/ephemeral-v3/stable/streams/v1/index.json"])
def test_source_is_the_directory_however_it_is_spelled(spelling):
    assert settings(source=spelling).source == "https://images.example.com/ephemeral-v3/stable/"


@pytest.mark.parametrize("values, words", [
    ({"keyring": None}, "keyring is missing. Give the keyring that the stream is signed with, or verify_signature: false"),
    ({"source": None}, "source is missing"),
    ({"source": "images.example.com/stable"}, "source is 'images.example.com/stable'. It is the http or https URL"),
    ({"source": "file:///srv/stream"}, "It is the http or https URL"),
    ({"path": "mirror"}, "path is 'mirror'. It is the absolute path"),
    ({"path": "/"}, "path is '/'"),
    ({"paralel": 3}, "paralel is not a setting. Did you mean parallel?"),
    ({"zzz": 3}, "zzz is not a setting. There are: allow_downgrade"),
    ({"parallel": 0}, "parallel is 0. It has to be at least 1"),
    ({"connections": 129}, "connections is 129. It has to be at least 1 and at most 128"),
    ({"sources": ["ftp://mirror/stable"]}, "sources has 'ftp://mirror/stable'. It is the http or https URL"),
    ({"source": "http://h:99999/"}, "source is 'http://h:99999/'"),
    ({"password": "secret"}, "password is given without username"),
    ({"username": "a:b", "password": "secret"}, "username is 'a:b'"),
    ({"client_key": "/k.pem"}, "client_key is given without client_cert"),
    ({"keep_generations": 0}, "keep_generations is 0"),
    ({"parallel": "many"}, "parallel is 'many'. It has to be of the type int"),
    ({"parallel": True}, "parallel is True. It has to be of the type int"),
    ({"wipe_ratio": 1.5}, "wipe_ratio is 1.5. It has to be at least 0 and at most 1"),
    ({"verify": "slow"}, "verify is 'slow'. It is one of fast, full"),
    ({"siblings": ["other"]}, "path is 'other'"),
    ({"rate_limit": "20 MB"}, "rate_limit is '20 MB'. It is bytes a second, as in 500K or 20M"),
    ({"selections": []}, "selections is empty"),
    ({"selections": ["noble"]}, "selections[0] is 'noble'. It has to be of the type dict"),
    ({"selections": [{"release": ["noble"]}]}, "selections[0].release is not a setting. Did you mean releases?"),
    ({"selections": [{"releases": "noble"}]}, "selections[0].releases is 'noble'. It has to be of the type list"),
    ({"selections": [{"releases": [24.04]}]}, "selections[0].releases[0] is 24.04. It has to be of the type str"),
    ({"selections": [{"max": 0}]}, "selection 1: max is 0"),
    ({"selections": [{"filters": ["noble"]}]}, "selection 1: 'noble' is not a filter"),
    ({"selections": [{"filters": ["os~("]}]}, "selection 1: 'os~('"),
    ({"selections": [{"filters": ["os=ubuntu"], "arches": ["amd64"]}]}, "selection 1 has filters beside arch"),
])
def test_bad_settings_are_refused_in_words(values, words):
    with pytest.raises(SettingsError) as error:
        settings(**values)
    assert words in str(error.value)


@pytest.mark.parametrize("text, rate", [(None, 0), ("0", 0), ("1500", 1500), ("500K", 512000), ("20M", 20971520)])
def test_a_rate_is_bytes_a_second(text, rate):
    assert settings(rate_limit=text).rate == rate


def test_names_are_whole_and_literal_in_filters():
    assert selection(os=["ubuntu"], releases=["no.le"], max=3).expressions() == ["os~^(ubuntu)$", r"release~^(no\.le)$"]


def test_a_star_asks_for_nothing():
    wanted = selection(os=["ubuntu"], subarches=["*"], labels=["*"])
    assert wanted.expressions() == ["os~^(ubuntu)$"]
    assert wanted.asked() == {"os": ["ubuntu"]}


def test_raw_filters_are_passed_on():
    filters = ["arch=amd64", "release~(bionic|focal)"]
    assert selection(filters=filters).expressions() == filters
    assert isinstance(selection(filters=filters), Selection)


def test_a_file_holds_the_same_settings(tmp_path):
    file = tmp_path / "stable.json"
    file.write_text(json.dumps(GOOD))
    assert load(str(file)) == settings()


@pytest.mark.parametrize("content, words", [("{", "is not JSON"), ("[]", "holds no JSON object")])
def test_a_file_that_is_none_is_refused(tmp_path, content, words):
    file = tmp_path / "stable.json"
    file.write_text(content)
    with pytest.raises(SettingsError, match=words):
        load(str(file))


def test_a_missing_file_is_named():
    with pytest.raises(SettingsError, match="/nowhere/stable.json: No such file"):
        load("/nowhere/stable.json")
