# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, one type for each exit code of the command.

An error keeps its data (what, which value, what to do) and is put into words only when it is shown.
"""

from __future__ import annotations

import contextlib
import re

_SHOWN = 10  # failures put into words; more would hide the first ones
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")


def without_credentials(text):
    """The text with `user:password@` taken out of every URL in it: for logs, status files and messages."""
    return _USERINFO.sub("", text)


class MirrorError(Exception):
    """A step of a sync did not do what it should; the published generation is as it was."""

    exit_code = 1

    def __init__(self, message, hint="", step="", failures=()):
        """
        message: what is wrong and with which value.
        hint: what to do about it.
        step: the step of the sync that failed; the sync fills it in.
        failures: (item path, the server's or the system's own words) where single items failed.
        """
        super().__init__(message)
        self.message = without_credentials(message)
        self.hint = hint
        self.step = step
        self.failures = [(path, without_credentials(words)) for path, words in failures]

    def __str__(self):
        lines = ["%s: %s" % failure for failure in self.failures[:_SHOWN]]
        if len(self.failures) > _SHOWN:
            lines.append("and %d more" % (len(self.failures) - _SHOWN))
        text = "\n  ".join([self.message.rstrip(".")] + lines)
        return text + ("\n" if lines else ". ") + self.hint if self.hint else text

    def to_dict(self):
        """The data of the error, for a module's answer and for status.json."""
        return {"step": self.step, "failures": [{"item": path, "error": words} for path, words in self.failures]}


class SettingsError(MirrorError):
    """A setting is missing, unknown or of no use; nothing was tried."""

    exit_code = 2


class LockedError(MirrorError):
    """Another run works on the mirror."""

    exit_code = 3


class UpstreamError(MirrorError):
    """The metadata could not be had, or is not authentic, or contradicts itself."""

    exit_code = 4


class RefusedError(MirrorError):
    """The plan is not what the operator can have meant, or the disk can't hold it; no item was fetched."""

    exit_code = 5


class FetchError(MirrorError):
    """Items could not be fetched, or are not what the metadata lists."""

    exit_code = 6


class StorageError(MirrorError):
    """The mirror's own directory can't be read or written."""

    exit_code = 7


@contextlib.contextmanager
def explained(path):
    """Turns what the system says of a file into a StorageError that names it.

    path: what the block works on, for an error that names no file itself.
    """
    try:
        yield
    except OSError as error:
        raise StorageError("%s: %s" % (error.filename or path, error.strerror or error),
                           "Look at the space, the permissions and the mount of the file system.") from error
