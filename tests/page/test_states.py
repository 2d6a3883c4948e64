# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page says of a mirror in each state, beside what the mirror's metadata and files say."""
from __future__ import annotations

import re
import shutil
import time

import faults
import mirrors
import pytest
import scene

HELD = {"fresh": mirrors.SECOND, "stale": mirrors.FIRST, "failing": mirrors.FIRST, "pinned": mirrors.FIRST, "trimmed": None}
VERDICTS = {
    "fresh": ("Fresh", r"Compared with upstream (just now|\d+ \w+ ago)\. All that was selected of it is here, and verified\."),
    "stale": ("Stale", r"No sync has succeeded for \d+ \w+; more than 1 second counts as stale\. What is published is complete and "
                       r"verified, but upstream may be ahead of it\."),
    "failing": ("Failing", r"The last sync failed (just now|\d+ \w+ ago) in the step fetch\. What is published stays as it is, complete "
                           r"and verified\."),
    "unborn": ("Never synced", r"Nothing is published yet\. The last sync failed (just now|\d+ \w+ ago) in the step snapshot\."),
    "empty": ("Never synced", r"Nothing is published yet; the first sync has not come to its end\."),
    "pinned": ("Pinned", r"Generation \S+ stays published, whatever upstream has, until maas-image-mirror unpin pinned is run on the "
                         r"mirror host\."),
    "trimmed": ("Fresh", r"Compared with upstream .*"),
}


@pytest.fixture
def mirror(request, host, visit):
    """The page of a mirror, on a desktop."""
    one = visit()
    if request.param == "empty":
        one.missing = {"/empty/status.json", "/empty/progress.json"}  # there is nothing yet, which is what is to be shown
    return one.open(host.at(request.param))


@pytest.mark.parametrize(("mirror", "state"), [(state, state) for state in mirrors.STATES], indirect=["mirror"])
def test_the_state_is_said_in_words(mirror, state):
    word, sentence = VERDICTS[state]
    assert mirror.state == word
    assert re.fullmatch(sentence, mirror.text("#state .verdict p >> nth=0"))
    assert mirror.text("h1") == state
    assert mirror.page.title() == f"{word}: {state} – MAAS image mirror"


@pytest.mark.parametrize(("mirror", "state"), [(state, state) for state in HELD], indirect=["mirror"])
def test_the_images_are_those_that_the_metadata_lists(mirror, state, host):
    listed = mirrors.listed(host.path(state), HELD[state], host.streams)
    shown = mirror.table("images")
    assert [[row[0], row[1], row[2], row[4], row[5]] for row in shown] == [
        [f"{image['os']} {image['release']}".strip(), image["arch"], image["version"], ", ".join(image["kernels"]), str(image["files"])]
        for image in sorted(listed, key=lambda image: not image["release"])]  # bootloaders come last
    assert [row[6] for row in shown] == [size(image["bytes"]) for image in sorted(listed, key=lambda image: not image["release"])]
    assert all(re.fullmatch(r"\d+ (days|months|years?)", row[3]) for row in shown)
    paths = [file for file in host.path(state).rglob("*") if file.is_file() and {".mirror", "streams"}.isdisjoint(file.parts)
             and file.parent != host.path(state)]
    total = mirror.page.locator("#images tfoot td").all_inner_texts()
    if state in ("stale", "trimmed"):  # one generation: what it lists is all that is there
        assert total[-2:] == [str(len(paths)), size(sum(path.stat().st_size for path in paths))]


@pytest.mark.parametrize("mirror", ["fresh"], indirect=True)
def test_bootloaders_are_apart(mirror):
    groups = mirror.page.locator("#images tbody")
    assert groups.count() == 2
    assert groups.nth(1).locator("[colspan]").inner_text() == "Bootloaders"
    assert set(row.split("\t")[0] for row in groups.nth(1).locator("tr:not(:has([colspan]))").all_inner_texts()) == set(mirrors.LOADERS)


@pytest.mark.parametrize(("mirror", "state", "served"), [("fresh", "fresh", "yes"), ("pinned", "pinned", "yes, pinned")],
                         indirect=["mirror"])
def test_the_generations_and_which_one_is_served(mirror, state, served, host):
    kept = sorted((path.name for path in (host.path(state) / ".mirror" / "generations").iterdir()), reverse=True)
    current = (host.path(state) / "streams").readlink().parts[2]
    assert len(kept) == 2
    assert current == kept[0 if state == "fresh" else 1]
    assert [(row[0], row[3]) for row in mirror.table("generations")] == [(name, served if name == current else "") for name in kept]


@pytest.mark.parametrize("mirror", ["fresh"], indirect=True)
def test_the_runs(mirror):
    assert [row[1:3] for row in mirror.table("runs")] == [["Verification", "Done"], ["Sync", "Done"], ["Sync", "Done"]]
    fetched = [row[4] for row in mirror.table("runs")]
    assert fetched[0] == "nothing"
    assert all(re.fullmatch(r"[\d.]+ [KM]iB", words) for words in fetched[1:])


@pytest.mark.parametrize("mirror", ["failing"], indirect=True)
def test_a_failure_is_told_in_the_servers_words(mirror, host):
    said = mirror.text("#state pre")
    assert said.strip() == host.status("failing")["last_attempt"]["error"].strip()
    assert re.search(r"noble/amd64/\d+/squashfs: .*503", said)
    failed, good = mirror.table("runs")
    assert failed[1:3] == ["Sync", f"Failed in fetch\n\n{said.splitlines()[0]}"]
    assert good[1:3] == ["Sync", "Done"]


@pytest.mark.parametrize("mirror", ["unborn"], indirect=True)
def test_what_was_never_published_is_not_praised(mirror):
    assert "404" in mirror.text("#state pre")
    assert "MAAS finds no images here before the first sync has come to its end." in mirror.text("#use")
    assert mirror.page.locator("#images, #generations").count() == 0


@pytest.mark.parametrize("mirror", ["fresh"], indirect=True)
def test_the_facts(mirror, host):
    status, facts = host.status("fresh"), mirror.facts()
    assert list(facts) == ["Last good sync", "Published", "Upstream as of", "It holds", "Verified"]
    assert facts["It holds"] == f"{size(status['bytes'])}\n{status['items']} files"
    assert facts["Upstream as of"].startswith("2025-06-21\n")
    assert facts["Verified"].endswith("\nevery byte, all good")
    assert facts["Last good sync"].endswith(status["last_success"][:16].replace("T", " ") + " UTC")


@pytest.mark.parametrize("mirror", ["fresh"], indirect=True)
def test_the_disk(mirror, host):
    disk = host.status("fresh")["disk"]
    assert mirror.page.locator("#disk li").all_inner_texts() == [
        f"This mirror, all generations: {size(disk['mirror'])}",
        f"Others: {size(disk['total'] - disk['free'] - disk['mirror'])}",
        f"Free: {size(disk['free'])} of {size(disk['total'])}"]
    assert disk["total"] == shutil.disk_usage(host.root).total


def test_a_mirror_that_takes_much_of_the_disk(host, visit):
    """The lab's are too small to be seen beside what else there is."""
    status = dict(host.status("fresh"), disk={"free": 30 << 30, "total": 100 << 30, "mirror": 20 << 30})
    one = visit()
    one.page.route("**/status.json", lambda route: route.fulfill(json=status))
    one.open(host.at("fresh"))
    assert one.page.locator("#disk li").all_inner_texts() == [
        "This mirror, all generations: 20.0 GiB", "Others: 50.0 GiB", "Free: 30.0 GiB of 100 GiB"]
    whole, mine, others = [one.page.locator(f"#disk {part}").bounding_box() for part in (".bar", ".bar .mine", ".bar .others")]
    assert [round(box["width"] / whole["width"], 2) for box in (mine, others)] == [0.2, 0.5]
    assert round(others["x"] - whole["x"] - mine["width"]) == 0


def test_a_run_at_work_shows_how_far_it_is(host, visit):
    with faults.Upstream(host.streams[mirrors.SECOND]) as upstream:
        upstream.fault("*/squashfs", faults.Rate(4000))
        process = scene.start(host.scratch, host.settings("working", upstream.url, stall_timeout=60), "sync")
        try:
            one = visit()
            words = one.page.locator("#state p", has_text="step fetch")
            end = time.monotonic() + 20
            while not words.count() and time.monotonic() < end:
                one.open(host.at("working"))
            assert re.match(r"A sync is at work since \d+ \w+: step fetch, \d+ % of [\d.]+ \w+", words.inner_text())
            assert one.page.get_by_role("progressbar", name="Progress of the run").is_visible()
            assert one.state == "Fresh"
        finally:
            process.kill()
            process.communicate()


def size(count: int) -> str:
    """Bytes as a person reads them, reckoned anew."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << shift:
            value = count / (1 << shift)
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"
    return f"{count} B"


def test_the_reckoning_of_sizes_is_right():
    assert [size(number) for number in (512, 2048, 300 << 20, 1536 << 20)] == ["512 B", "2.0 KiB", "300 MiB", "1.5 GiB"]
