# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches items: many at once, large ones in pieces, hashed as they come, resumed where a run was cut off."""

from __future__ import annotations

import collections
import heapq
import itertools
import threading
import time
from urllib.parse import quote

from . import pieces
from .client import Client, Failure
from .errors import FetchError, explained, without_credentials
from .pace import Throttle, pause
from .partial import Partial, discard
from .plan import total
from .route import Route

_SMALL = 1 << 18  # bytes: smaller items come first, while new connections are slow anyway, and none of them is waited for at the end
_LATE = 0.25  # seconds by which a piece has to come later than all could be there, to be shared by two when nothing else is left
_SHARED = 1 << 17  # bytes that it must lack for that
_SILENT = 5  # seconds without a byte after which a request is made once more, when nothing else is left
_BUFFER = 1 << 17  # bytes of memory for each connection
_PROGRESS = 1 << 16  # bytes after which a failure is a new one, not the last one again


def fetch(settings, tree, items, progress):
    """Fetches items into the tree's incoming/ and admits each one that has its size and hash.

    What several paths have in common is fetched once and linked. Returns {source: how many files it gave}.
    FetchError: some did not come; those that did are in place, and partial files wait for the next run.
    """
    firsts = {}
    for item in items:
        firsts.setdefault(item.sha256, item)
    progress.begin(len(firsts), total(firsts.values()))
    run = _Run(settings, tree, firsts.values(), progress)
    run.carry_out()
    failures = run.failures
    for item in items:
        first = firsts[item.sha256]
        if first.path in failures:
            failures[item.path] = failures[first.path]
        elif first is not item and not tree.share(item, tree.path, first.path, first.sha256):
            failures[item.path] = "it could not be linked to %s, which has the same content" % first.path
    if failures:
        raise FetchError("%d of %d items could not be fetched from %s" % (
            len(failures), len(items), " or ".join([settings.source] + settings.sources)),
            "What has arrived is kept; run again when the server gives the rest.", failures=failures.items())
    return {without_credentials(source): number for source, number in run.served.items()}


class _Superseded(Exception):
    """What this request brings, nobody wants any more."""


class _Download:
    """One item on its way."""

    def __init__(self, item):
        self.item = item
        self.partial = None  # what has come of it, once it was begun; another one when it starts again
        self.split = False  # whether it comes in pieces
        self.missing = []  # spans that are not among the pieces
        self.pieces = 0  # that somebody has been asked for, or will be again
        self.asked = 0  # requests under way
        self.source = 0  # which of the sources is asked
        self.url = None  # where that one has redirected to
        self.ranges = True  # whether that one gives them, as far as is known
        self.tries, self.troubled, self.failed = 0, 0, 0  # failures in a row; when the first and the last of them came
        self.again = True  # whether it may start again once, when its bytes are wrong
        self.resumed = False  # whether some of its bytes are from a former run
        self.words = []  # what went wrong with the sources before
        self.hurried = False  # whether a silent server has been left in favour of a new request
        self.over = False


class _Piece:
    """One request for a span of an item."""

    def __init__(self, download, span):
        self.download, self.partial, self.source = download, download.partial, download.source
        self.start, self.end = span
        self.place = self.start  # up to which it has come
        self.begun = self.heard = time.monotonic()  # when it was asked for, and when a byte has come last
        self.client = None  # who asks for it

    def late(self, now):
        """The seconds that it takes still, if it goes on as it has begun; 0 while it has only just been asked for."""
        taken = now - self.begun
        return (self.end - self.place) * taken / max(1, self.place - self.start) if taken > _LATE else 0

    @property
    def superseded(self):
        return self.download.over or self.download.partial is not self.partial


class _Run:
    """Threads, each with connections of its own, that take pieces of work until none is left."""

    def __init__(self, settings, tree, items, progress):
        self.failures = {}  # path: what went wrong
        self.served = {}  # source: items that it gave
        self._tree, self._progress, self._settings = tree, progress, settings
        self._sources = [settings.source] + settings.sources
        self._route, self._throttle = Route(settings), Throttle(settings.rate)
        self._workers = []
        self._came, self._since = 0, time.monotonic()  # bytes, for the speed
        self._admitting = threading.Lock()
        self._changed = threading.Condition()  # holds all below together
        self._waiting = collections.deque(sorted(items, key=lambda item: (item.size > _SMALL, -item.size, item.path)))
        self._begun = []  # downloads with missing spans, in their order
        self._under_way = set()  # pieces
        self._later = []  # (when, number, piece): what is tried again
        self._number = itertools.count()
        self._open = len(self._waiting)  # downloads that are not over
        self._left = total(items)  # bytes that nobody has been asked for
        self._answered = {}  # source, by number: when it last gave an answer
        self._unreachable = set()  # sources, by number, that give none
        self._fatal = None

    def carry_out(self):
        """Fetches all. Whatever ends it, no thread is left that writes."""
        try:
            self._hire(self._most())
            with self._changed:
                self._changed.wait_for(lambda: self._fatal or not self._open)
        except BaseException as error:
            self._fatal = self._fatal or error
            raise
        finally:
            self._dismiss()
        if self._fatal:
            raise self._fatal

    def _most(self):
        """The most connections that are of use."""
        most = min(self._settings.parallel, self._open + self._left // pieces.length(0, 1))
        return min(most, max(1, self._settings.rate // _BUFFER)) if self._settings.rate else most

    def _hire(self, number):
        rate = self._settings.rate
        size = min(_BUFFER, max(1024, rate // (8 * number))) if rate else _BUFFER  # an eighth of a second, all together
        for _worker in range(number):
            client = Client(self._route)
            worker = threading.Thread(target=self._work, args=(client, size), daemon=True)
            self._workers.append((worker, client))
            worker.start()

    def _dismiss(self):
        with self._changed:
            self._changed.notify_all()
        for _worker, client in self._workers if self._fatal else []:
            client.close()
        for worker, _client in self._workers:
            worker.join(self._route.connect_timeout)

    # What a thread does

    def _work(self, client, size):
        buffer = memoryview(bytearray(size))
        try:
            for piece in iter(self._take, None):
                self._attempt(client, piece, buffer)
        except BaseException as error:  # pylint: disable=broad-except
            with self._changed:
                self._fatal = self._fatal or error
                self._changed.notify_all()
        finally:
            client.forget()

    def _attempt(self, client, piece, buffer):
        download, failure = piece.download, None
        piece.client = client
        try:
            self._receive(client, piece, buffer)
        except _Superseded:
            client.forget()
        except Failure as error:
            failure = error
        with self._changed:
            download.asked -= 1
            self._under_way.remove(piece)
            if not failure or not failure.unreachable:
                self._answered[piece.source] = time.monotonic()
            self._changed.notify_all()
            if piece.superseded:
                self._progress.advance(piece.start - piece.place)
                return
            if piece.place > piece.end:  # it was shared when more had come than it was left with
                self._progress.advance(piece.end - piece.place)
                piece.place = piece.end
            piece.partial.add(piece.start, piece.place)
            if piece.place - piece.start >= _PROGRESS:
                download.tries = 0
            if failure:
                self._failed(piece, failure)
                return
            download.pieces -= 1
            whole = not download.pieces and not download.missing
        if whole:
            self._finish(download)
        else:
            piece.partial.catch_up()

    def _receive(self, client, piece, buffer):
        """Asks for a piece and writes what comes."""
        download, size = piece.download, piece.download.item.size
        if piece.place == piece.end:
            return  # a former run has left all of it
        url = download.url or self._sources[piece.source] + quote(download.item.path)
        answer = client.get(url, (piece.place, piece.end) if download.ranges and (piece.place, piece.end) != (0, size) else None)
        if answer.url != url:
            download.url = answer.url
        if answer.size() != size and answer.header("Content-Encoding", "identity") != "identity":
            answer.drop()
            raise Failure("sent with Content-Encoding %s, which nobody asked for" % answer.header("Content-Encoding"), wrong=True)
        if answer.size() not in (None, size):
            answer.drop()
            raise Failure("%d bytes of %s, listed %d bytes" % (answer.size(), answer.header("Content-Type", "no type"), size), wrong=True)
        if answer.status == 416 or answer.start() not in (0, piece.place):
            answer.drop()
            raise Failure("%s to a request for the bytes from %d on, listed %d bytes" % (answer.words, piece.place, size), wrong=True)
        if answer.status == 200 and (piece.place, piece.end) != (0, size):
            self._take_over(piece)
        while (wanted := piece.end - piece.place) > 0:
            self._fill(answer, piece, buffer[:wanted])
        if answer.status == 200 and answer.size() is None and answer.read_into(buffer[:1]):
            answer.drop()
            raise Failure("more bytes than listed: listed %d bytes" % size, wrong=True)
        answer.done()

    def _fill(self, answer, piece, buffer):
        """Writes a buffer full of what comes; less where it breaks off."""
        filled = 0
        try:
            while filled < len(buffer):
                number = answer.read_into(buffer[filled:])
                if not number:
                    raise Failure("%d bytes, listed %d bytes" % (piece.place + filled, piece.download.item.size), wrong=True)
                filled += number
                piece.heard = time.monotonic()
        finally:
            if filled:
                piece.partial.write(piece.place, buffer[:filled])
                piece.place += filled
                self._came += filled
                self._progress.advance(filled)
        self._throttle.pass_on(filled)
        if self._fatal or piece.superseded:
            raise _Superseded

    # What all threads see to, one at a time

    def _take(self):
        """The next piece to ask for, or None when all is over."""
        with self._changed:
            while self._open and not self._fatal:
                now = time.monotonic()
                while self._later and self._later[0][0] <= now:
                    self._put_back(heapq.heappop(self._later)[2])
                for download in self._begun:
                    if download.asked < self._settings.connections:
                        return self._next(download)
                if self._waiting:
                    self._begin(_Download(self._waiting.popleft()))
                    continue
                piece = self._share(now)
                if piece:
                    return piece
                self._hurry(now)
                self._changed.wait(min(_LATE, self._later[0][0] - now) if self._later else _LATE)
        return None

    def _share(self, now):
        """The second half of what the latest piece lacks, for who has nothing else to do: what became slow is not waited for."""
        lacking = sum(piece.end - piece.place for piece in self._under_way)
        bound = _LATE + lacking * (now - self._since) / max(1, self._came)
        slow = [piece for piece in self._under_way if piece.download.split and not piece.superseded and
                piece.download.asked < self._settings.connections and piece.end - piece.place > _SHARED and piece.late(now) > bound]
        if not slow:
            return None
        piece = max(slow, key=lambda piece: piece.late(now))
        other = _Piece(piece.download, (piece.end - (piece.end - piece.place) // 2, piece.end))
        piece.end = other.start
        return self._asked(other)

    def _hurry(self, now):
        """What a silent server holds up, when nothing else is left, is asked for once more long before the stall timeout."""
        for piece in self._under_way:
            download = piece.download
            if piece.client and now - piece.heard > _SILENT and download.ranges and not download.hurried and self._settings.retries:
                download.hurried = True
                piece.client.close()  # a failure, to be tried again

    def _next(self, download):
        piece = _Piece(download, pieces.cut(download.missing, pieces.length(self._left, len(self._workers))
                                            if download.split else download.item.size))
        if not download.missing:
            self._begun.remove(download)
        self._left -= piece.end - piece.start
        return self._asked(piece)

    def _asked(self, piece):
        piece.download.pieces += 1
        piece.download.asked += 1
        self._under_way.add(piece)
        return piece

    def _begin(self, download):
        if download.source in self._unreachable and not self._turn(download):
            self._give_up(download, "not asked for: %s gives no answer" % self._sources[download.source])
            return
        self._open_partial(download)
        come = pieces.count(download.partial.spans)
        download.resumed = come > 0
        self._progress.advance(come)
        self._left -= come
        if download.item.size - come > pieces.length(self._left, len(self._workers)) or len(download.missing) > 1:
            download.partial.in_pieces()
            download.split = True
        self._begun.append(download)
        self._changed.notify_all()

    def _open_partial(self, download):
        download.partial = Partial(self._tree.partial(download.item), download.item.size)
        download.missing = pieces.gaps(download.partial.spans, download.item.size) or [(download.item.size, download.item.size)]
        download.pieces = 0

    def _put_back(self, piece):
        """What is missing of a piece is asked for anew."""
        if not piece.superseded:
            piece.download.pieces -= 1
            piece.download.missing.insert(0, (piece.place, piece.end))
            self._left += piece.end - piece.place
            if piece.download not in self._begun:
                self._begun.insert(0, piece.download)

    def _take_over(self, piece):
        """The server gives no ranges, but the whole file: this piece becomes that; what others have brought is thrown away."""
        with self._changed:
            if piece.superseded:
                raise _Superseded
            download = piece.download
            download.split = download.ranges = False
            self._throw_away(download)
            self._begun.remove(download)
            download.missing, download.pieces = [], 1
            piece.partial, piece.start, piece.place, piece.end = download.partial, 0, 0, download.item.size
            self._left -= download.item.size

    def _failed(self, piece, failure):
        download = piece.download
        if piece.begun >= download.failed:  # others that were under way at that time have failed together with it
            download.tries += 1
            download.failed = time.monotonic()
            download.troubled = download.troubled if download.tries > 1 else piece.begun
        if piece.source != download.source:
            self._put_back(piece)
        elif failure.wrong:
            self._spoiled(download, failure.words)
        elif failure.retried and download.tries <= self._settings.retries:
            heapq.heappush(self._later, (time.monotonic() + pause(download.tries, failure.after), next(self._number), piece))
            download.url = None
        else:
            if failure.unreachable and self._answered.get(piece.source, 0) < download.troubled:
                self._unreachable.add(piece.source)
            if self._turn(download, failure.words):
                self._put_back(piece)
            else:
                self._give_up(download, failure.words)

    def _spoiled(self, download, words):
        """The bytes are not what is listed. Once they may have been spoiled on the way, or be from a former run."""
        if download.resumed:
            download.resumed = False
        elif download.again and self._settings.retries:
            download.again = False
        elif not self._turn(download, words):
            self._give_up(download, words)
            with explained(self._tree.incoming):
                discard(self._tree.partial(download.item))
            return
        self._throw_away(download)

    def _throw_away(self, download):
        self._progress.advance(-pieces.count(download.partial.spans))
        self._left += download.item.size - pieces.count(download.missing)
        if download in self._begun:
            self._begun.remove(download)
        with explained(self._tree.incoming):
            discard(self._tree.partial(download.item))
        self._open_partial(download)
        if download.split:
            download.partial.in_pieces()
        self._begun.insert(0, download)

    def _turn(self, download, words=None):
        """Turns to the next source, if there is one."""
        for source in range(download.source + 1, len(self._sources)):
            if source not in self._unreachable:
                if words:
                    download.words.append("%s: %s" % (self._sources[download.source], words))
                download.source, download.url, download.ranges, download.tries, download.again = source, None, True, 0, True
                return True
        return False

    def _give_up(self, download, words):
        download.over = True
        self.failures[download.item.path] = "; ".join(download.words + [words])
        self._left -= pieces.count(download.missing) if download.partial else download.item.size
        if download in self._begun:
            self._begun.remove(download)
        self._open -= 1
        self._changed.notify_all()

    def _finish(self, download):
        """All has come: it is the item, or it is not."""
        item = download.item
        found = download.partial.sha256()
        if found == item.sha256:
            download.partial.finish()
            with self._admitting:  # two that make the same directory get into each other's way
                self._tree.admit(item, found)
            self._progress.admitted(item)
        with self._changed:
            if found == item.sha256:
                source = self._sources[download.source]
                self.served[source] = self.served.get(source, 0) + 1
                download.over = True
                self._open -= 1
            else:
                self._spoiled(download, "the bytes that the server gave do not have the listed sha256")
            self._changed.notify_all()
