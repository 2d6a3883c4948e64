# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A half-arrived item on the disk: one file, and beside it a journal where it does not come from its start to its end.

A file without a journal was written from its start on: its length says what has come. The journal has a line `start end` for
each span that was written; it is there before the file has a hole, and a line is written after its bytes. So a killed run
loses nothing that it had written. After a power cut a line may be there without its bytes: the item's hash tells.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading

from . import pieces
from .errors import explained

_JOURNAL = ".journal"
_FOREIGN = ".aria2"  # beside a file of aria2's, whose length says nothing
_CHUNK = 1 << 18  # bytes read at a time


class Partial:
    """The file of one item while it comes. Several threads may write, each to spans of its own."""

    def __init__(self, path, size):
        """path: where it is, or will be. size: bytes that the item has when it is whole."""
        self._path, self._size = path, size
        self._file = self._journal = None
        self._digest, self._hashed, self._hashing = hashlib.sha256(), 0, threading.Lock()
        with explained(path):
            self.spans = arrived(path, size)  # what was written
            if not self.spans:
                discard(path)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            if os.path.exists(path + _JOURNAL):
                self._journal = _append(path + _JOURNAL)

    def __del__(self):
        self.close()  # who still writes to one that was thrown away keeps it open, and touches no other

    def in_pieces(self):
        """From now on it comes in pieces, in any order."""
        if self._journal is None:
            with explained(self._path):
                self._journal = _append(self._path + _JOURNAL)
                for span in self.spans:
                    self._note(*span)

    def write(self, start, content):
        """Writes bytes that have come, and remembers that they have."""
        with explained(self._path):
            written = os.pwrite(self._file, content, start)
            while written < len(content):  # the disk is about to be full: it says so at the next byte
                written += os.pwrite(self._file, content[written:], start + written)
            if self._journal is not None:
                self._note(start, start + len(content))
            else:
                self._read_up_to(start)
                self._digest.update(content)
                self._hashed += len(content)

    def add(self, start, end):
        """Counts a span as come, all of which was written. The caller sees to one thread at a time."""
        self.spans = pieces.joined(self.spans + [(start, end)])

    def catch_up(self):
        """Hashes on, as far as what has come has no hole. Returns at once where another thread is at it."""
        if self._journal is not None and self._hashing.acquire(blocking=False):
            try:
                first = self.spans[:1]
                self._read_up_to(first[0][1] if first and first[0][0] == 0 else 0)
            finally:
                self._hashing.release()

    def sha256(self):
        """The SHA-256 of the file, which has come whole, in hexadecimal."""
        with self._hashing:
            self._read_up_to(self._size)
        return self._digest.hexdigest()

    def finish(self):
        """Lets go of the file, which is the item: nothing is beside it any more."""
        with explained(self._path):
            if self._journal is not None:
                os.unlink(self._path + _JOURNAL)
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)  # the disk begins to write it: less is left when all must last
        self.close()

    def close(self):
        """Lets go of the file; it stays for the next run."""
        for descriptor in (self._file, self._journal):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._journal = None

    def _note(self, start, end):
        os.write(self._journal, b"%d %d\n" % (start, end))

    def _read_up_to(self, end):
        while self._hashed < end:
            with explained(self._path):
                chunk = os.pread(self._file, min(_CHUNK, end - self._hashed), self._hashed)
            if not chunk:
                return  # somebody has cut it: its hash will be another
            self._digest.update(chunk)
            self._hashed += len(chunk)


def arrived(path, size):
    """What has come of an item of so many bytes, as spans; nothing where what is there can't be made sense of."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return []
    there = status.st_size
    if there > size or os.path.lexists(path + _FOREIGN) or not stat.S_ISREG(status.st_mode) or \
            status.st_nlink > 1:  # what a killed run has linked to a published item is not written to
        return []
    try:
        with open(path + _JOURNAL, "rb") as file:
            lines = file.read().split(b"\n")[:-1]  # the last one is empty, or a kill has cut it
        spans = [(int(start), min(int(end), there)) for start, end in (line.split(b" ") for line in lines)]
    except FileNotFoundError:
        spans = [(0, there)]
    except ValueError:
        return []
    return pieces.joined(spans) if all(start >= 0 for start, end in spans) else []


def discard(path):
    """Deletes a half-arrived item and what is beside it, the journal last: a file without one would count up to its length."""
    for name in (path, path + _FOREIGN, path + _JOURNAL):
        try:
            os.unlink(name)
        except FileNotFoundError:
            pass


def _append(path):
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
