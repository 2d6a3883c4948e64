# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said of the status page without a browser; the layer `page` opens it."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[3] / "roles" / "mirror_web" / "files" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("tag", ["style", "script"])
def test_the_policy_has_the_hash_of_what_is_in_the_page(tag):
    """Who changes the one changes the other: browsers take nothing else."""
    inline = re.findall("<%s>(.*?)</%s>" % (tag, tag), PAGE, re.DOTALL)
    assert len(inline) == 1
    assert re.findall("%s-src '(.*?)'" % tag, PAGE) == [
        "sha256-" + base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()]


def test_the_policy_lets_it_read_its_own_host_alone():
    policy = re.search('Content-Security-Policy" content="(.*?)"', PAGE).group(1)
    assert re.sub("sha256-[^']+", "sha256", policy).split("; ") == [
        "default-src 'none'", "script-src 'sha256'", "style-src 'sha256'", "connect-src 'self'", "img-src data:", "base-uri 'none'",
        "form-action 'none'"]


def test_what_is_read_can_only_become_text():
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|setAttributeNS", PAGE)
