# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site answers: headers, types, ranges, what it keeps to itself."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import ASK, ITEM, ITEM_BYTES, NEVER, STABLE, curl

FOR_A_YEAR = ("public, max-age=31536000, immutable, no-transform", None)


def test_nginx_has_nothing_to_say_against_it(site, secure):
    assert site.test() == "" and secure.test() == ""


@pytest.mark.parametrize("path", ["index.sjson", "index.json", "com.ubuntu.maas:stable:v3:download.sjson"])
def test_no_cache_keeps_an_index(site, path):
    assert curl(f"{site.url}{STABLE}streams/v1/{path}").caching == NEVER


@pytest.mark.parametrize(
    "path",
    [
        ITEM,
        "noble/amd64/20250621/ga-24.04/generic/boot-initrd",
        "bootloaders/uefi/amd64/20210819.0/grub2-signed.tar.xz",
        "centos/centos70/amd64/20191010_01/root.tgz",
    ],
)
def test_an_item_is_immutable_for_a_year(site, path):
    answer = curl(f"{site.url}{STABLE}{path}")
    assert answer.status == 200 and answer.caching == FOR_A_YEAR
    assert curl(f"{site.url}/maas/images/ephemeral-v3/daily/{path}").caching == FOR_A_YEAR


@pytest.mark.parametrize("path", ["status.json", "keyring.gpg"])
def test_what_has_no_date_in_its_path_is_asked_for_each_time(site, path):
    answer = curl(f"{site.url}{STABLE}{path}")
    assert answer.status == 200 and answer.caching == ASK


@pytest.mark.parametrize("path", ["noble/amd64/20250621/not-yet", "streams/v1/not-yet.sjson", "noble/amd64/20250621/"])
def test_what_is_not_there_yet_is_not_remembered(site, path):
    answer = curl(f"{site.url}{STABLE}{path}")
    assert answer.status in (403, 404) and answer.caching == NEVER


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("streams/v1/index.sjson", "text/plain; charset=utf-8"),
        ("streams/v1/index.json", "application/json"),
        ("status.json", "application/json"),
        ("noble/amd64/20250621/squashfs.manifest", "text/plain; charset=utf-8"),
        (ITEM, "application/octet-stream"),
        ("noble/amd64/20250621/root.squashfs", "application/vnd.squashfs"),
        ("jammy/amd64/20250101/root-image.gz", "application/gzip"),
        ("centos/centos70/amd64/20191010_01/root.tgz", "application/gzip"),
        ("bootloaders/uefi/amd64/20210819.0/grub2-signed.tar.xz", "application/x-xz"),
        ("keyring.gpg", "application/octet-stream"),
    ],
)
def test_types(site, path, kind):
    headers = curl(f"{site.url}{STABLE}{path}").headers
    assert headers["content-type"] == kind and headers["x-content-type-options"] == "nosniff"


def test_an_index_arrives_as_it_was_signed(site):
    answer = curl(f"{site.url}{STABLE}streams/v1/index.sjson", "--header", "Accept-Encoding: gzip, deflate")
    assert answer.body == b"index" and "content-encoding" not in answer.headers


def test_ranges(site):
    whole = curl(site.url + STABLE + ITEM)
    assert whole.body == ITEM_BYTES and whole.headers["accept-ranges"] == "bytes"
    part = curl(site.url + STABLE + ITEM, "--range", "1000-1999")
    assert part.status == 206 and part.body == ITEM_BYTES[1000:2000] and part.caching == FOR_A_YEAR
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(ITEM_BYTES)}"
    assert curl(site.url + STABLE + ITEM, "--range", "9000000-").status == 416
    same = curl(site.url + STABLE + ITEM, "--range", "0-9", "--header", f"If-Range: {whole.headers['etag']}")
    other = curl(site.url + STABLE + ITEM, "--range", "0-9", "--header", 'If-Range: "other"')
    assert (same.status, other.status) == (206, 200)


def test_etag_spares_a_second_download(site):
    etag = curl(site.url + STABLE + ITEM).headers["etag"]
    again = curl(site.url + STABLE + ITEM, "--header", f"If-None-Match: {etag}")
    assert (again.status, again.body, again.caching) == (304, b"", FOR_A_YEAR)


@pytest.mark.parametrize(
    "path",
    [
        ".mirror/",
        ".mirror/lock",
        "noble/../.mirror/lock",
        "%2emirror/lock",
        "noble/.hidden",
        "//.mirror/lock",
        "health/answer",
        "health/none",
    ],
)
def test_what_is_private_is_not_there(site, path):
    assert curl(site.url + STABLE + path).status == 404


@pytest.mark.parametrize(
    "path", ["../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc/passwd", "noble/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"]
)
def test_no_path_leads_out(site, path):
    assert curl(site.url + STABLE + path).status in (400, 404)


def test_directories_are_listed_only_where_asked(site, site_of):
    assert curl(site.url + STABLE + "noble/").status == 403
    with site_of(mirror_web_listing=True) as listing:
        assert b'href="amd64/"' in curl(listing.url + STABLE + "noble/").body
        assert b".mirror" not in curl(listing.url + STABLE).body


def test_nobody_else_on_the_port_is_the_mirror(site):
    assert [curl(site.url + path).status for path in ("/", "/etc/passwd", "/maas/", "/maas/images/ephemeral-v3/")] == [404] * 4


def test_the_overview_is_of_the_root(site):
    (site.scratch / "root").mkdir(exist_ok=True)
    (site.scratch / "root" / "index.html").write_text("overview", encoding="utf-8")
    (site.scratch / "root" / ".secret").write_text("", encoding="utf-8")
    answer = curl(site.url + "/maas/images/")
    assert (answer.status, answer.body, answer.caching) == (200, b"overview", ASK)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert curl(site.url + "/maas/images").headers["location"] == "/maas/images/"
    assert curl(site.url + "/maas/images/.secret").status == 404


def test_other_sites_stay_what_they_are(site_of):
    other = 'server { listen %d default_server; server_name _; return 200 "other $http_host"; }'
    beside = site_of(mirror_web_server_names=["mirror.example.com", "images.example.com"])
    (beside.scratch / "nginx.conf").write_text(
        (beside.scratch / "nginx.conf").read_text(encoding="utf-8").replace("site.conf;", "site.conf;" + other % beside.port),
        encoding="utf-8",
    )
    with beside:
        assert curl(beside.url + STABLE, "--header", "Host: www.example.com").body == b"other www.example.com"
        for name in ("mirror.example.com", "images.example.com"):
            assert curl(beside.url + STABLE + "status.json", "--header", f"Host: {name}").status == 200


def test_ipv6_where_the_kernel_has_it(site):
    listening = (
        subprocess.run(
            ["curl", "--silent", "--noproxy", "*", "--globoff", f"http://[::1]:{site.port}{STABLE}status.json"],
            check=False,
            capture_output=True,
        ).returncode
        == 0
    )
    assert listening == Path("/proc/net/if_inet6").exists()


def test_the_log_is_json_with_the_mirror_and_no_secret(site):
    curl(
        site.url + "/maas/images/ephemeral-v3/daily/" + ITEM + "?token=hush",
        "--user",
        "joe:hush",
        "--range",
        "0-9",
        "--user-agent",
        'a "quoted" one\\',
    )
    (row,) = logged(site, "a ", 1)
    assert (
        row["mirror"] == "stable"
        and row["path"].endswith("/daily/" + ITEM)
        and row["status"] == "206"
        and row["range"] == "bytes=0-9"
    )
    assert row["agent"] == 'a "quoted" one\\' and row["completed"] == "OK" and row["bytes"] > 10
    assert "hush" not in site.log.read_text(encoding="utf-8")
    assert "hush" not in (site.scratch / "error.log").read_text(encoding="utf-8")


def logged(site, agent, count):
    """What the log has of so many requests of an agent whose name begins so."""
    end, rows = time.monotonic() + 15, []
    while len(rows) < count:
        assert time.monotonic() < end
        time.sleep(0.5)
        lines = map(json.loads, site.log.read_text(encoding="utf-8").splitlines())
        rows = [row for row in lines if row["agent"].startswith(agent)]
    return rows


def test_the_log_names_the_mirror_of_whatever_is_asked_for(site):
    of_the_mirror = [STABLE, STABLE + ITEM, STABLE + "streams/v1/index.sjson", STABLE + "not-there"]
    for path in [*of_the_mirror, "/elsewhere"]:
        curl(site.url + path, "--user-agent", "names")
    names = [row["mirror"] for row in logged(site, "names", 5)]  # in any order: each worker of nginx writes its own
    assert sorted(names) == [""] + ["stable"] * len(of_the_mirror)


def test_a_reload_drops_no_download(site_of):
    with site_of(mirror_web_rate_limit="150K") as slow:
        download = subprocess.Popen(
            ["curl", "--silent", "--show-error", "--noproxy", "*", slow.url + STABLE + ITEM], stdout=subprocess.PIPE
        )
        started = download.stdout.read(1000)
        before = slow.workers()
        slow.reload(mirror_web_listing=True)
        assert slow.workers() - before
        while curl(slow.url + STABLE + "noble/").status == 403:  # the new configuration answers while the old one still sends
            time.sleep(0.05)
        assert download.poll() is None
        rest = download.stdout.read()
        assert download.wait() == 0 and started + rest == ITEM_BYTES
