# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for everybody: phone and desktop, light and dark, keyboard, screen reader, printer. Its pictures are kept to be looked at."""
from __future__ import annotations

import base64

import mirrors
import pytest
import visitor

PAGES = ("host", *mirrors.STATES)
WIDTHS = (320, visitor.PHONE, 480, 600, 800, 801, 960, 961, visitor.DESKTOP)  # CSS pixels; 320 is a desktop at 400 % zoom
# Of a picture: how many of its pixels differ from the most frequent one, how many colours it has, how light that most frequent one is
_INK = """async (encoded) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0))], {type: 'image/png'}));
    const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer), counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const [ground, most] = [...counts].reduce((one, other) => other[1] > one[1] ? other : one);
    return [1 - most / pixels.length, counts.size, ground & 255];
}"""
# What stands out of its own box. Headers that only a screen reader gets are clipped on purpose.
_CUT = """[...document.querySelectorAll('main *')].filter((one) => one.clientWidth && !one.closest('.unseen, thead')
    && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline').map((one) => one.outerHTML)"""


@pytest.fixture(params=PAGES)
def opened(request, host, visit):
    """A visitor of each of PAGES; their name is `name`."""
    one = visit()
    one.missing = {"/empty/status.json", "/empty/progress.json"}
    one.name = request.param
    return one.open(host.url if one.name == "host" else host.at(one.name))


def views(one):
    """Makes the page narrow and wide, light and dark; gives the name of each view."""
    for kind, width in (("phone", visitor.PHONE), ("desktop", visitor.DESKTOP)):
        for scheme in ("light", "dark"):
            one.page.set_viewport_size({"width": width, "height": 800})
            one.page.emulate_media(color_scheme=scheme)
            yield f"{one.name}-{kind}-{scheme}"


def test_axe_finds_nothing(opened):
    assert {view: opened.violations() for view in views(opened)} == {view: [] for view in views(opened)}


def test_pictures(opened, chromium, screenshots):
    bench = chromium.new_page()
    bench.route("http://127.0.0.1/**", lambda route: route.fulfill(body="", content_type="text/html"))
    bench.goto("http://127.0.0.1/bench")
    for view in views(opened):
        file = screenshots / f"{view}.png"
        opened.page.screenshot(path=file, full_page=True)
        ink, colours, ground = bench.evaluate(_INK, base64.b64encode(file.read_bytes()).decode())
        assert 0.02 < ink < 0.6, view  # neither blank nor a blot
        assert colours > 50, view
        assert (ground > 128) is view.endswith("light"), view
    bench.close()


def test_nothing_is_wider_than_the_window(opened):
    for width in WIDTHS:
        opened.page.set_viewport_size({"width": width, "height": 800})
        assert opened.page.evaluate(_CUT) == [], width
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_goes_through_everything_in_the_order_in_which_it_is_read(host, visit):
    one = visit().open(host.at("fresh"))
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
    one = visit().open(host.at("fresh"))
    for _press in range(2):
        one.page.keyboard.press("Tab")
    one.page.keyboard.press("Enter")
    assert one.paste() == host.at("fresh")
    assert one.page.evaluate("document.activeElement.tagName") == "BUTTON"  # where it was


def test_a_screen_reader_is_told(host, visit):
    page = visit(width=visitor.PHONE).open(host.at("fresh")).page
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
    for tag, role in (("tr", "row"), ("td", "cell"), ("thead th", "columnheader")):  # other browsers forget what flows as lines
        assert page.locator(f"{tag}:not([role={role}])").count() == 0


def test_a_page_left_open_keeps_up_and_lets_the_reader_be(host, visit):
    one = visit()
    one.page.clock.install()
    one.open(host.at("fresh"))
    one.button("the URL").focus()
    before = len(one.requests)
    one.page.evaluate("document.querySelector('#runs').dataset.mark = 1")  # a section that differs from what is read next
    one.page.evaluate("document.querySelector('#use').kept = true")
    one.page.clock.fast_forward(61_000)
    one.page.locator("#runs:not([data-mark])").wait_for()
    assert {request.rpartition("/")[2] for request in one.requests[before:]} == {"status.json", "progress.json"}
    assert one.page.evaluate("document.querySelector('#use').kept")
    assert one.page.evaluate("document.activeElement.textContent") == "Copy the URL"


def test_on_paper_it_has_no_buttons(host, visit):
    one = visit(color_scheme="dark").open(host.at("fresh"))
    one.page.emulate_media(media="print")
    assert one.page.evaluate("[...document.querySelectorAll('button')].every((one) => !one.checkVisibility())")
    assert one.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert one.page.pdf().startswith(b"%PDF")
