# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads files past the page cache: what a server has cached of them stays cached, and what is read is what the disk has."""

from __future__ import annotations

import contextlib
import mmap
import os
import time

_CHUNK = 4 << 20  # bytes; a multiple of any block size, as direct reads need


def chunks(path, rate=0):
    """The content of a file, in views of a buffer that the next one overwrites.

    rate: bytes a second, over the file; 0 is as fast as the disk is.
    """
    descriptor, direct = _open(path)
    buffer = mmap.mmap(-1, _CHUNK)  # on a page boundary
    begun, done, size = time.monotonic(), 0, os.fstat(descriptor).st_size
    try:
        while done < size:
            try:
                count = os.preadv(descriptor, [buffer], done)
            except OSError:
                if not direct:
                    raise
                os.close(descriptor)  # it was opened, and can't be read so: some network file systems
                descriptor, direct = os.open(path, os.O_RDONLY), False
                continue
            if not count:
                return
            with memoryview(buffer) as whole, whole[:count] as view:
                yield view
            done += count
            if not direct:
                with contextlib.suppress(OSError):
                    os.posix_fadvise(descriptor, 0, done, os.POSIX_FADV_DONTNEED)
            if rate:
                time.sleep(max(0, begun + done / rate - time.monotonic()))
    finally:
        os.close(descriptor)
        buffer.close()


def _open(path):
    """(descriptor, whether it reads past the cache): not every file system can."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECT), True
    except OSError:
        return os.open(path, os.O_RDONLY), False
