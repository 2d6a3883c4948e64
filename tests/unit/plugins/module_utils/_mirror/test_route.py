# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.client
import socket
import ssl

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import SettingsError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.route import Route, bypassed, proxies
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import SOURCE_OPTIONS, checked


def route(**values):
    return Route(checked(dict({"source": "http://joe:s%20cret@h/s", "keyring": "/k.gpg"}, **values), SOURCE_OPTIONS))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setattr("urllib.request.getproxies_environment", dict)


def test_what_is_set_counts_before_the_environment():
    environment = {"http": "http://e:1", "https": "e:2", "no": "a, .b"}
    assert proxies(None, None, environment) == ({"http": "http://e:1", "https": "http://e:2"}, ["a", ".b"])
    assert proxies("http://p:3", None, environment) == ({"http": "http://p:3", "https": "http://p:3"}, ["a", ".b"])
    assert proxies(None, ["*"], environment)[1] == ["*"]
    assert proxies(None, None, {}) == ({}, [])


@pytest.mark.parametrize("host, direct, without", [
    ("images.maas.io", ["maas.io"], True),
    ("images.maas.io", [".maas.io"], True),
    ("images.maas.io", ["*.maas.io"], True),
    ("images.maas.io", ["images.maas.io:80"], True),
    ("images.maas.io", ["images.maas.io:81"], False),
    ("xmaas.io", ["maas.io"], False),
    ("images.maas.io", ["*"], True),
    ("10.1.2.3", ["10.0.0.0/8"], True),
    ("11.1.2.3", ["10.0.0.0/8", "10.1.2.3"], False),
    ("fd00::1", ["fd00::/8"], True),
])
def test_who_is_reached_without_the_proxy(host, direct, without):
    assert bypassed(host, 80, direct) is without


def test_a_plain_request_to_a_proxy_names_all_and_carries_both_credentials():
    path, headers = route(proxy="http://me:pw@p:3128").request("http://h/s/a?b")
    assert path == "http://h/s/a?b"
    assert headers["Authorization"] == "Basic am9lOnMgY3JldA==" and headers["Proxy-Authorization"] == "Basic bWU6cHc="
    connection = route(proxy="http://me:pw@p:3128").connection("http", "h", 80)
    assert (connection.host, connection.port) == ("p", 3128)


def test_a_direct_request_names_the_path():
    made = route(proxy="http://p:3128", no_proxy=["h"])
    assert made.request("http://h/s/a")[0] == "/s/a"
    assert made.connection("http", "h", 80).host == "h"


def test_credentials_are_for_their_own_server_alone():
    made = route(source="https://h/s", username="joe", password="secret", sources=["https://ann:other@mirror/s"])
    assert made.request("https://h/s/x")[1]["Authorization"] == "Basic am9lOnNlY3JldA=="
    assert made.request("https://mirror/s/x")[1]["Authorization"] == "Basic YW5uOm90aGVy"
    for url in ("https://h:444/s/x", "http://h/s/x", "https://elsewhere/s/x"):
        assert "Authorization" not in made.request(url)[1]


@pytest.mark.parametrize("values, words", [
    ({"proxy": "socks5://joe:secret@p:1"}, "proxy is 'socks5://p:1'"),
    ({"proxy": "https://p:1"}, "It is the http URL of a proxy"),
    ({"ca_file": "/nowhere/ca.pem"}, "ca_file is /nowhere/ca.pem: No such file"),
    ({"client_cert": "/nowhere/c.pem"}, "client_cert is /nowhere/c.pem"),
])
def test_what_is_of_no_use_is_named(values, words):
    with pytest.raises(SettingsError) as error:
        route(**values)
    assert words in str(error.value) and "secret" not in str(error.value)


@pytest.mark.parametrize("error, words, retried", [
    (socket.timeout("timed out"), "h:80 timed out: nothing came for 7 s", True),
    (ConnectionRefusedError(111, "Connection refused"), "h:80: Connection refused", True),
    (socket.gaierror(-2, "Name or service not known"), "the name of h:80 is not known: Name or service not known", True),
    (http.client.RemoteDisconnected("Remote end closed"), "h:80 closed the connection without an answer", True),
    (http.client.BadStatusLine("SSH-2.0"), "h:80 did not answer as a web server: BadStatusLine SSH-2.0", True),
    (OSError("Tunnel connection failed: 407 Proxy Authentication Required"), "h:80: Tunnel connection failed: 407", False),
    (OSError("Tunnel connection failed: 502 Bad Gateway"), "h:80: Tunnel connection failed: 502", True),
    (ssl.SSLError(1, "x"), "TLS with h:80", True),
])
def test_a_broken_connection_is_put_in_words(error, words, retried):
    said, again = route().words(error, "http://h/s/x", 7)
    assert words in said and again is retried
