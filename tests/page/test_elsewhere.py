# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page where it was not laid down, and with a status that it does not expect."""
from __future__ import annotations

import json
import re
import shutil
import subprocess

import mirrors
import pytest
import scene

VERDICTS = ("Fresh", "Failing", "Pinned", "Never synced", "Unknown")
HOSTILE = "<img src=x onerror=alert(1)><script>document.title='taken'</script>"


@pytest.fixture
def place(host, tmp_path):
    """A directory with the page, somewhere else: place(status) gives the URL of it with that status.json (text, or what becomes JSON)."""
    shutil.copy(host.root / "index.html", tmp_path)
    with mirrors.plain_server(tmp_path) as port:
        def put(status):
            (tmp_path / "status.json").write_text(status if isinstance(status, str) else json.dumps(status), encoding="utf-8")
            return f"http://{mirrors.NAME}:{port}/"

        yield put


def copied(source, target):
    """A copy as sites make it: over rsync, the published metadata for its link, nothing of what is hidden."""
    target.mkdir(parents=True)
    subprocess.run(["rsync", "--archive", "--copy-links", "--exclude=.mirror", f"{source}/", str(target)], check=True)


def test_a_copy_of_a_mirror_has_its_page_at_its_own_url(host, visit, tmp_path):
    copied(host.path("trimmed"), tmp_path / "pub" / "copy")
    with mirrors.plain_server(tmp_path) as port:
        one = visit()
        one.missing = {"progress.json"}
        one.open(f"http://{mirrors.NAME}:{port}/pub/copy/")
        assert (one.state, one.text("h1")) == ("Fresh", "trimmed")
        assert one.text(".url code") == f"http://{mirrors.NAME}:{port}/pub/copy/"
        assert f"curl -fsS -o keyring.gpg http://{mirrors.NAME}:{port}/pub/copy/keyring.gpg" in one.text("#use")
        assert len(one.table("images")) == len(mirrors.listed(tmp_path / "pub" / "copy", None, host.streams))
        assert one.page.get_by_role("link", name="All mirrors of this host").count() == 0


def test_a_copy_of_all_mirrors_of_a_host(host, visit, tmp_path):
    copied(host.root, tmp_path / "images")
    with mirrors.plain_server(tmp_path) as port:
        one = visit()
        one.missing = {"/empty/status.json"}
        one.open(f"http://{mirrors.NAME}:{port}/images/")
        assert len(one.table("mirrors")) == len(mirrors.MIRRORS)
        one.page.get_by_role("link", name="stale", exact=True).click()
        one.settle()
        assert (one.state, one.text(".url code")) == ("Stale", f"http://{mirrors.NAME}:{port}/images/ephemeral-v3/stale/")


def test_a_server_that_needs_no_last_slash(host, visit):
    base, one = f"http://{mirrors.NAME}/pub/copy", visit()
    one.page.route(f"{base}?from=afar", lambda route: route.fulfill(path=host.root / "index.html", content_type="text/html"))
    one.page.route(f"{base}/status.json", lambda route: route.fulfill(path=host.path("stale") / "status.json"))
    one.page.route(f"{base}/progress.json", lambda route: route.fulfill(path=host.path("stale") / "progress.json"))
    one.open(f"{base}?from=afar#images")
    assert (one.state, one.text(".url code")) == ("Stale", f"{base}/")


def test_opened_as_a_file_it_says_what_to_do(host, visit):
    one = visit()
    one.missing = {"status.json", "index.html"}  # the browser says that it lets no page read files
    one.open((host.path("fresh") / "index.html").as_uri())
    assert one.state == "Unknown"
    assert "Have a web server serve this directory" in one.text("#state")


def test_without_javascript_it_says_what_it_is(host, visit):
    one = visit(java_script_enabled=False).open(host.at("fresh"))
    words = one.text("main")
    assert "A copy of the images that MAAS installs machines with" in words
    assert "The address of this page is the URL to give to MAAS" in words
    assert one.page.locator("main a").evaluate_all("(all) => all.map((one) => one.href)") == [
        host.at("fresh") + "status.json", host.at("fresh") + "streams/v1/index.sjson"]
    assert one.requests == [host.at("fresh")]


def planted(value):
    """The status with every text in it replaced by markup, except for what the page decides by."""
    if isinstance(value, dict):
        return {key: planted(one) for key, one in value.items()}
    if isinstance(value, list):
        return [planted(one) for one in value]
    return HOSTILE if isinstance(value, str) and not re.match(r"\d{4}-\d\d-|(failed|sync)$", value) else value


def test_nothing_in_the_status_becomes_markup(host, visit, place):
    status = planted(host.status("failing"))
    status["runs"] = [dict(run, error=HOSTILE) for run in status["runs"]]
    one = visit()
    one.missing = {"progress.json"}
    one.open(place(status))
    assert (one.state, one.text("h1")) == ("Failing", HOSTILE)
    assert one.page.locator("img, main script").count() == 0
    assert one.page.title() == f"Failing: {HOSTILE} – MAAS image mirror"
    assert HOSTILE in one.text("#images") and HOSTILE in one.text("#runs") and HOSTILE in one.text("#generations")


def test_nothing_in_the_list_of_mirrors_becomes_markup_or_leads_away(visit, place):
    one = visit().open(place({"mirrors": [
        {"name": HOSTILE, "location": "https://elsewhere.example.com/", "aliases": []},
        {"name": "script", "location": "javascript:alert(1)"},
        {"name": "", "location": "x/"}, None, 7]}))
    assert one.text(".lead") == "No mirror is served here."


@pytest.mark.parametrize("twisted", [
    None, 7, "text", [], {}, [None, 7, "x", [], {}], {"error": 7, "outcome": "failed", "failures": 3, "warnings": [1]}])
def test_values_of_other_types_read_as_nothing(host, visit, place, twisted):
    status = host.status("fresh")
    whole = {key: twisted for key in status}
    parts = {key: [twisted] if isinstance(value, list) else dict.fromkeys(value, twisted) if isinstance(value, dict) else value
             for key, value in status.items()}
    one = visit()
    one.missing = {"progress.json"}
    for strange in (dict(whole, generation=status["generation"]), whole, parts):
        one.open(place(strange))
        assert one.state in VERDICTS
        assert not re.search(r"undefined|NaN|null|\[object|Invalid|can't be read", one.text("body"))


def test_a_status_of_an_older_engine(host, visit, place):
    """The first one told no more than this."""
    status = host.status("fresh")
    kept = ("schema", "name", "source", "generation", "published", "items", "bytes", "images", "last_success", "last_attempt")
    old = {key: status[key] for key in kept}
    old["images"] = [{key: image[key] for key in image if key != "kernels"} for image in old["images"]]
    one = visit().open(place(old))
    assert one.state == "Fresh"
    assert len(one.table("images")) == len(status["images"])
    assert one.page.locator("#generations, #disk").count() == 0
    assert not [url for url in one.requests if url.endswith("progress.json")]


def test_a_status_of_a_newer_engine(host, visit, place):
    one = visit()
    one.missing = {"progress.json"}
    one.open(place({**host.status("fresh"), "schema": 2, "something": {"new": True}}))
    assert one.state == "Fresh"
    assert "The mirror is newer than this page" in one.text("footer")


@pytest.mark.parametrize("content", ["", "<html>Please log in.</html>", "{"])
def test_a_status_that_is_none_is_told(visit, place, content):
    one = visit().open(place(content))
    assert one.state == "Unknown"
    assert "The mirror's status can't be read: it is not JSON; is there a proxy or a login page between?" in one.text("#state")


def test_a_server_that_fails_is_told(host, visit):
    one = visit()
    one.missing = {"status.json"}
    one.page.route("**/status.json", lambda route: route.fulfill(status=503, body="busy"))
    one.open(host.at("fresh"))
    assert one.state == "Unknown"
    assert "the server answers 503" in one.text("#state")


def test_the_servers_clock_counts(host, visit):
    """A visitor's clock that is a year ahead makes no mirror stale."""
    one = visit()
    one.page.clock.install(time="2031-01-01")
    one.open(host.at("fresh"))
    assert one.state == "Fresh"


def test_all_failures_can_be_unfolded(host, visit, place):
    status = host.status("failing")
    status["last_attempt"]["failures"] = [{"item": f"noble/amd64/{number}/squashfs", "error": "503"} for number in range(12)]
    one = visit()
    one.missing = {"progress.json"}
    one.open(place(status))
    one.page.get_by_text("All 12 items that failed").click()
    assert one.page.locator("#state li").all_inner_texts() == [f"noble/amd64/{number}/squashfs: 503" for number in range(12)]


def test_the_copy_is_the_roles_file(host):
    page = scene.TREE / "roles" / "mirror_web" / "files" / "index.html"
    assert (host.path("fresh") / "index.html").read_bytes() == page.read_bytes() == (host.root / "index.html").read_bytes()
    assert not host.path("empty").exists()
