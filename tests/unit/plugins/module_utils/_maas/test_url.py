# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of MAAS and of sources."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import (
    api_root,
    check_source_url,
    password_of,
    same_source,
    same_source_any_scheme,
    without_password,
)


@pytest.mark.parametrize(
    "given",
    [
        "http://r:5240",
        "http://r:5240/",
        "http://r:5240/MAAS",
        "http://r:5240/MAAS/",
        "http://r:5240/MAAS/api/2.0",
        "http://r:5240/MAAS/api/2.0/",
    ],
)
def test_api_root_of_every_spelling(given):
    assert api_root(given) == "http://r:5240/MAAS/api/2.0/"


def test_api_root_keeps_a_proxys_path():
    assert api_root("https://gate.example.com/site1/MAAS") == "https://gate.example.com/site1/MAAS/api/2.0/"


@pytest.mark.parametrize("given", ["", "region:5240", "ftp://r/", "http:///MAAS", "http://r:port/", "http://a b/"])
def test_api_root_of_no_url(given):
    with pytest.raises(InputError, match="api_url"):
        api_root(given)


def test_api_url_with_a_password_is_refused_unseen():
    with pytest.raises(InputError) as caught:
        api_root("http://admin:hunter2@r/")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("http://m.x/a/", "http://m.x/a", True),
        ("http://m.x/a//", "http://m.x/a", True),
        ("http://M.X/a", "http://m.x/a", True),
        ("HTTP://m.x:80/a", "http://m.x/a", True),
        ("https://m.x:443/a", "https://m.x/a", True),
        ("http://m.x", "http://m.x/", True),
        ("http://m.x:8080/a", "http://m.x/a", False),
        ("http://m.x/A", "http://m.x/a", False),
        ("http://m.x/a", "https://m.x/a", False),
        ("http://u:p@m.x/a", "http://m.x/a", False),
        ("http://m.x/a?b", "http://m.x/a", False),
        ("http://m.x:bad/", "http://m.x/", False),
    ],
)
def test_same_source(one, other, same):
    assert same_source(one, other) is same
    assert same_source(other, one) is same  # pylint: disable=arguments-out-of-order


def test_any_scheme():
    assert same_source_any_scheme("http://images.maas.io/s", "https://images.maas.io/s/")
    assert not same_source_any_scheme("http://images.maas.io/s", "https://images.maas.io/t/")


@pytest.mark.parametrize(
    "url",
    [
        "http://mirror.example.com/x/",
        "http://10.0.0.1:8080/x",
        "http://[fd00::1]/x",
        "http://localhost/x",
        "https://u:p@m.x/",
        "http://m.x/" + "a" * 189,
    ],
)
def test_urls_that_maas_takes(url):
    assert check_source_url(url) == url


def test_a_host_without_a_dot_is_refused_with_what_to_write():
    with pytest.raises(InputError, match="'mirror' because it has no dot.*mirror.example.com"):
        check_source_url("http://mirror/ephemeral-v3/stable/")


def test_a_url_too_long_is_refused():
    with pytest.raises(InputError, match="201 characters.* at most 200"):
        check_source_url("http://m.x/" + "a" * 190)


@pytest.mark.parametrize("url", ["file:///srv/mirror", "foo", "", "http://"])
def test_what_is_no_url_of_a_stream(url):
    with pytest.raises(InputError, match="must be a URL such as"):
        check_source_url(url)


def test_passwords_are_hidden():
    assert without_password("http://u:se%20cret@m.x/p@q") == "http://u:***@m.x/p@q"
    assert without_password("http://u@m.x/") == "http://u@m.x/"
    assert password_of("http://u:s3@m.x/") == "s3"
    assert password_of(None) is None
    with pytest.raises(InputError) as caught:
        check_source_url("http://u:hunter2@mirror/")
    assert "hunter2" not in str(caught.value)
