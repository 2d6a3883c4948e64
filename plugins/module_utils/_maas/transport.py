# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to a server and back. The only file that opens a connection."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections import namedtuple
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import ConnectionError as AnsibleConnectionError
from ansible.module_utils.urls import SSLValidationError, open_url

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import (
    UnreachableError,
    UntrustedError,
    WriteInCheckModeError,
)
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import without_password

AGENT = "ansible-imagemirror.maas"
_FETCH_TIMEOUT = 10  # seconds, at most, for what is not MAAS

# Header names in `headers` are lower case; `body` is bytes.
Response = namedtuple("Response", "status headers body")


class Transport:
    """HTTP by open_url: TLS as the options say, no cookies, no netrc, and no redirect followed."""

    def __init__(self, timeout=30, validate_certs=True, ca_path=None):
        """`timeout` in seconds, for each connection and each read."""
        self._options = {
            "timeout": timeout,
            "validate_certs": validate_certs,
            "ca_path": ca_path,
            "http_agent": AGENT,
            # urllib turns a redirected POST into a GET, which would look like success
            "follow_redirects": "none",
            # an entry in ~/.netrc would replace our Authorization header
            "use_netrc": False,
        }

    def send(self, method, url, headers, body=None):
        """The Response, whatever its status; UnreachableError if there is none."""
        return self._send(url, self._options, data=body, headers=headers, method=method)

    def fetch(self, url):
        """The bytes at a URL that is not MAAS', redirects followed; UnreachableError if there are none."""
        # It may be out of reach from here, and is only read for better words: no long wait
        options = dict(self._options, follow_redirects="safe", timeout=min(self._options["timeout"], _FETCH_TIMEOUT))
        shown = without_password(url)
        try:
            response = self._send(url, dict(options, ca_path=None), shown)
        except UntrustedError:
            if not options["ca_path"]:
                raise
            response = self._send(url, options, shown)  # a mirror with the same authority as MAAS
        if response.status != 200:
            raise UnreachableError("%s answers %d." % (shown, response.status))
        return response.body

    def _send(self, url, options, shown=None, **request):
        shown = shown or url
        try:
            with open_url(url, **dict(options, **request)) as answer:
                return _response(answer.status, answer)
        except HTTPError as error:
            with error:
                return _response(error.code, error)
        except (SSLValidationError, ssl.SSLError) as error:
            raise UntrustedError(_tls_message(shown, error)) from error
        except URLError as error:
            if isinstance(error.reason, ssl.SSLError):
                raise UntrustedError(_tls_message(shown, error.reason)) from error
            raise UnreachableError("%s can't be reached: %s." % (shown, error.reason)) from error
        except (socket.timeout, TimeoutError) as error:
            raise UnreachableError(
                "%s did not answer within %s seconds (option timeout)." % (shown, options["timeout"])
            ) from error
        except (http.client.HTTPException, AnsibleConnectionError, OSError, ValueError) as error:
            raise UnreachableError("%s can't be used: %s." % (shown, error or type(error).__name__)) from error


def _response(status, answer):
    return Response(status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())


def _tls_message(url, error):
    return (
        "%s: the TLS certificate or handshake was refused: %s. For a certificate of your own authority give its "
        "certificate in ca_path." % (url, error)
    )


class ReadOnlyTransport:
    """What check mode gets: it reads, and can do nothing else."""

    def __init__(self, transport):
        self._transport = transport

    def send(self, method, url, headers, body=None):
        """As Transport.send for GET; anything else is a bug and goes nowhere."""
        if method != "GET":
            raise WriteInCheckModeError(
                "Refused to send %s %s in check mode. This is a bug; please report it." % (method, url)
            )
        return self._transport.send(method, url, headers, body)

    def fetch(self, url):
        """As Transport.fetch, which only reads."""
        return self._transport.fetch(url)
