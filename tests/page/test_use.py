# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a visitor takes away from the page: the URL and the commands, by button and by keyboard, on plain http and where browsers trust."""
from __future__ import annotations

import subprocess

import pytest

READ, IMPORT = "maas $PROFILE boot-sources read", "maas $PROFILE boot-resources import"
KEYRING = "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"
UPDATE = "maas $PROFILE boot-source update ID url={url} keyring_filename={keyring}"
PURPOSES = ("the URL", "the command that reads the boot sources", "the command for MAAS from packages",
            "the command for MAAS from the snap", "the command that imports")


def commands(url):
    """What each of PURPOSES copies."""
    return [url, READ, UPDATE.format(url=url, keyring=KEYRING), UPDATE.format(url=url, keyring="/snap/maas/current" + KEYRING), IMPORT]


def test_every_button_copies_what_stands_beside_it_on_plain_http(host, visit):
    one = visit().open(host.at("fresh"))
    assert one.page.evaluate("[isSecureContext, typeof navigator.clipboard]") == [False, "undefined"]
    assert one.page.locator(".copy code").all_inner_texts() == commands(host.at("fresh"))
    for purpose, content in zip(PURPOSES, commands(host.at("fresh"))):
        one.button(purpose).click()
        assert one.paste() == content
        assert one.text("#said") == f"Copied {purpose}"
    assert one.page.get_by_role("button").count() == len(PURPOSES)


def test_a_button_says_that_it_has_copied_and_calms_down(host, visit):
    one = visit().open(host.at("fresh"))
    button = one.button("the URL")
    button.click()
    copied = one.page.get_by_role("button", name="Copied the URL", exact=True)
    assert copied.is_visible()
    copied.wait_for(state="detached", timeout=5000)
    assert button.is_visible()


def test_buttons_use_the_clipboard_where_browsers_give_it(host, visit):
    one = visit(permissions=["clipboard-read", "clipboard-write"]).open(f"http://127.0.0.1:{host.port}/maas/images/ephemeral-v3/fresh/")
    assert one.page.evaluate("isSecureContext")
    one.button("the URL").click()
    one.page.get_by_role("button", name="Copied the URL").wait_for()
    assert one.page.evaluate("navigator.clipboard.readText()") == f"http://127.0.0.1:{host.port}/maas/images/ephemeral-v3/fresh/"


def test_where_nothing_can_be_copied_the_text_is_selected(host, visit):
    one = visit()
    one.page.add_init_script("document.execCommand = () => false")
    one.open(host.at("fresh"))
    one.button("the URL").click()
    assert one.page.evaluate("String(getSelection())") == host.at("fresh")
    assert one.text("#said") == "Selected the URL: copy it with Ctrl+C"


def test_a_trimmed_mirror_hands_its_key_over(host, visit, tmp_path):
    one, url = visit().open(host.at("trimmed")), host.at("trimmed")
    assert one.page.locator(".copy code").all_inner_texts() == [
        url, READ, f"curl -fsS -o keyring.gpg {url}keyring.gpg",
        f"maas $PROFILE boot-source update ID url={url} keyring_filename= keyring_data@=keyring.gpg", IMPORT]
    assert host.status("trimmed")["signer"] in one.text("#use")
    one.button("the command that fetches the key").click()
    fetch = one.paste().replace("curl", f"curl --noproxy '*' --resolve {host.url.split('/')[2]}:127.0.0.1")
    subprocess.run(["sh", "-c", fetch], check=True, cwd=tmp_path)
    assert (tmp_path / "keyring.gpg").read_bytes() == (host.path("trimmed") / "keyring.gpg").read_bytes()


@pytest.mark.parametrize(("name", "told"), [
    ("mirror.lab.example", []),
    ("127.0.0.1", ["127.0.0.1 is this machine alone. Open this page by the mirror's name or address, and copy from there."]),
    ("localhost", ["localhost is this machine alone. Open this page by the mirror's name or address, and copy from there."]),
])
def test_a_url_that_is_of_no_use_elsewhere_is_told(host, visit, name, told):
    one = visit().open(f"http://{name}:{host.port}/maas/images/ephemeral-v3/fresh/")
    assert one.page.locator(".hint").all_inner_texts() == told


@pytest.mark.parametrize("tail", ["", "index.html", "?x=1#runs", "index.html#images"])
def test_the_url_is_the_mirrors_however_the_page_was_reached(host, visit, tail):
    assert visit().open(host.at("fresh") + tail).text(".url code") == host.at("fresh")


def test_a_url_without_its_last_slash(host, visit):
    one = visit().open(host.at("fresh").rstrip("/"))
    assert (one.state, one.text(".url code")) == ("Fresh", host.at("fresh"))


def test_an_alias_has_its_own_url(host, visit):
    one = visit().open(host.at("daily"))
    assert (one.text("h1"), one.text(".url code")) == ("fresh", host.at("daily"))


def test_images_that_canonical_did_not_sign_need_another_keyring(host, visit):
    one = visit().open(host.at("fresh"))  # of the lab's own stream
    assert "The images are not signed by Canonical" in one.text("#use")
