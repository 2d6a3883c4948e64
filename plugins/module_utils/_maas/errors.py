# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong on the way to a MAAS and back: types with data, whose text says what to do."""

from __future__ import annotations


class MaasError(Exception):
    """Any failure a user can do something about. `data` goes into the module's result beside the text."""

    def __init__(self, message, **data):
        super().__init__(message)
        self.data = data


class InputError(MaasError):
    """An option's value can't be right, whatever the server says. Raised before anything is sent."""


class UnreachableError(MaasError):
    """No HTTP answer came: name, route, TLS or time."""


class UntrustedError(UnreachableError):
    """The server's certificate was not accepted."""


class NotMaasError(MaasError):
    """Something answered, but not as a MAAS API 2.0 does."""


class WriteInCheckModeError(MaasError):
    """A bug of ours: check mode tried to write. The read-only transport let nothing through."""


class ApiError(MaasError):
    """The server refused. `status` is its HTTP status, `words` its own text, safe to show."""

    def __init__(self, message, status, words):
        super().__init__(message, status=status, server_message=words)
        self.status = status
        self.words = words


class AuthenticationError(ApiError):
    """401: the key, or the clock."""


class PermissionDeniedError(ApiError):
    """403: the key is good, but its user may not do this."""


class NotFoundError(ApiError):
    """404."""


class InvalidError(ApiError):
    """400: a field's value was refused."""


class ServerError(ApiError):
    """5xx, or a conflict that stayed."""
