# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot_source and boot_source_info against each version of MAAS."""

from __future__ import annotations

import base64

import pytest

UPSTREAM = "https://images.maas.io/ephemeral-v3/stable/"
MIRROR = "http://mirror.example.com/maas/images/ephemeral-v3/stable/"
FILE = "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"
KEY, OTHER_KEY = b"\x99\x01\x8d\x04one key", b"\x99\x01\x8d\x04another"


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "mirror.gpg"
    path.write_bytes(KEY)
    return str(path)


@pytest.fixture
def other_key(tmp_path):
    path = tmp_path / "other.gpg"
    path.write_bytes(OTHER_KEY)
    return str(path)


def urls(region):
    return [source["url"].rstrip("/") for source in region.sources]


def test_ladder(region, key, other_key):
    result = region.rung("boot_source", url=MIRROR, keyring_filename=FILE)
    assert result["boot_source"]["id"] == 2
    assert urls(region) == [UPSTREAM.replace("https", "http").rstrip("/"), MIRROR.rstrip("/")]
    assert len(result.get("warnings", [])) == (0 if region.version == "3.8" else 1)
    region.rung("boot_source", url=MIRROR, keyring_filename="/another.gpg")
    region.rung("boot_source", url=MIRROR, keyring_file=key)
    region.rung("boot_source", url=MIRROR, keyring_data=base64.b64encode(OTHER_KEY).decode())
    region.rung("boot_source", changed=False, url=MIRROR, keyring_file=other_key)
    region.rung("boot_source", changed=False, url=MIRROR)
    assert [source["id"] for source in region.sources] == [1, 2]
    region.rung("boot_source", url=MIRROR.replace("stable", "candidate"), match_url=MIRROR)
    assert region.sources[1]["id"] == 2 and base64.b64decode(region.sources[1]["keyring_data"]) == OTHER_KEY
    region.rung("boot_source", url=MIRROR.replace("stable", "candidate"), state="absent")
    assert len(region.sources) == 1


def test_the_default_source_is_pointed_at_the_mirror_in_place(region):
    selections = region.selections
    result = region.rung("boot_source", url=MIRROR, match_url=UPSTREAM)
    assert [(source["id"], source["keyring_filename"]) for source in region.sources] == [(1, FILE)]
    assert urls(region) == [MIRROR.rstrip("/")]
    assert region.selections == selections
    assert result["import_needed"] is (region.version != "3.8")
    region.rung("boot_source", url=UPSTREAM.rstrip("/"), match_url=MIRROR.rstrip("/"))


@pytest.mark.parametrize(
    "spelling", [MIRROR, MIRROR.rstrip("/"), MIRROR.replace("mirror", "MIRROR").replace("com/", "com:80/")]
)
def test_a_spelling_is_no_change(region, spelling):
    region.rung("boot_source", url=MIRROR, match_url=UPSTREAM)
    region.rung("boot_source", changed=False, url=spelling, match_url=UPSTREAM)


def test_data_to_filename_makes_it_anew_without_selections(region, key):
    region.rung("boot_source", url=MIRROR, keyring_file=key)
    result = region.rung("boot_source", url=MIRROR, keyring_filename=FILE)
    assert result["boot_source"]["id"] == 3 and result["boot_source"]["keyring_data"] == ""
    assert [source["keyring_filename"] for source in region.sources] == [FILE, FILE]


def test_a_source_that_can_not_be_made_anew_is_put_back(region, key):
    region.rung("boot_source", url=MIRROR, keyring_file=key)
    region.lab("fail", {"at": 2, "how": "500"})
    message = region.refused("boot_source", url=MIRROR, keyring_filename=FILE)
    assert "told to fail here" in message and "MAAS is as it was" in message
    assert [base64.b64decode(source["keyring_data"]) for source in region.sources] == [b"", KEY]


@pytest.mark.parametrize("version", ["3.4", "3.7"])
def test_both_spellings_in_one_maas(start, version):
    region = start(version)
    for url in (MIRROR, MIRROR.rstrip("/")):
        region.client.post("boot-sources/", {"url": url, "keyring_filename": FILE})
    region.rung("boot_source", url=MIRROR.rstrip("/"), keyring_filename="/exact.gpg")
    assert [source["keyring_filename"] for source in region.sources] == [FILE, FILE, "/exact.gpg"]
    assert "fits 2 boot sources" in region.refused("boot_source", url=MIRROR.replace("mirror", "MIRROR"))
    region.rung("boot_source", url=MIRROR, state="absent")
    assert [source["id"] for source in region.sources] == [1]


def test_38_fields(start, key):
    region = start("3.8")
    region.rung("boot_source", url=MIRROR, keyring_file=key, name="mirror", priority=9, enabled=False)
    result = region.rung("boot_source", url=MIRROR, enabled=True, priority=3)
    shown = {name: result["boot_source"][name] for name in ("name", "priority", "enabled", "skip_keyring_verification")}
    assert shown == {"name": "mirror", "priority": 3, "enabled": True, "skip_keyring_verification": False}
    region.rung("boot_source", url=MIRROR, keyring_filename=FILE)
    assert region.sources[1]["name"] == "mirror"
    region.rung("boot_source", url="http://mirror.example.com/unsigned", skip_keyring_verification=True)
    region.rung("boot_source", url="http://mirror.example.com/streams/v1/index.json")


@pytest.mark.parametrize("version", ["3.4", "3.7"])
def test_38_fields_are_named_where_they_are_not_known(start, version):
    result = start(version).rung("boot_source", url=MIRROR, match_url=UPSTREAM, name="mirror", priority=9)
    assert "does not know name, priority" in str(result["warnings"])


def test_the_last_source_comes_back_says_a_warning(start):
    assert "default one" in str(
        start("3.7").rung("boot_source", url=UPSTREAM.replace("https", "http"), state="absent")["warnings"]
    )


def test_absent_what_never_was(region):
    region.rung("boot_source", changed=False, url="http://no.example.com/", state="absent")


@pytest.mark.parametrize("check", [True, False])
class TestRefusals:
    """The same in check mode, before a byte is sent."""

    def test_a_host_without_a_dot(self, start, check):
        region = start("3.7")
        assert "has no dot" in region.refused("boot_source", check=check, url="http://mirror/x/", keyring_filename=FILE)
        assert not region.lab("writes")

    def test_an_armored_keyring(self, start, check, tmp_path):
        region = start("3.7")
        path = tmp_path / "mirror.asc"
        path.write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n", encoding="utf-8")
        message = region.refused("boot_source", check=check, url=MIRROR, keyring_file=str(path))
        assert "gpg --dearmor" in message and str(path) in message
        assert not region.lab("writes")

    def test_no_keyring(self, region, check):
        assert "needs a keyring" in region.refused("boot_source", check=check, url=MIRROR)

    def test_two_keyrings(self, start, check, key):
        assert "mutually exclusive" in start("3.7").refused(
            "boot_source", check=check, url=MIRROR, keyring_file=key, keyring_filename=FILE
        )

    @pytest.mark.parametrize("bad, hint", [(0, "first part"), (1, "second part"), (2, "third part")])
    def test_a_wrong_key(self, start, check, bad, hint):
        parts = "consumer-of-admin:token-of-admin:the-secret-of-admin".split(":")
        parts[bad] = "not-the-right-one"
        message = start("3.7").refused(
            "boot_source", check=check, url=MIRROR, keyring_filename=FILE, api_key=":".join(parts)
        )
        assert hint in message and "not-the-right-one" not in message

    def test_not_an_administrator(self, region, check):
        message = region.refused(
            "boot_source",
            check=check,
            url=MIRROR,
            keyring_filename=FILE,
            api_key="consumer-of-joe:token-of-joe:the-secret-of-joe",
        )
        assert "administrator" in message and ("not allowed" in message or "can_" in message)


def test_the_servers_own_words(start):
    region = start("3.8")
    region.done("boot_source", url=MIRROR, keyring_filename=FILE)
    message = region.refused("boot_source", url="http://m.example.com/", keyring_filename=FILE, name="MAAS Stable")
    assert "already exists" in message and "(400)" in message


def test_not_a_maas(start):
    region = start("3.7")
    message = region.refused("boot_source_info", api_url=region.url.replace("/MAAS", "/lab/"))
    assert "api_url" in message


def test_nobody_there(start):
    assert "can't be reached" in start("3.7").refused("boot_source_info", api_url="http://127.0.0.1:9/", timeout=5)


def test_a_lost_answer_is_told(region):
    region.lab("fail", {"at": 1, "how": "drop-after"})
    assert "may or may not have been done" in region.refused("boot_source", url=MIRROR, match_url=UPSTREAM)
    region.rung("boot_source", changed=False, url=MIRROR, match_url=UPSTREAM)


def test_a_password_in_a_url_is_never_shown(region):
    url = MIRROR.replace("http://", "http://site1:hunter2hunter2@")
    result = region.rung("boot_source", url=url, match_url=UPSTREAM)
    assert region.sources[0]["url"].rstrip("/") == url.rstrip("/")
    assert "hunter2" not in str(result)
    assert "hunter2" not in str(region.done("boot_source_info"))


def test_info(region, key):
    region.done("boot_source", url=MIRROR, keyring_file=key)
    for check in (True, False):
        result = region.done("boot_source_info", check=check)
        assert [source["url"].rstrip("/") for source in result["boot_sources"]] == urls(region)
        assert result["maas_version"].startswith(region.version)
        [found] = region.done(
            "boot_source_info",
            check=check,
            url=MIRROR.upper().replace("/MAAS/IMAGES/EPHEMERAL-V3/STABLE/", "/maas/images/ephemeral-v3/stable"),
        )["boot_sources"]
        assert found["keyring_digest"].startswith("sha256:") and found["id"] == 2
    assert not region.done("boot_source_info", url="http://no.example.com/")["boot_sources"]
