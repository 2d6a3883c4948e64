# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for everybody: phone and desktop, light and dark, keyboard, screen reader, printer. Its pictures are kept to be looked at."""
from __future__ import annotations

import mirrors
import pytest
import visitor

PAGES = ("host", *mirrors.STATES)
VIEWS = [(width, scheme) for width in (visitor.PHONE, visitor.DESKTOP) for scheme in ("light", "dark")]
NARROW = 320  # CSS pixels: a desktop at 400 % zoom
# How many of the pixels of a canvas differ from the most frequent one
_INK = """async (source) => {
    const image = await createImageBitmap(await (await fetch(source)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer), counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    return [1 - Math.max(...counts.values()) / pixels.length, counts.size];
}"""


def url(host, name):
    """The URL of a page of PAGES."""
    return host.url if name == "host" else host.at(name)


def look(visit, host, name, width, scheme="light", **options):
    """A visitor who has opened a page of PAGES."""
    one = visit(width=width, color_scheme=scheme, **options)
    one.missing = {"/empty/status.json", "/empty/progress.json"}
    return one.open(url(host, name))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_axe_finds_nothing(host, visit, name, width, scheme):
    assert look(visit, host, name, width, scheme).violations() == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_pictures(host, visit, chromium, screenshots, name, width, scheme):
    one = look(visit, host, name, width, scheme)
    file = screenshots / f"{name}-{'phone' if width == visitor.PHONE else 'desktop'}-{scheme}.png"
    one.page.screenshot(path=file, full_page=True)
    bench = chromium.new_page()
    bench.route("**/picture.png", lambda route: route.fulfill(path=file, content_type="image/png"))
    bench.route("**/bench", lambda route: route.fulfill(body="", content_type="text/html"))
    bench.goto("http://127.0.0.1/bench")
    ink, colours = bench.evaluate(_INK, "/picture.png")
    bench.close()
    assert 0.02 < ink < 0.6  # neither blank nor a blot
    assert colours > 50


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [NARROW, visitor.PHONE, 600, 800, visitor.DESKTOP])
def test_nothing_is_wider_than_the_window(host, visit, name, width):
    one = look(visit, host, name, width)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    # nor cut off where it stands
    assert one.page.evaluate("""[...document.querySelectorAll('main *')].filter((one) => one.clientWidth && !one.classList.contains('unseen')
        && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline').map((one) => one.outerHTML)""") == []


@pytest.mark.parametrize("name", PAGES)
def test_light_and_dark_differ(host, visit, name):
    grounds = [look(visit, host, name, visitor.DESKTOP, scheme).page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
               for scheme in ("light", "dark")]
    assert [sum(map(int, ground[4:-1].split(","))) > 384 for ground in grounds] == [True, False]


def test_the_keyboard_goes_through_everything_in_the_order_in_which_it_is_read(host, visit):
    one = look(visit, host, "fresh", visitor.DESKTOP)
    reached = []
    for _press in range(20):
        one.page.keyboard.press("Tab")
        focus = one.page.evaluate("""() => {
            const one = document.activeElement, box = one.getBoundingClientRect(), ring = getComputedStyle(one).outlineStyle;
            return one === document.body ? null : [one.textContent.trim().replace(/^Copy /, ''), box.top + scrollY, ring];
        }""")
        if focus is None:
            break
        reached.append(focus)
    assert [words for words, _top, _ring in reached] == [
        "All mirrors of this host", "the URL", "the command that reads the boot sources", "the command for MAAS from packages",
        "the command for MAAS from the snap", "the command that imports", "status.json", "streams/v1/index.sjson"]
    assert [top for _words, top, _ring in reached] == sorted(top for _words, top, _ring in reached)
    assert {ring for _words, _top, ring in reached} == {"solid"}


def test_the_keyboard_copies(host, visit):
    one = look(visit, host, "fresh", visitor.DESKTOP)
    for _press in range(2):
        one.page.keyboard.press("Tab")
    one.page.keyboard.press("Enter")
    assert one.paste() == host.at("fresh")
    assert one.page.evaluate("document.activeElement.tagName") == "BUTTON"  # where it was


def test_a_screen_reader_is_told(host, visit):
    page = look(visit, host, "fresh", visitor.PHONE).page
    assert [page.get_by_role(role).count() for role in ("banner", "main", "contentinfo", "status")] == [1, 1, 1, 1]
    assert page.get_by_role("heading").all_inner_texts() == [
        "fresh", "Fresh", "Use it in MAAS", "Images", "Generations", "Runs", "Disk"]
    assert [heading.evaluate("(one) => one.tagName") for heading in page.get_by_role("heading").all()] == ["H1"] + ["H2"] * 6
    for name in ("Fresh", "Use it in MAAS", "Images", "Generations", "Runs", "Disk"):
        assert page.get_by_role("region", name=name, exact=True).count() == 1
    table = page.get_by_role("table", name="What MAAS can take from this mirror")  # on a phone it is laid out as lines, and still is one
    assert table.get_by_role("columnheader").all_text_contents() == [
        "Release", "Architecture", "Version", "Age", "Kernels", "Files", "Size"]
    assert table.get_by_role("row", name="ubuntu noble amd64").get_by_role("cell").count() == 6


def test_a_page_left_open_keeps_up_and_lets_the_reader_be(host, visit):
    one = visit()
    one.page.clock.install()
    one.open(host.at("fresh"))
    one.button("the URL").focus()
    before = len(one.requests)
    one.page.evaluate("document.querySelector('#runs').dataset.mark = 1")  # a section that differs from what is read next
    one.page.evaluate("document.querySelector('#use').kept = true")
    one.page.clock.fast_forward(61_000)
    one.page.wait_for_function("!document.querySelector('#runs').dataset.mark")
    assert {request.rpartition("/")[2] for request in one.requests[before:]} == {"status.json", "progress.json"}
    assert one.page.evaluate("document.querySelector('#use').kept")
    assert one.page.evaluate("document.activeElement.textContent") == "Copy the URL"


def test_on_paper_it_has_no_buttons(host, visit):
    one = look(visit, host, "fresh", visitor.DESKTOP, "dark")
    one.page.emulate_media(media="print")
    assert one.page.evaluate("[...document.querySelectorAll('button')].every((one) => !one.checkVisibility())")
    assert one.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert one.page.pdf().startswith(b"%PDF")
