# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror's directory: the one file that knows its layout and changes it.

    <path>/streams -> .mirror/generations/<id>/streams    the only thing that changes at a publish
    <path>/noble/… bootloaders/…                          items, immutable
    <path>/status.json progress.json keyring.gpg          what docs/status.md describes; the operator's public key
    <path>/.mirror/                                       never served
        lock  pin  health/  verified  spare  snapshot/  former/  incoming/<sha256>{,.journal}  generations/<id>/{streams/v1/*,plan.json}
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import hashlib
import json
import os
import shutil
import stat
from dataclasses import dataclass, field

from . import pieces
from .errors import FetchError, RefusedError, StorageError, explained
from .identity import account
from .partial import arrived, discard
from .plan import RESERVED, Item
from .reading import chunks
from .tools import run

_PRIVATE = ".mirror"
_PAGE = "index.html"  # the role mirror_web's, which may be there before the first sync
KEYRING = "keyring.gpg"  # the operator's public key, where the index is trimmed
_CHUNK = 1 << 20  # bytes read at a time
_SPARE = 1 << 18  # bytes kept for status.json


@dataclass
class Generation:
    """One published state: its metadata directory and the items that it holds."""

    name: str
    directory: str
    published: str  # ISO 8601, UTC, with microseconds: sorts by time
    items: dict  # {path: Item}
    metadata: dict = field(default_factory=dict)  # {path below the directory: sha256} as it was stored

    @property
    def updated(self):
        """Upstream's date of it, which begins its name."""
        return datetime.datetime.strptime(self.name[:16] + "+0000", "%Y%m%dT%H%M%SZ%z")


class Tree:
    """The directory of one mirror."""

    def __init__(self, path):
        self.path = path
        self._private = os.path.join(path, _PRIVATE)
        self.lock = os.path.join(self._private, "lock")
        self.snapshot = os.path.join(self._private, "snapshot")
        self.incoming = os.path.join(self._private, "incoming")
        self.health = os.path.join(self._private, "health")
        self.verified = os.path.join(self._private, "verified")  # what a full verification has read so far
        self._generations = os.path.join(self._private, "generations")
        self.former = os.path.join(self._private, "former")  # a generation on its way out
        self._pin = os.path.join(self._private, "pin")
        self._spare = os.path.join(self._private, "spare")

    # Reading

    def exists(self):
        """Whether a mirror has been begun here."""
        return os.path.isdir(self._private)

    def generations(self):
        """The generations that are kept, the newest publish first."""
        names = os.listdir(self._generations) if os.path.isdir(self._generations) else []
        found = [self._read_generation(name) for name in names if not name.startswith(".")]
        return sorted(found, key=lambda generation: generation.published, reverse=True)

    def intact(self, generation):
        """Whether a generation's metadata is as it was stored. One of an earlier version, which noted nothing, is taken for good."""
        return not generation.metadata or generation.metadata == _metadata(generation.directory)

    def current(self):
        """The name of the published generation, or None."""
        try:
            target = os.readlink(self._at("streams"))
        except OSError:
            return None
        return os.path.basename(os.path.dirname(target))

    def pinned(self):
        """The name of the generation that syncs leave published, or None."""
        try:
            with open(self._pin, encoding="utf-8") as file:
                return file.read().strip()
        except FileNotFoundError:
            return None

    def size(self, path):
        """The bytes of an item's file, or None where there is no regular file of this mirror's own."""
        full = self._at(path)
        if not self._contained(full) or os.path.islink(full) or not os.path.isfile(full):
            return None
        return os.path.getsize(full)

    def matches(self, item, rate=0, told=None):
        """Whether an item's file has its size and hash: reads all of it, from the disk itself.

        rate: bytes a second, 0 is without a limit. told: is called with the bytes of each read.
        """
        if self.size(item.path) != item.size:
            return False
        digest = hashlib.sha256()
        with explained(item.path):
            for chunk in chunks(self._at(item.path), rate):
                digest.update(chunk)
                if told:
                    told(len(chunk))
        return digest.hexdigest() == item.sha256

    def changed(self, path):
        """When an item's file was changed last, in nanoseconds: a time that nobody can set."""
        with explained(path):
            return os.stat(self._at(path)).st_ctime_ns

    def files(self):
        """(path, bytes) of every item's file on disk, known or not, and of every link. Another mirror inside this one is left alone."""
        for folder, folders, names in os.walk(self.path):
            if folder == self.path:
                folders[:] = [name for name in folders if name not in (_PRIVATE,) + RESERVED]
                names = [name for name in names if name not in (_PRIVATE,) + RESERVED]
            elif _PRIVATE in folders:
                folders[:] = []
                continue
            folders.sort()
            names += [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for name in sorted(names):
                full = os.path.join(folder, name)
                yield os.path.relpath(full, self.path), os.lstat(full).st_size

    def free(self):
        """The bytes that the owner may still write to the file system."""
        return self.disk()["free"]

    def disk(self):
        """{free: bytes that the owner may still write, total: bytes} of the file system."""
        there = self.path
        while not os.path.exists(there):
            there = os.path.dirname(there)
        stat = os.statvfs(there)
        return {"free": stat.f_bavail * stat.f_frsize, "total": stat.f_blocks * stat.f_frsize}

    def arrived(self, items):
        """The bytes of items that an earlier run has left in incoming/."""
        return sum(pieces.count(arrived(self.partial(item), item.size)) for item in items)

    def partial(self, item):
        """Where an item is written while it is fetched: by its hash, so that a left-over can't be taken for another."""
        return os.path.join(self.incoming, item.sha256)

    def status(self):
        """What the last run reported, or {}."""
        return self._json("status.json")

    def told(self):
        """How far the last run was when it was last heard of, or {}."""
        return self._json("progress.json")

    # Writing

    def prepare(self, owner):
        """Makes the mirror's directory, owned by the user it will be run as.

        RefusedError: the directory holds something that is not a mirror's.
        """
        self.check_vacant()
        with explained(self.path):
            for directory in (self.path, self._private, self.incoming, self._generations):
                if not os.path.isdir(directory):
                    os.makedirs(directory, mode=0o755)
                    if owner and os.geteuid() == 0:
                        os.chown(directory, account(owner).pw_uid, account(owner).pw_gid)

    def check_vacant(self):
        """RefusedError where the directory holds files that no mirror put there: all of a mirror's directory is its own.

        What sstream-mirror filled is taken over: its good files stay, and its index, until the first publish.
        """
        adopted = any(os.path.isfile(self._at("streams/v1/index." + ending)) for ending in ("sjson", "json"))
        if not self.exists() and not adopted and os.path.isdir(self.path) and set(os.listdir(self.path)) - {_PAGE}:
            raise RefusedError("%s is not empty and holds no mirror of this collection" % self.path,
                               "A mirror deletes what it does not list: give it an empty directory of its own.")

    def clear(self, directory):
        """Removes a directory or a link of the mirror's private part, if it is there."""
        with explained(directory):
            if os.path.isdir(directory) and not os.path.islink(directory):
                shutil.rmtree(directory)
            elif os.path.lexists(directory):
                os.unlink(directory)

    def forget_partials(self, items):
        """Deletes left-overs in incoming/ of items that are not wanted any more."""
        wanted = {item.sha256 for item in items}
        with explained(self.incoming):
            for name in os.listdir(self.incoming):
                if name.split(".")[0] not in wanted:
                    os.unlink(os.path.join(self.incoming, name))

    def forget(self, item):
        """Deletes what has arrived of an item, so that the next run starts it again."""
        with explained(self.incoming):
            discard(self.partial(item))

    def admit(self, item, found=None):
        """Puts a fetched item in its place, by one rename, once its bytes are what the metadata lists.

        found: their SHA-256, where they were hashed while they came.
        FetchError: they are not; the file is deleted, so that the next run starts it again.
        """
        partial = self.partial(item)
        with explained(item.path):
            size = os.path.getsize(partial)
            found = (found or sha256(partial)) if size == item.size else None
            if found != item.sha256:
                self.forget(item)
                raise FetchError("%s is not what the metadata lists" % item.path, failures=[
                    (item.path, "%d bytes, sha256 %s; listed %d bytes, sha256 %s" % (
                        size, found or "not read", item.size, item.sha256))])
            full = self._at(item.path)
            if not self._contained(full):
                raise StorageError("%s would be written outside the mirror, through a symlink in %s" % (item.path, self.path),
                                   "Remove the symlink: a mirror has none but streams.")
            os.makedirs(os.path.dirname(full), mode=0o755, exist_ok=True)
            os.chmod(partial, 0o644)
            if os.path.isdir(full):
                self.clear(full)  # in a mirror only items lie at the paths of items
            os.replace(partial, full)

    def open_up(self, paths):
        """Lets everybody read items, as a web server has to: what was put there by others may be private."""
        with explained(self.path):
            folders = {os.path.join(self.path, folder) for path in paths for folder in _above(path)}
            for path, mode in [(folder, 0o755) for folder in sorted(folders)] + [(self._at(path), 0o644) for path in paths]:
                there = os.stat(path).st_mode
                if there & mode != mode:
                    os.chmod(path, stat.S_IMODE(there) | mode)

    def settle(self):
        """Waits until all that was written is on the disk: a power cut takes nothing of it back."""
        run(["sync", "--file-system", self._private])

    def store(self, name, items, published):
        """Makes the snapshot a generation; it is not published yet.

        All of it, and of its items, is on the disk before it has its name: a power cut leaves no generation without bytes.
        published: when it is going to be: ISO 8601 in UTC.
        """
        with explained(self.path):
            replace(os.path.join(self.snapshot, "plan.json"), json.dumps(
                _plan(items, published, _metadata(self.snapshot)), sort_keys=True) + "\n")
            shutil.rmtree(os.path.join(self.snapshot, ".data"), ignore_errors=True)
            self.settle()
            directory = os.path.join(self._generations, name)
            if name == self.current():  # it is damaged, and a client may be reading it
                _exchange(self.snapshot, directory)
                self.clear(self.snapshot)
                return
            self.retire(name)  # a state that was stored before may come back: what counts is what was checked now
            os.rename(self.snapshot, directory)
            self.clear(self.former)

    def retire(self, name):
        """Takes a generation away, by one rename, to `former`: half of one would be in the way of every later run."""
        directory = os.path.join(self._generations, name)
        with explained(directory):
            self.clear(self.former)
            if os.path.isdir(directory):
                os.rename(directory, self.former)

    def publish(self, name):
        """Makes a generation the published one, by one rename. A power cut leaves the old one or the new one, whole."""
        with explained(self.path):
            link, streams = os.path.join(self._private, "streams"), self._at("streams")
            if os.path.lexists(link):
                self.clear(link)
            os.symlink(os.path.join(_PRIVATE, "generations", name, "streams"), link)
            if os.path.isdir(streams) and not os.path.islink(streams):
                _exchange(link, streams)  # the directory that sstream-mirror left; a plain rename can't replace it
                self.clear(link)
            else:
                os.replace(link, streams)
            _settle(self.path)  # before anything of the former generation is deleted

    def pin(self, name):
        """Makes syncs leave a generation published; None lets them publish again."""
        with explained(self._pin):
            if name is not None:
                replace(self._pin, name + "\n")
            elif os.path.exists(self._pin):
                os.unlink(self._pin)

    def share(self, item, other, path, found=None):
        """Puts an item in its place as a hard link to a file with the same content, of this mirror or another one.

        found: its SHA-256, where this run has hashed it already.
        False where that can't be: another file system, another owner, or the file is not what it should be.
        """
        self.forget(item)
        try:
            os.link(os.path.join(other, path), self.partial(item), follow_symlinks=False)
            self.admit(item, found)
        except (OSError, FetchError):
            return False
        return True

    def drop(self, paths):
        """Deletes items' files, and the directories that this leaves empty."""
        with explained(self.path):
            for path in paths:
                full = self._at(path)
                os.unlink(full)
                folder = os.path.dirname(full)
                while folder != self.path and not os.listdir(folder):
                    os.rmdir(folder)
                    folder = os.path.dirname(folder)

    def report(self, status):
        """Replaces status.json, whole. It is written where room was kept for it: a full disk has to be told, too."""
        with explained(self._at("status.json")):
            _fill(self._spare, json.dumps(status, indent=2, sort_keys=True) + "\n")
            os.replace(self._spare, self._at("status.json"))
        with contextlib.suppress(OSError):
            with open(self._spare, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, _SPARE)

    def tell(self, progress):
        """Replaces progress.json, whole. It is worth nothing a second later, so nothing waits for the disk."""
        temporary = os.path.join(self._private, "progress.json.new")
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(progress, file, sort_keys=True)
            file.write("\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, self._at("progress.json"))

    def _json(self, name):
        try:
            with open(self._at(name), encoding="utf-8") as file:
                content = json.load(file)
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _at(self, path):
        return os.path.join(self.path, path)

    def _contained(self, full):
        base = os.path.realpath(self.path)
        return os.path.realpath(os.path.dirname(full)).startswith(base + os.sep) or \
            os.path.realpath(os.path.dirname(full)) == base

    def _read_generation(self, name):
        directory = os.path.join(self._generations, name)
        try:
            with open(os.path.join(directory, "plan.json"), encoding="utf-8") as file:
                content = json.load(file)
            items = [Item.from_dict(values) for values in content["items"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError("%s/plan.json is not readable: %s" % (directory, error),
                               "Remove that directory if it is not the published one, and run again.") from error
        return Generation(name, directory, content["published"], {item.path: item for item in items}, content.get("metadata", {}))


def sha256(path):
    """The SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _above(path):
    """The directories above a path, and the one that all paths begin in."""
    while path:
        path = os.path.dirname(path)
        yield path


def _plan(items, published, metadata):
    return {"published": published, "items": [item.to_dict() for item in items.values()], "metadata": metadata}


def _metadata(directory):
    """{path: sha256} of the files below the `streams` of a snapshot or a generation."""
    return {os.path.relpath(os.path.join(folder, name), directory): sha256(os.path.join(folder, name))
            for folder, _folders, names in os.walk(os.path.join(directory, "streams")) for name in sorted(names)}


def replace(path, text):
    """Writes a file so that its former content or the new one is there, whole, whenever it is read."""
    temporary = os.path.join(os.path.dirname(path), ".%s.new" % os.path.basename(path))
    _fill(temporary, text)
    os.replace(temporary, path)


def _fill(path, text):
    """Writes a file from its start, into the room that it has; what it says is on the disk."""
    if os.path.exists(path) and os.stat(path).st_nlink > 1:  # a copy of the mirror made of hard links has it too
        os.unlink(path)
    with open(path, "r+b" if os.path.exists(path) else "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text.encode())
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _settle(directory):
    """Waits until the names in a directory are on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(one, other):
    """Swaps two names in one step, which Python has no call for: renameat2(2) with RENAME_EXCHANGE."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2):  # AT_FDCWD, RENAME_EXCHANGE
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), other)
