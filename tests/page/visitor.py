# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who looks at pages with Chromium, and what the browser noted meanwhile."""
from __future__ import annotations

from urllib.parse import urlsplit

import mirrors
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator

# No sandbox, as the tests run as root. The rest keeps Chromium itself from the network; no name but the mirror's resolves.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync",
             f"--host-resolver-rules=MAP {mirrors.NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]
DESKTOP, PHONE = 1280, 360  # CSS pixels
_HEIGHT = 800
# What the rules of axe-core are for: all of WCAG 2, and what its authors think is good
_RULES = {"resultTypes": ["violations"],
          "runOnly": ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


class Visitor:
    """A browser window of its own: `page` is what it shows, `console` and `requests` what there was since it was opened."""

    def __init__(self, chromium: Browser, width: int = DESKTOP, **options: object) -> None:
        """options: of playwright's new_context, as color_scheme, java_script_enabled, permissions."""
        self.context = chromium.new_context(viewport={"width": width, "height": _HEIGHT}, **options)
        self.page = self.context.new_page()
        self.console: list[str] = []
        self.requests: list[str] = []
        self.missing: set[str] = set()  # ends of URLs whose 404 is meant, and no error
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, url: str) -> Visitor:
        """Opens a page, and waits until it has read what it reads."""
        self.page.goto(url)
        return self.settle()

    def settle(self) -> Visitor:
        """Waits until the page, which a click may have led to, has read what it reads."""
        self.page.wait_for_load_state()
        self.page.locator("main:not([aria-busy])").wait_for()
        return self

    def is_home(self, url: str) -> bool:
        """Whether a request stayed on this machine; the icon is in the page itself."""
        parts = urlsplit(url)
        return parts.hostname in (mirrors.NAME, "127.0.0.1", "localhost") or parts.scheme in ("data", "file", "about")

    def text(self, selector: str) -> str:
        """The words that an element shows."""
        return self.page.locator(selector).inner_text()

    @property
    def state(self) -> str:
        """The word for the mirror's state."""
        return self.text("#state h2")

    def table(self, section: str) -> list[list[str]]:
        """The words in the body of a section's table, row by row; rows that head a group are left out."""
        rows = self.page.locator(f"#{section} tbody tr:not(:has([colspan]))")
        return [[words.strip() for words in rows.nth(index).locator("th, td").all_inner_texts()] for index in range(rows.count())]

    def facts(self) -> dict[str, str]:
        """{name: value and what is below it} of the facts under the verdict."""
        return dict(zip(self.page.locator(".facts dt").all_inner_texts(), self.page.locator(".facts dd").all_inner_texts()))

    def button(self, purpose: str) -> Locator:
        """The button that copies something."""
        return self.page.get_by_role("button", name=f"Copy {purpose}", exact=True)

    def paste(self) -> str:
        """What the clipboard has: pasted by keyboard, as a person does, into another window."""
        page = self.context.new_page()
        page.set_content("<textarea></textarea>")
        page.locator("textarea").focus()
        page.keyboard.press("Control+V")
        pasted = page.locator("textarea").input_value()
        page.close()
        return pasted

    def violations(self) -> list[str]:
        """What axe-core has against the page."""
        found = Axe().run(self.page, options=_RULES).response["violations"]
        return [f"{one['id']}: {node['target']}: {node['failureSummary']}" for one in found for node in one["nodes"]]

    def _note(self, message) -> None:
        if message.type in ("error", "warning") and not any(message.location["url"].endswith(end) for end in self.missing):
            self.console.append(f"{message.type}: {message.text} ({message.location['url']})")
