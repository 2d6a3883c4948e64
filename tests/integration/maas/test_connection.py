# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules reach a MAAS: TLS with an authority of one's own, the environment, and what is no MAAS of use."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import socket
import ssl
import threading

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import UnreachableError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.transport import ReadOnlyTransport, Transport
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MODULE = "boot_source_info"


def certify(name, key, issuer=None, issuer_key=None):
    """A certificate for 127.0.0.1, or of an authority."""
    now = datetime.datetime.now(datetime.timezone.utc)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(issuer.subject if issuer else named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return made.sign(issuer_key or key, hashes.SHA256())


def pem(path, *things):
    parts = []
    for one in things:
        if isinstance(one, x509.Certificate):
            parts.append(one.public_bytes(serialization.Encoding.PEM))
        else:
            parts.append(
                one.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
    path.write_bytes(b"".join(parts))
    return str(path)


@pytest.fixture(scope="module", name="authority")
def fixture_authority(tmp_path_factory):
    """(path of the authority's certificate, path of a server's certificate and key)"""
    place = tmp_path_factory.mktemp("tls")
    own, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certify("An authority of our own", own)
    return pem(place / "ca.pem", root), pem(place / "server.pem", certify("region", server, root, own), server)


@pytest.fixture(name="front")
def fixture_front(authority):
    """front(url) is an HTTPS address that leads to it, as a reverse proxy's does."""
    listeners = []

    def make(url):
        port = int(url.split(":")[2].split("/")[0])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority[1])
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=accept, args=(listener, context, port), daemon=True).start()
        return url.replace("http:", "https:").replace(":%d" % port, ":%d" % listener.getsockname()[1])

    yield make
    for listener in listeners:
        listener.close()


def accept(listener, context, port):
    while True:
        try:
            plain, _address = listener.accept()
        except OSError:
            return
        threading.Thread(target=relay, args=(plain, context, port), daemon=True).start()


def relay(plain, context, port):
    try:
        with context.wrap_socket(plain, server_side=True) as here, socket.create_connection(("127.0.0.1", port)) as there:
            threading.Thread(target=pump, args=(there, here), daemon=True).start()
            pump(here, there)
    except OSError:  # a client that does not trust us
        plain.close()


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_https_with_an_authority_of_our_own(start, front, authority):
    region = start("3.7")
    url = front(region.url)
    message = region.refused(MODULE, api_url=url)
    assert "TLS certificate" in message and "ca_path" in message
    assert region.done(MODULE, api_url=url, ca_path=authority[0])["boot_sources"]
    assert region.done(MODULE, api_url=url, validate_certs=False)["boot_sources"]
    other_name = url.replace("127.0.0.1", "localhost")
    assert "TLS certificate" in region.refused(MODULE, api_url=other_name, ca_path=authority[0])
    written = region.rung("maas_config", api_url=url, ca_path=authority[0], boot_images_auto_import=False)
    assert written["maas_config"]["boot_images_auto_import"] is False


def test_a_ca_path_that_is_not_there(start, front, tmp_path):
    region = start("3.7")
    message = region.refused(MODULE, api_url=front(region.url), ca_path=str(tmp_path / "none.pem"))
    assert "none.pem" in message


def test_a_mirror_may_have_the_same_authority(front, mirror, authority):
    url = front(mirror) + "streams/v1/index.sjson"
    for transport in (Transport(ca_path=authority[0]), ReadOnlyTransport(Transport(ca_path=authority[0]))):
        assert b"index:1.0" in transport.fetch(url)
    with pytest.raises(UnreachableError, match="TLS certificate"):
        Transport().fetch(url)


def test_what_a_mirror_does_not_give(mirror):
    with pytest.raises(UnreachableError, match="u:\\*\\*\\*@.*answers 404"):
        Transport().fetch(mirror.replace("//", "//u:hunter2@") + "nothing/here")


def test_options_from_the_environment(start, front, authority, monkeypatch):
    region = start("3.7")
    monkeypatch.setenv("MAAS_API_URL", front(region.url))
    monkeypatch.setenv("MAAS_API_KEY", "consumer-of-admin:token-of-admin:the-secret-of-admin")
    monkeypatch.setenv("MAAS_CA_PATH", authority[0])
    assert region.done(MODULE, api_url=None, api_key=None)["boot_sources"]


@pytest.mark.parametrize("ending", ["", "/MAAS", "/MAAS/", "/MAAS/api/2.0", "/MAAS/api/2.0/"])
def test_urls_as_people_write_them(start, ending):
    region = start("3.7")
    assert region.done(MODULE, api_url=region.url.replace("/MAAS", ending))["boot_sources"]


class Old(http.server.BaseHTTPRequestHandler):
    """As much as matters of a MAAS that is too old, or of a page for people."""

    answers: dict[str, bytes] = {}

    def do_GET(self):
        body = self.answers.get(self.path)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"Not Found")

    def log_message(self, *_arguments):
        pass


@pytest.mark.parametrize(
    "answers, hint",
    [
        ({"/MAAS/api/1.0/version/": b'{"version": "1.9.5"}'}, "is a MAAS 1.x"),
        ({"/MAAS/api/2.0/version/": b'{"version": "2.0.0"}'}, "MAAS 2.0.0 is too old: 2.1 is the oldest"),
        ({"/MAAS/api/2.0/version/": b"<html>Welcome"}, "does not answer as a MAAS does"),
    ],
)
def test_what_can_not_be_used(start, answers, hint):
    handler = type("Handler", (Old,), {"answers": answers})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert hint in start("3.7").refused(MODULE, api_url="http://127.0.0.1:%d" % server.server_port)
        server.shutdown()
