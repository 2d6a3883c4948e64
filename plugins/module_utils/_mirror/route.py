# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to upstream: which proxy, which authorities, whose credentials. Made of settings and environment, once for a run."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import ssl
import urllib.request
from urllib.parse import unquote, urlsplit

from .errors import SettingsError, without_credentials

_MANY = 32  # connections that fill a line together, however little each of them holds


class Route:
    """How servers are reached. Any thread may ask it."""

    def __init__(self, settings):
        """SettingsError: a proxy, certificate or key that is none."""
        self.connect_timeout = settings.connect_timeout
        self.stall_timeout = settings.stall_timeout
        self.many = settings.parallel >= _MANY and not settings.rate  # what is held unread has passed the line too early
        self._proxies, self._direct = proxies(settings.proxy, settings.no_proxy, urllib.request.getproxies_environment())
        for proxy in self._proxies.values():
            _check_proxy(proxy)
        self._tls = _tls(settings) if settings.ca_file or settings.client_cert else None
        self._credentials = {}
        for source in reversed([settings.source] + settings.sources):
            parts = urlsplit(source)
            if parts.username is not None:
                self._credentials[origin(source)] = basic(unquote(parts.username), unquote(parts.password or ""))
        if settings.username is not None:
            self._credentials[origin(settings.source)] = basic(settings.username, settings.password or "")

    def proxy(self, scheme, host, port):
        """The URL of the proxy for a server, or None."""
        proxy = self._proxies.get(scheme)
        return None if proxy is None or bypassed(host, port, self._direct) else proxy

    def connection(self, scheme, host, port):
        """A connection to a server, or to the proxy on the way; it is opened when it is first asked for something."""
        proxy = self.proxy(scheme, host, port)
        parts = urlsplit(proxy) if proxy else None
        near = (parts.hostname, parts.port or 80) if proxy else (host, port)
        if scheme == "http":
            return http.client.HTTPConnection(*near, timeout=self.connect_timeout)
        if self._tls is None:
            self._tls = ssl.create_default_context()  # here: it takes time and memory that http needs none of
        connection = http.client.HTTPSConnection(*near, timeout=self.connect_timeout, context=self._tls)
        if proxy:
            connection.set_tunnel(host, port, _proxy_headers(parts))
        return connection

    def request(self, url):
        """(what a request for a URL names, headers): a plain request to a proxy names all of the URL."""
        parts = urlsplit(url)
        path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        headers = {"User-Agent": "imagemirror.maas", "Accept-Encoding": "identity"}
        if origin(url) in self._credentials:
            headers["Authorization"] = self._credentials[origin(url)]
        proxy = self.proxy(*origin(url)) if parts.scheme == "http" else None
        if proxy:
            headers.update(_proxy_headers(urlsplit(proxy)))
            path = "http://%s%s" % (parts.netloc.rpartition("@")[2], path)
        return path, headers

    def words(self, error, url, timeout):
        """(what went wrong with a connection, whether trying again may help), in words that say what to do.

        timeout: the seconds after which it was given up, if it was.
        """
        scheme, host, port = origin(url)
        proxy = self.proxy(scheme, host, port)
        by = " (by the proxy %s)" % urlsplit(proxy).netloc.rpartition("@")[2] if proxy else ""
        where = "%s:%d%s" % (host, port, by)
        if isinstance(error, ssl.SSLCertVerificationError):
            return "the certificate of %s is not trusted: %s; ca_file names the authority of a private upstream" % (
                where, error.verify_message), False
        if isinstance(error, ssl.SSLError):
            reason = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
            wanted = "certificate required" in reason or "handshake failure" in reason
            return "TLS with %s: %s%s" % (where, reason, "; it wants a client_cert that it knows" if wanted else ""), not wanted
        if isinstance(error, socket.timeout):
            return "%s timed out: nothing came for %d s" % (where, timeout), True
        if isinstance(error, socket.gaierror):
            return "the name of %s is not known: %s" % (where, error.strerror), True
        if isinstance(error, http.client.RemoteDisconnected) or isinstance(error, ConnectionError) and error.errno is None:
            return "%s closed the connection without an answer" % where, True
        if isinstance(error, http.client.HTTPException):
            return "%s did not answer as a web server: %s %s" % (where, type(error).__name__, error), True
        return "%s: %s" % (where, getattr(error, "strerror", None) or error), "Tunnel connection failed: 4" not in str(error)


def origin(url):
    """(scheme, host, port) of a URL: who is asked, and whom credentials are for."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]


def basic(username, password):
    """The value of a header for HTTP's basic authentication."""
    return "Basic " + base64.b64encode(("%s:%s" % (username, password)).encode()).decode()


def proxies(proxy, no_proxy, environment):
    """({scheme: URL of a proxy}, [what is reached without]). What is set counts; else the variables of the environment.

    environment: as urllib.request.getproxies_environment() has it.
    """
    direct = no_proxy if no_proxy is not None else environment.get("no", "").split(",")
    found = {"http": proxy, "https": proxy} if proxy else {scheme: environment[scheme] for scheme in ("http", "https")
                                                           if environment.get(scheme)}
    found = {scheme: url if "://" in url else "http://" + url for scheme, url in found.items()}
    return found, [entry.strip().lower() for entry in direct if entry.strip()]


def bypassed(host, port, direct):
    """Whether a server is reached without the proxy: `*`, its name, a domain that it is in, its address or a network of it."""
    host = host.lower()
    for entry in direct:
        if entry == "*" or entry in (host, "%s:%d" % (host, port)) or host.endswith("." + entry.lstrip(".*")):
            return True
        try:
            if ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:
            pass  # not both of them are numbers
    return False


def _check_proxy(proxy):
    parts = urlsplit(proxy)
    if parts.scheme != "http" or not parts.hostname:
        raise SettingsError("proxy is %r" % without_credentials(proxy), "It is the http URL of a proxy, as in "
                            "http://proxy.example.com:3128, which carries https as well; without it, http_proxy and "
                            "https_proxy of the environment count.")


def _proxy_headers(parts):
    if parts.username is None:
        return {}
    return {"Proxy-Authorization": basic(unquote(parts.username), unquote(parts.password or ""))}


def _tls(settings):
    """What servers have to show, and what is shown to them, where settings say."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise SettingsError("ca_file is %s: %s" % (settings.ca_file, error.strerror or error),
                            "It is a file of certificates in PEM that the owner of the mirror can read.") from error
    if settings.client_cert:
        try:
            context.load_cert_chain(settings.client_cert, settings.client_key, password=_no_passphrase)
        except OSError as error:
            raise SettingsError("client_cert is %s and client_key %s: %s" % (
                settings.client_cert, settings.client_key or "in the same file", error.strerror or error),
                "They are PEM files that the owner of the mirror can read; the key has no passphrase.") from error
    return context


def _no_passphrase():
    return ""
