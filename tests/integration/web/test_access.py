# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in, how fast, and how: TLS, lists, limits; and which inputs are refused."""

from __future__ import annotations

import subprocess
import time

import pytest
import web

from .conftest import ITEM, ITEM_BYTES, STABLE, curl

METADATA = STABLE + "streams/v1/index.sjson"


@pytest.mark.parametrize("path", [METADATA, STABLE + ITEM, STABLE + "status.json", STABLE + "health", "/maas/images/health"])
def test_no_file_is_redirected(secure, path):
    assert curl(secure.url + path).status in (200, 503)


@pytest.mark.parametrize("path", [STABLE, STABLE + "noble/", "/maas/images/"])
def test_directories_are_where_that_is_chosen(secure, site, path):
    answer = curl(secure.url + path)
    assert (answer.status, answer.headers["location"]) == (302, secure.tls_url + path)
    assert curl(site.url + path).status != 302
    assert curl(secure.tls_url + path, "--insecure").status in (200, 403, 404)


def test_http2_and_the_names_of_the_certificate(secure):
    asked = f"https://mirror.example.com:{secure.tls_port}{METADATA}"
    answer = curl(asked, "--cacert", str(secure.certificate), "--resolve", f"mirror.example.com:{secure.tls_port}:127.0.0.1")
    assert (answer.protocol, answer.status, answer.body) == ("HTTP/2", 200, b"index")
    assert answer.headers["cache-control"].startswith("no-store")
    assert curl(secure.tls_url + STABLE + ITEM, "--cacert", str(secure.certificate), "--http1.1").body == ITEM_BYTES


def test_old_tls_is_refused(secure):
    old = subprocess.run(
        [
            "curl",
            "--silent",
            "--insecure",
            "--noproxy",
            "*",
            "--tls-max",
            "1.1",
            "--ciphers",
            "DEFAULT@SECLEVEL=0",
            secure.tls_url + METADATA,
        ],
        check=False,
        capture_output=True,
    )
    assert old.returncode == 35


def test_a_certificate_is_signed_again_for_other_names_only(secure):
    before = secure.certificate.read_bytes()
    secure.reload()
    assert secure.certificate.read_bytes() == before
    secure.reload(mirror_web_server_names=["mirror.example.com", "images.example.com", "~^[0-9.]+$"])
    assert secure.certificate.read_bytes() != before
    assert (secure.certificate.parent / "key.pem").stat().st_mode & 0o777 == 0o600


def test_access_lists(site_of):
    acme = {"mirror_web_acme_root": "ACME"}
    limited = site_of(mirror_web_allow=["127.0.0.8/29", "2001:db8::/32"], mirror_web_deny=["127.0.0.10"])
    challenge = limited.scratch / "acme" / ".well-known" / "acme-challenge"
    challenge.mkdir(parents=True)
    (challenge / "token").write_text("answer", encoding="utf-8")
    acme["mirror_web_acme_root"] = str(limited.scratch / "acme")
    with limited:
        limited.reload(**acme)
        got = {last: curl(limited.url + STABLE + ITEM, "--interface", f"127.0.0.{last}").status for last in (1, 2, 9, 10)}
        assert got == {1: 200, 2: 403, 9: 200, 10: 403}
        answer = curl(limited.url + "/.well-known/acme-challenge/token", "--interface", "127.0.0.2")
        assert (answer.status, answer.body) == (200, b"answer")
        assert curl(limited.url + "/.well-known/other").status == 404


def test_without_a_place_for_acme_there_is_none(site):
    assert curl(site.url + "/.well-known/acme-challenge/token").status == 404


def test_limits_of_rate_and_connections(site_of):
    with site_of(mirror_web_rate_limit="1M", mirror_web_connection_limit=2, mirror_web_tls="self_signed") as limited:
        begun = time.monotonic()
        two = [
            subprocess.Popen(
                ["curl", "--silent", "--fail", "--noproxy", "*", "--output", "/dev/null", limited.url + STABLE + ITEM]
            )
            for _number in range(2)
        ]
        time.sleep(0.5)
        assert curl(limited.url + STABLE + ITEM).status == 429
        assert curl(limited.url + STABLE + ITEM, "--interface", "127.0.0.2", "--range", "0-9").status == 206
        assert curl(limited.url + STABLE + "health").status == 503  # which is the mirror's own word, not the limit's
        assert [download.wait() for download in two] == [0, 0]
        assert 0.9 < time.monotonic() - begun < 10  # 2 MiB at 1 MiB/s, the first of which comes at once
        assert curl(limited.url + STABLE + ITEM).status == 200


REFUSED = [
    ({"mirror_web_allow": ["192.0.2.0/33"]}, "192.0.2.0/33"),
    ({"mirror_web_deny": ["300.1.1.1"]}, "300.1.1.1"),
    ({"mirror_web_allow": ["example.com"]}, "is no network"),
    ({"mirror_web_allow": ["2001:db8::/129"]}, "2001:db8::/129"),
    ({"mirror_web_rate_limit": "fast"}, "bytes a second"),
    ({"mirror_web_redirect_to_https": True}, "needs TLS"),
    ({"mirror_web_tls": "given", "mirror_web_tls_key_src": "key.pem"}, "come together"),
    ({"mirror_web_server_names": ["a; return 200"]}, "mirror_web_server_names"),
    ({"mirror_web_acme_root": "acme"}, "absolute path"),
    ({"mirror_web_tls": "self_signed", "mirror_web_tls_port": 4711, "mirror_web_port": 4711}, "differ"),
]
TAKEN = {
    "mirror_web_allow": ["192.0.2.1", "10.0.0.0/8", "::1", "2001:db8::/32"],
    "mirror_web_rate_limit": "20M",
    "mirror_web_acme_root": "/var/www/acme",
}


def test_inputs_that_make_no_sense_are_refused_and_say_which(tmp_path):
    *said, nothing = web.preflight(tmp_path, [inputs for inputs, _words in REFUSED] + [TAKEN])
    assert [words for (_inputs, words), line in zip(REFUSED, said) if words not in line] == []
    assert nothing == ""
