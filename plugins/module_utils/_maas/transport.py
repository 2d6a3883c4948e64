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
    WriteInCheckModeError,
)

AGENT = "ansible-imagemirror.maas"

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
        try:
            with open_url(url, data=body, headers=headers, method=method, **self._options) as answer:
                return _response(answer.status, answer)
        except HTTPError as error:
            with error:
                return _response(error.code, error)
        except (SSLValidationError, ssl.SSLError) as error:
            raise UnreachableError(_tls_message(url, error)) from error
        except URLError as error:
            if isinstance(error.reason, ssl.SSLError):
                raise UnreachableError(_tls_message(url, error.reason)) from error
            raise UnreachableError("%s can't be reached: %s." % (url, error.reason)) from error
        except (socket.timeout, TimeoutError) as error:
            raise UnreachableError(
                "%s did not answer within %s seconds (option timeout)." % (url, self._options["timeout"])
            ) from error
        except (http.client.HTTPException, AnsibleConnectionError, OSError, ValueError) as error:
            raise UnreachableError("%s can't be used: %s." % (url, error or type(error).__name__)) from error


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
