# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx on the mirror hosts: beside another site on bookworm, by TLS and hardened on trixie; health and logs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

TRY_NGINX = Path(__file__).resolve().parents[3] / "roles" / "mirror_web" / "files" / "try-nginx"
ASK = """
import http.client, json, ssl, sys
scheme, host, path, name = sys.argv[1:]
if scheme == "https":
    trust = ssl.create_default_context(cafile="/opt/certificate.pem")
    made = http.client.HTTPSConnection(host, context=trust, timeout=20)
else:
    made = http.client.HTTPConnection(host, timeout=20)
made.request("GET", path, headers={"Host": name})
answer = made.getresponse()
headers = {key.lower(): value for key, value in answer.getheaders()}
print(json.dumps([answer.status, headers, answer.read().decode(errors="replace")]))
"""


def ask(mirror, path, scheme="http", name=None):
    """(status, headers, text) that the client gets."""
    return json.loads(
        mirror.client.check_output("python3 -c %s %s %s %s %s", ASK, scheme, mirror.name, path, name or mirror.name)
    )


@pytest.fixture(scope="module")
def bookworm(mirrors):
    return mirrors[0]


@pytest.fixture(scope="module")
def trixie(mirrors):
    return mirrors[1]


def stable(path):
    return "/maas/images/ephemeral-v3/stable/" + path


def test_each_mirror_is_fresh_and_so_is_its_host(mirror):
    for path in (stable("health"), "/maas/images/ephemeral-v3/daily/health"):
        status, _headers, text = ask(mirror, path)
        assert (status, json.loads(text)["status"], json.loads(text)["mirror"]) == (200, "fresh", "stable")
    status, _headers, text = ask(mirror, "/maas/images/health")
    assert (status, [one["mirror"] for one in json.loads(text)["mirrors"]]) == (200, ["stable", "candidate"])


def test_no_cache_keeps_the_index(mirror):
    assert ask(mirror, stable("streams/v1/index.sjson"))[1]["cache-control"].startswith("no-store")


def test_the_other_site_is_what_it_was(bookworm):
    assert ask(bookworm, "/maas/images/", name="other.lab.example")[2] == "another site"
    assert "Welcome to nginx" in ask(bookworm, "/", name="unknown.lab.example")[2]


def test_an_nginx_that_was_there_is_not_limited(bookworm):
    assert not bookworm.host.file("/etc/systemd/system/nginx.service.d/maas-image-mirror.conf").exists
    assert bookworm.host.check_output("systemctl show nginx --property=ProtectSystem --value") == "no"


def test_an_nginx_that_came_with_the_role_is_limited_from_its_first_start(trixie):
    assert trixie.host.check_output("systemctl show nginx --property=ProtectSystem --value") == "strict"
    master = trixie.host.check_output("cat /run/nginx.pid")
    for process in [master, *trixie.host.check_output("cat /proc/%s/task/%s/children", master, master).split()]:
        assert "NoNewPrivs:\t1" in trixie.host.check_output("cat /proc/%s/status", process)
    assert trixie.host.run("nsenter --target %s --mount touch /etc/nginx/written", master).rc != 0
    assert trixie.host.run("nsenter --target %s --mount touch /var/log/nginx/written", master).rc == 0


def test_tls_with_the_certificate_that_was_made(trixie):
    subprocess.run(
        f"podman exec {trixie.container} cat /etc/ssl/maas-image-mirror/certificate.pem |"
        " podman exec -i imm-maas sh -c 'cat > /opt/certificate.pem'",
        shell=True,
        check=True,
    )
    status, headers, text = ask(trixie, stable("streams/v1/index.sjson"), scheme="https")
    assert status == 200 and "BEGIN PGP SIGNATURE" in text and headers["cache-control"].startswith("no-store")
    assert ask(trixie, stable("streams/v1/index.sjson"))[2] == text  # and without


def test_the_key_is_nobody_elses(trixie):
    key = trixie.host.file("/etc/ssl/maas-image-mirror/key.pem")
    assert (key.user, key.mode) == ("root", 0o600)


def test_nginx_has_nothing_to_warn_of(mirror):
    assert "warn" not in mirror.host.run("nginx -t").stderr


def test_a_site_that_nginx_refuses_is_told_from_a_copy(mirror):
    before = mirror.host.check_output("cat /etc/nginx/conf.d/maas-image-mirror.conf")
    for site, words in (
        ("server { listen 80; nonsense; }", "conf.d/maas-image-mirror.conf:1"),
        ("server {", "unexpected end of file"),
    ):
        said = subprocess.run(
            [
                "podman",
                "exec",
                "-i",
                mirror.container,
                "sh",
                "-c",
                TRY_NGINX.read_text(encoding="utf-8"),
                "try-nginx",
                "conf.d/maas-image-mirror.conf",
            ],
            input=site,
            check=False,
            capture_output=True,
            text=True,
        )
        assert said.returncode == 1 and words in said.stderr and "/etc/nginx/" in said.stderr
    assert mirror.host.check_output("cat /etc/nginx/conf.d/maas-image-mirror.conf") == before
    assert mirror.host.run("nginx -t").rc == 0 and mirror.host.check_output("find /tmp -name 'tmp.*' -name '*nginx*'") == ""


def test_the_log_goes_on_after_it_was_rotated(mirror):
    log = "/var/log/maas-image-mirror/access.log"
    ask(mirror, stable("status.json"))
    mirror.host.check_output("sleep 6")  # nginx writes it every five seconds
    mirror.host.check_output("logrotate --force /etc/logrotate.d/maas-image-mirror")
    assert mirror.host.file(log + ".1").exists
    ask(mirror, stable("status.json"))
    mirror.host.check_output("sleep 6")
    row = json.loads(mirror.host.check_output("grep status.json %s | tail -n 1", log))
    assert row["mirror"] == "stable" and row["path"] == stable("status.json") and row["status"] == "200"
