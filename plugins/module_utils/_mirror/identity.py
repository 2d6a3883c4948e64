# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acts as the owner of the mirror, so that a run by root leaves nothing behind that the scheduled one can't touch."""

from __future__ import annotations

import os
import pickle
import pwd
import signal

from .errors import MirrorError, SettingsError
from .tools import end_with_parent


def call_as(owner, function, *arguments):
    """function(*arguments) with the rights of a user; its result or MirrorError comes back.

    Root does it in a child process that becomes the user; anybody else has to be that user already.
    owner: a user's name, or None for whoever is running.
    """
    if owner is None:
        return function(*arguments)
    user = account(owner)
    if os.geteuid() == user.pw_uid:
        return function(*arguments)
    if os.geteuid() != 0:
        raise SettingsError("This mirror belongs to %s and you are %s" % (owner, pwd.getpwuid(os.geteuid()).pw_name),
                            "Run it as root or as %s." % owner)
    return _in_child(user, function, arguments)


def account(owner):
    """The account of a user's name."""
    try:
        return pwd.getpwnam(owner)
    except KeyError as error:
        raise SettingsError("owner is %r and there is no such user here" % owner,
                            "The role imagemirror.maas.mirror_sync makes it.") from error


def _in_child(user, function, arguments):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            os.initgroups(user.pw_name, user.pw_gid)
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            end_with_parent()
            os.environ.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)
            try:
                outcome = (True, function(*arguments))
            except Exception as error:  # pylint: disable=broad-except
                outcome = (False, error)
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(outcome, pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
    except BaseException:
        os.kill(child, signal.SIGTERM)  # who stops this process means the run
        raise
    finally:
        os.waitpid(child, 0)
    if not answer:
        raise MirrorError("The run as %s ended without an answer" % user.pw_name, "It was killed, or is out of memory.")
    done, outcome = pickle.loads(answer)
    if not done:
        raise outcome
    return outcome
