# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""maas-image-mirror: the engine on the mirror host, under the schedule or by hand."""

# pylint: disable=ansible-bad-function  # no module runs this: it is a command, which prints and has an exit code

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time

from . import settings as settings_file
from .display import display
from .errors import MirrorError, without_credentials
from .probe import probe
from .report import human
from .sync import rollback, sync, verify
from .tree import Tree

_FOLDER = "/etc/maas-image-mirror"
_EXIT_CODES = """exit codes: 0 done; 1 unexpected; 2 settings or usage; 3 locked by another run; 4 the stream's metadata
was not to be had or is not authentic; 5 the plan was refused; 6 items could not be fetched; 7 the mirror's directory"""


def main(argv=None):
    """The command; returns its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(settings_file.load(_path(arguments.mirror)), arguments)
    except MirrorError as error:
        where = "%s, step %s" % (arguments.mirror, error.step) if error.step else arguments.mirror
        print("maas-image-mirror: %s: %s" % (where, error), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("maas-image-mirror: %s: interrupted" % arguments.mirror, file=sys.stderr)
        return 128 + signal.SIGINT
    except Exception as error:  # pylint: disable=broad-except  # whoever reads it is no programmer
        print("maas-image-mirror: %s: unexpected: %s: %s, in %s" % (
            arguments.mirror, type(error).__name__, without_credentials(str(error)), _place(error)), file=sys.stderr)
        return 1
    return 0


def _place(error):
    """The file and line that raised an error."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return "%s line %d" % (os.path.basename(trace.tb_frame.f_code.co_filename), trace.tb_lineno)


def _parser():
    parser = argparse.ArgumentParser(prog="maas-image-mirror", description="Makes and keeps a mirror of MAAS images.",
                                     epilog=_EXIT_CODES)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = _command(commands, "sync", _sync, "bring the mirror up to date and publish it")
    _add_check(command)
    _add_full(command)
    _add_splay(command)
    command = _command(commands, "verify", _verify, "fetch again what is not on disk as it was published")
    _add_check(command)
    _add_full(command)
    command.add_argument("--lock-timeout", type=int, metavar="SECONDS", help="how long to wait for another run on the mirror")
    _add_splay(command)
    command = _command(commands, "rollback", _rollback, "publish a kept generation, and pin it")
    command.add_argument("generation", nargs="?", default="previous",
                         help="a name that `list` shows, `latest`, or `previous`: the one before the latest (default)")
    command.add_argument("--no-pin", action="store_true", help="let the next sync publish again")
    _add_check(command)
    _command(commands, "unpin", _unpin, "publish the latest generation, and let syncs publish again")
    _command(commands, "list", _list, "list the kept generations; * is published")
    command = _command(commands, "status", _status, "say what the mirror holds and how the last run went")
    command.add_argument("--json", action="store_true", help="as status.json has it")
    command = _command(commands, "probe", _probe, "fetch the selection from a URL as a client does, and check every byte")
    command.add_argument("url", help="where the mirror is served")
    return parser


def _add_check(command):
    command.add_argument("--check", action="store_true", help="say what it would do and touch nothing")


def _add_full(command):
    command.add_argument("--full", action="store_true", help="read and hash every file, not its size alone")


def _add_splay(command):
    command.add_argument("--splay", type=int, default=0, metavar="SECONDS",
                         help="first wait a random time of up to SECONDS, so that many mirrors don't ask at once")


def _command(commands, name, run, text):
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=_EXIT_CODES)
    command.add_argument("mirror", metavar="NAME", help="of %s/NAME.json, or the path of such a file" % _FOLDER)
    command.set_defaults(run=run)
    return command


def _path(mirror):
    return mirror if os.sep in mirror or mirror.endswith(".json") else os.path.join(_FOLDER, mirror + ".json")


def _sync(settings, arguments):
    _print(settings, arguments, sync(*_prepared(settings, arguments)))


def _verify(settings, arguments):
    if arguments.lock_timeout is not None:
        settings.lock_timeout = arguments.lock_timeout
    _print(settings, arguments, verify(*_prepared(settings, arguments)))


def _prepared(settings, arguments):
    """What a run is called with, after the time that it is to wait."""
    if not arguments.check:
        time.sleep(random.uniform(0, arguments.splay))
    settings.verify = "full" if arguments.full else settings.verify
    return settings, arguments.check, [display(sys.stderr, settings.name)]


def _rollback(settings, arguments):
    _print(settings, arguments, rollback(settings, arguments.generation, not arguments.no_pin, arguments.check))


def _unpin(settings, arguments):
    print(rollback(settings, "latest", pinned=False).line(settings.name))


def _print(settings, arguments, result):
    for warning in result.warnings:
        print("%s: %s" % (settings.name, warning), file=sys.stderr)
    print("%s%s" % ("would be " if arguments.check else "", result.line(settings.name)))
    if arguments.check:
        for item in result.added:
            print("+ %s %s" % (item.path, human(item.size)))
        for path, size in result.removed:
            print("- %s %s" % (path, human(size)))


def _list(settings, arguments):
    tree = Tree(settings.path)
    current, pinned = tree.current(), tree.pinned()
    for generation in tree.generations():
        print("%s %s published %s, %d items, %s%s" % (
            "*" if generation.name == current else " ", generation.name, generation.published, len(generation.items),
            human(sum(item.size for item in generation.items.values())), ", pinned" if generation.name == pinned else ""))


def _status(settings, arguments):
    status = Tree(settings.path).status()
    if arguments.json:
        print(json.dumps(status, indent=2, sort_keys=True))
        return
    if not status:
        raise MirrorError("%s has had no sync yet" % settings.path, "Run maas-image-mirror sync %s." % arguments.mirror)
    print("%s: generation %s, %d items, %s" % (settings.name, status.get("generation") or "none", status.get("items", 0),
                                               human(status.get("bytes", 0))))
    if status.get("pinned"):
        print("pinned to generation %s" % status["pinned"])
    print("last success %s" % (status.get("last_success") or "never"))
    attempt = status["last_attempt"]
    print("last attempt %s, %s: %s%s" % (attempt["finished"], attempt["command"], attempt["outcome"], " in step %s: %s" % (
        attempt.get("step") or "?", attempt["error"]) if attempt.get("error") else ""))
    verified = status.get("last_verification")
    if verified:
        print("last verification %s, %s: %d items, %d bad, %d repaired" % (
            verified["finished"], verified["mode"], verified["items"], verified["bad"], verified["repaired"]))


def _probe(settings, arguments):
    settings.source = settings_file.source_url(arguments.url)
    items = probe(settings)
    print("%s: %d items, %s: signature, sizes and hashes are good" % (
        arguments.url, len(items), human(sum(item.size for item in items))))
