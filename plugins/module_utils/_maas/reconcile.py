# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""find → plan → apply: the one write path. A plan is data; check mode stops before it is applied."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InvalidError, MaasError

_FIRST_PAUSE, _LONGEST_PAUSE = 1, 5  # seconds between tries of a patient step

Answer = namedtuple("Answer", "step value")


@dataclass(frozen=True)
class Step:
    """One request that changes something, and the steps that take it back once it is done.

    `path` may hold `{name}`: the id of what an earlier step with `gives=name` made.
    `patience` is for how many seconds it is tried again while MAAS has not read the source yet.
    """

    method: str
    path: str
    fields: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    gives: str = ""
    patience: float = 0
    undo: tuple = ()


@dataclass(frozen=True)
class Plan:
    """What is, what will be, and the steps between."""

    before: Any = None
    after: Any = None
    steps: tuple = ()
    warnings: tuple = ()

    @property
    def changed(self):
        """True if applying it changes the server."""
        return bool(self.steps)

    @property
    def diff(self):
        """What --diff shows, the same in check mode and in a real run: it is made of the plan alone."""
        return {"before": self.before or {}, "after": self.after or {}}


class Unread:
    """What to do about a source that MAAS has not read: wait. use_cases/unread.py knows more."""

    def refused(self, step, error):
        """MAAS refused `step` for now; raises where waiting can't help."""

    def over(self, step, error):
        """The error to end with when `step` was refused until its time was over."""
        return error


def apply(client, plan, unread=None):
    """Do the plan's steps in order; [Answer]. After a failure what was done is taken back, and the error says how."""
    try:
        return _do(client, plan.steps, unread or Unread())
    except _HalfDone as half:
        if not _undo_of(half.done):
            raise half.error from half
        raise _taken_back(client, plan, half) from half.error


class _HalfDone(Exception):
    def __init__(self, error, done, known):
        super().__init__(str(error))
        self.error = error
        self.done = done
        self.known = known


def _do(client, steps, unread, known=None):
    known = dict(known or {})
    answers = []
    for step in steps:
        try:
            value = _send(client, step, known, unread)
        except MaasError as error:
            raise _HalfDone(error, answers, known) from error
        if step.gives:
            known[step.gives] = value["id"]
        answers.append(Answer(step, value))
    return answers


def _send(client, step, known, unread):
    path = step.path.format(**known)
    if step.method == "DELETE":
        return client.delete(path)
    send = {"POST": client.post, "PUT": client.put}[step.method]
    if not step.patience:
        return send(path, step.fields, step.files)
    return _patiently(client, lambda: send(path, step.fields, step.files), step, unread)


def _patiently(client, act, step, unread):
    """`act()`, again and again while MAAS answers as it does about a source it has not read yet."""
    end = client.now() + step.patience
    pause = _FIRST_PAUSE
    while True:
        try:
            return act()
        except InvalidError as error:
            if not is_not_read_yet(error):
                raise
            unread.refused(step, error)
            if client.now() + pause > end:
                raise unread.over(step, error) from error
        client.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def is_not_read_yet(error):
    """True for the words that MAAS has both for "not read yet" and for "not in the stream"."""
    return "no available images" in error.words.lower()


def _undo_of(done):
    return [step for answer in reversed(done) for step in answer.step.undo]


def _taken_back(client, plan, half):
    done = ", ".join("%s %s" % (answer.step.method, answer.step.path) for answer in half.done)
    try:
        _do(client, _undo_of(half.done), Unread(), half.known)
    except _HalfDone as failed:
        return MaasError(
            "%s This came after %s; taking that back failed too: %s MAAS is NOT as it was before."
            % (half.error, done, failed.error),
            **dict(half.error.data, before=plan.before),
        )
    return MaasError(
        "%s What had been done before that (%s) was taken back; MAAS is as it was." % (half.error, done),
        **half.error.data,
    )
