# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host of mirrors and one Chromium for all tests; a new visitor for each."""
from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("lab", "faults", "page")]
import mirrors  # noqa: E402  pylint: disable=wrong-import-position
import visitor  # noqa: E402  pylint: disable=wrong-import-position


def pytest_addoption(parser):
    """--screenshots DIR: where the pictures go."""
    parser.addoption("--screenshots", type=Path, default=TESTS / "output" / "page", help="directory for the screenshots")


@pytest.fixture(scope="session")
def host():
    """A mirrors.Host with a mirror in every state."""
    scratch = Path(tempfile.mkdtemp(prefix="page-"))
    scratch.chmod(0o755)  # nginx is nobody
    made = mirrors.Host(scratch)
    yield made
    made.close()
    shutil.rmtree(scratch)


@pytest.fixture(scope="session")
def chromium():
    """The distribution's Chromium, which reaches this machine alone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=visitor.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Makes a visitor.Visitor, which opens pages: visit(width=360, color_scheme="dark").

    What holds for every page is asserted at the end: no error in the console, and no request to another host.
    """
    made = []

    def new(**options):
        made.append(visitor.Visitor(chromium, **options))
        return made[-1]

    yield new
    for one in made:
        one.context.close()
    for one in made:
        assert one.console == []
        assert {url for url in one.requests if not one.is_home(url)} == set()


@pytest.fixture(scope="session")
def screenshots(request):
    """The directory of the screenshots, empty at first."""
    directory = request.config.getoption("--screenshots")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory
