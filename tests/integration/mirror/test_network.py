# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a private upstream: nginx with TLS, client certificates and passwords, and tinyproxy, as users have them."""
from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))
import stream  # noqa: E402  pylint: disable=wrong-import-position

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import sync
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.progress import Meter
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import MIRROR_OPTIONS, checked

MODULE = "ansible_collections.imagemirror.maas.plugins.modules.sstream_mirror"
SELECTIONS = [{"os": ["ubuntu"], "releases": ["noble"], "arches": ["amd64"]},
              {"os": ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]}]
IMPATIENT = {"retries": 0, "connect_timeout": 5, "stall_timeout": 5}
SECRET = "s3cr:t@word"
_NGINX = """
daemon off; {user} pid {scratch}/pid; error_log {scratch}/error.log; worker_processes 1; events {{ }}
http {{
    log_format all '$server_port $status $http_via $request_uri';
    access_log {scratch}/access.log all;
    client_body_temp_path {scratch}/t1; proxy_temp_path {scratch}/t2; fastcgi_temp_path {scratch}/t3; uwsgi_temp_path {scratch}/t4;
    scgi_temp_path {scratch}/t5;
    root {root};
    ssl_certificate {pki}/server.pem; ssl_certificate_key {pki}/server.key; ssl_client_certificate {pki}/ca.pem;
    server {{ listen 127.0.0.1:{plain}; }}
    server {{ listen 127.0.0.1:{private}; auth_basic "images"; auth_basic_user_file {scratch}/users; }}
    server {{ listen 127.0.0.1:{tls} ssl; }}
    server {{ listen 127.0.0.1:{mutual} ssl; ssl_verify_client on; }}
    server {{ listen 127.0.0.1:{slow}; limit_rate 400k; }}
}}
"""
_TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
ViaProxyName "tinyproxy"
BasicAuth joe {word}
LogFile "{scratch}/log"
PidFile "{scratch}/pid"
"""
_PROXY_WORD = "pr0xyword"


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(port, *command):
    """A server, from when it listens to the end of the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None and time.monotonic() < deadline, command
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait()


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def sign(pki, name, extension):
    """A key and a certificate of the private authority."""
    (pki / "ext").write_text(extension)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", pki / (name + ".key"), "-out", pki / "csr")
    openssl("x509", "-req", "-in", pki / "csr", "-CA", pki / "ca.pem", "-CAkey", pki / "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", pki / "ext", "-out", pki / (name + ".pem"))


class Site:
    """A private upstream and a proxy."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.pki = scratch / "pki"
        self.ports = {name: free_port() for name in ("plain", "private", "tls", "mutual", "slow", "proxy", "nobody")}
        self.keyring = str(stream.keyring(scratch / "made"))

    def url(self, name, userinfo=""):
        return "%s://%s127.0.0.1:%d/" % ("https" if name in ("tls", "mutual") else "http", userinfo, self.ports[name])

    @property
    def proxy(self):
        return "http://joe:%s@127.0.0.1:%d" % (_PROXY_WORD, self.ports["proxy"])

    def seen(self):
        """[(port, status, whether by the proxy)] of all requests so far."""
        rows = [line.split() for line in (self.scratch / "access.log").read_text().splitlines()]
        return [(int(row[0]), int(row[1]), row[2] != "-") for row in rows]

    def settings(self, path, **options):
        return dict({"path": str(path), "keyring": self.keyring, "selections": SELECTIONS}, **{**IMPATIENT, **options})


@pytest.fixture(scope="module")
def site():
    with tempfile.TemporaryDirectory(prefix="site-") as name:
        Path(name).chmod(0o755)  # nginx is nobody
        with served(Path(name)) as made:
            yield made


@contextmanager
def served(scratch):
    stream.make(scratch / "made", stream.Spec(releases=("noble",), arches=("amd64",), kernels=("ga",), scale=0.02))
    pki = scratch / "pki"
    pki.mkdir()
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=private authority", "-days", "2",
            "-keyout", pki / "ca.key", "-out", pki / "ca.pem")
    sign(pki, "server", "subjectAltName=IP:127.0.0.1\n")
    sign(pki, "client", "extendedKeyUsage=clientAuth\n")
    made = Site(scratch)
    digest = subprocess.run(["openssl", "passwd", "-apr1", SECRET], check=True, capture_output=True, text=True).stdout
    (scratch / "users").write_text("joe:" + digest)
    (scratch / "nginx.conf").write_text(_NGINX.format(
        scratch=scratch, root=stream.stream_root(scratch / "made"), pki=pki, user="user nobody nogroup;" if os.geteuid() == 0 else "",
        **made.ports))
    (scratch / "tinyproxy.conf").write_text(_TINYPROXY.format(port=made.ports["proxy"], scratch=scratch, word=_PROXY_WORD))
    nginx, tinyproxy = (shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in ("nginx", "tinyproxy"))
    with running(made.ports["plain"], nginx, "-e", str(scratch / "error.log"), "-c", str(scratch / "nginx.conf")), \
            running(made.ports["proxy"], tinyproxy, "-d", "-c", str(scratch / "tinyproxy.conf")):
        yield made


@pytest.fixture
def module(site, tmp_path):
    """Calls sstream_mirror as Ansible does; whatever it answers and leaves, no secret is in it."""
    def call(source, environment=None, **options):
        arguments = {"ANSIBLE_MODULE_ARGS": site.settings(tmp_path / "mirror", source=source, **options)}
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        done = subprocess.run([sys.executable, "-m", MODULE], input=json.dumps(arguments), capture_output=True, encoding="utf-8",
                              check=False, env=dict(clean, PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"], **environment or {}))
        assert "{" in done.stdout, done.stderr
        answer = json.loads(done.stdout)
        answer.pop("invocation", None)
        status = tmp_path / "mirror" / "status.json"
        told = json.dumps(answer) + done.stderr + (status.read_text() if status.exists() else "")
        assert SECRET not in told and "s3cr%3At" not in told and _PROXY_WORD not in told
        return answer
    return call


def good(answer):
    assert not answer.get("failed"), answer["msg"]
    assert answer["published"]
    return answer


def failed(answer, words):
    assert answer.get("failed"), answer
    assert words in answer["msg"], answer["msg"]


def test_a_private_authority(site, module):
    failed(module(site.url("tls")), "is not trusted")
    failed(module(site.url("tls")), "ca_file names the authority of a private upstream")
    good(module(site.url("tls"), ca_file=str(site.pki / "ca.pem")))


def test_a_client_certificate(site, module):
    trust = {"ca_file": str(site.pki / "ca.pem")}
    failed(module(site.url("mutual"), **trust), "No required SSL certificate was sent")
    failed(module(site.url("mutual"), client_cert="/nowhere/client.pem", **trust), "client_cert is /nowhere/client.pem")
    good(module(site.url("mutual"), client_cert=str(site.pki / "client.pem"), client_key=str(site.pki / "client.key"), **trust))


def test_a_password(site, module):
    failed(module(site.url("private")), "401")
    failed(module(site.url("private"), username="joe", password="wrong"), "username and password are for a private upstream")
    good(module(site.url("private"), username="joe", password=SECRET))


def test_a_password_in_the_url(site, module):
    answer = good(module(site.url("private", "joe:s3cr%3At%40word@")))
    assert answer["served"]["metadata"] == site.url("private")


def test_a_proxy_carries_http(site, module):
    before = len(site.seen())
    good(module(site.url("plain"), proxy=site.proxy))
    assert {(port, by) for port, status, by in site.seen()[before:]} == {(site.ports["plain"], True)}


def test_a_proxy_carries_https_and_sees_none_of_it(site, module):
    good(module(site.url("tls"), proxy=site.proxy, ca_file=str(site.pki / "ca.pem")))
    assert "CONNECT 127.0.0.1:%d" % site.ports["tls"] in (site.scratch / "log").read_text()


@pytest.mark.parametrize("name", ["plain", "tls"])
def test_a_proxy_that_refuses_or_is_not_there(site, module, name):
    trust = {"ca_file": str(site.pki / "ca.pem")}
    failed(module(site.url(name), proxy=site.proxy.replace(_PROXY_WORD, "wrong"), **trust), "40")
    failed(module(site.url(name), proxy="http://127.0.0.1:%d" % site.ports["nobody"], **trust), "by the proxy")
    failed(module(site.url(name), proxy="socks5://127.0.0.1:1", **trust), "It is the http URL of a proxy")


def test_the_environment_names_a_proxy_and_who_goes_without(site, module):
    environment = {"http_proxy": site.proxy}
    before = len(site.seen())
    good(module(site.url("plain"), environment))
    assert all(by for port, status, by in site.seen()[before:])
    before = len(site.seen())
    assert not module(site.url("plain"), dict(environment, no_proxy="127.0.0.0/8")).get("failed")
    assert not module(site.url("plain"), environment, no_proxy=["127.0.0.1"]).get("failed")
    assert not any(by for port, status, by in site.seen()[before:])


def test_sources_are_asked_in_turn(site, module):
    answer = good(module(site.url("nobody"), sources=[site.url("private"), site.url("plain")]))
    assert answer["served"] == {"metadata": site.url("plain"), "files": {site.url("plain"): len(answer["added"])}}


@pytest.mark.parametrize("url, words", [("http://127.0.0.1:%d/", "Connection refused"), ("http://no-such-host.invalid:%d/", "is not known")])
def test_who_is_not_there_is_named(site, module, url, words):
    failed(module(url % site.ports["nobody"]), words)


class Clock(Meter):
    """When bytes came."""

    def __init__(self):
        super().__init__("sync", "")
        self.size, self.first, self.last = 0, None, None

    def advance(self, size):
        super().advance(size)
        self.size += size
        self.last = time.monotonic()
        self.first = self.first or self.last


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(sync, "Meter", lambda command, started: made)
    return made


@pytest.mark.parametrize("rate", [1500, 4000])
def test_a_rate_limit_is_kept(site, tmp_path, clock, rate):
    settings = checked(site.settings(tmp_path / "m", source=site.url("plain"), rate_limit="%dK" % rate), MIRROR_OPTIONS)
    sync.sync(settings)
    assert 0.95 < clock.size / (clock.last - clock.first) / (rate * 1024) < 1.05


def test_connections_that_are_limited_are_opened_in_numbers(site, tmp_path, clock):
    """Each gives 400 KB/s: one alone would take a quarter of a minute for the largest item, of 5 MB."""
    settings = checked(site.settings(tmp_path / "m", source=site.url("slow"), keep_generations=1), MIRROR_OPTIONS)
    sync.sync(settings)
    assert clock.size > 5_000_000
    assert clock.last - clock.first < 6
