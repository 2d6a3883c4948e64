# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the programs that a mirror is made with: the one place that starts a process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile

from .errors import MirrorError, SettingsError

# Where the role simplestreams puts the commands; cron and sudo often leave it out of PATH.
_PATH = os.pathsep.join(filter(None, [os.environ.get("PATH"), "/usr/local/bin", "/usr/bin", "/bin"]))
_PACKAGES = {"sstream-query": "simplestreams", "gpgv": "gpgv", "gpg": "gnupg", "sync": "coreutils"}
_LIBC = ctypes.CDLL(None)  # here: nothing is loaded between fork and exec
_PR_SET_PDEATHSIG = 1


class CommandError(MirrorError):
    """A program ended with a failure; `words` is what it said last."""

    def __init__(self, program, code, output):
        self.words = output.strip().splitlines()[-1] if output.strip() else "it said nothing"
        self.output = output
        self.code = code
        super().__init__("%s ended with %s: %s" % (program, code, self.words))
        self.args = (program, code, output)  # what pickle makes the error again with


def find(program):
    """The path of a program. SettingsError says what to install."""
    path = shutil.which(program, path=_PATH)
    if not path:
        raise SettingsError("%s is not installed here" % program, "The role imagemirror.maas.simplestreams installs it; "
                            "by hand, it is in the package %s." % _PACKAGES.get(program, program))
    return path


def end_with_parent():
    """Makes the kernel terminate this process when its parent dies, however: prctl(PR_SET_PDEATHSIG), kept over an exec.

    A program that outlived a killed run would go on writing into what the next run has checked.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def start(argv, **options):
    """A started process in a fixed locale, whose output is text; the caller ends it, or dies and it ends too."""
    environment = dict(options.pop("env", os.environ), PATH=_PATH, LC_ALL="C.UTF-8")
    program = find(argv[0])
    try:
        # not run_command: the engine is without Ansible on the mirror host, and a fetch is watched while it runs
        return subprocess.Popen([program] + argv[1:], env=environment,  # pylint: disable=ansible-bad-function
                                encoding="utf-8", errors="replace", preexec_fn=end_with_parent, **options)
    except OSError as error:
        raise SettingsError("%s can't be started: %s" % (program, error.strerror),
                            "Install it where the owner of the mirror may run it.") from error


def run(argv, timeout=None):
    """Runs a program to its end and returns its standard output.

    timeout: seconds; a program that takes longer is killed.
    CommandError: it failed, or was killed.
    """
    with start(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise CommandError(argv[0], "a timeout", "no end within %d s" % timeout) from error
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise CommandError(argv[0], "exit code %d" % process.returncode, errors or output)
    return output


class Lines:
    """A program that works on its own; iterated, the lines of its standard output, once it has ended.

    Its output waits in a file, so that no more than a line of it needs memory, and none is needed while the program has its own.

    timeout: seconds to wait for its end.
    CommandError, in place of the first line: it failed, or did not end.
    As a context manager: with the block, it ends, too.
    """

    def __init__(self, argv, timeout):
        self._program, self._timeout = argv[0], timeout
        self._output, self._errors = _text(), _text()
        self._process = start(argv, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._errors)

    def wait(self):
        """Returns when it has ended, well or not, or has not within its time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._timeout)

    def __iter__(self):
        self.wait()
        code = self._process.poll()
        if code is None:
            raise CommandError(self._program, "a timeout", "no end within %d s" % self._timeout)
        if code:
            self._errors.seek(0)
            raise CommandError(self._program, "exit code %d" % code, self._errors.read())
        self._output.seek(0)
        yield from self._output

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.kill()  # nothing happens to one that has ended
        self._process.wait()
        self._output.close()
        self._errors.close()


def _text():
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
