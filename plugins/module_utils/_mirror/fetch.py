# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches items with aria2c: many at once, several connections for a large one, resumed where a run was cut off."""

from __future__ import annotations

import os
import re
import subprocess
from urllib.parse import quote

from .errors import FetchError, MirrorError
from .plan import total
from .tools import start

_MIN_SPLIT = "16M"  # smaller pieces fetch more bytes than the files hold
_URI = re.compile(r"URI=(\S+)")
_SPOILED = re.compile(r"Checksum error detected\. file=(.+)")
# What aria2c would never go on from: a server without ranges, and a control file that a full disk or a power cut has cut
_DEAD_END = re.compile(r"Invalid range header|Failed to read from the segment file")
_NOT_RETRIED = re.compile(r"sha256|status=500|%s" % _DEAD_END.pattern)  # what it gives up at the first time
_CAUSE = re.compile(r"errorCode=\d+ (?!URI=)(.+)")


def fetch(settings, tree, items, progress):
    """Fetches items into the tree's incoming/ and admits each one that has its size and hash.

    What several paths have in common is fetched once and linked.
    FetchError: some did not come; those that did are in place, and partial files wait for the next run.
    """
    progress.begin(len(items), total(items))
    firsts = {}
    for item in items:
        firsts.setdefault(item.sha256, item)
    failures = _attempt(settings, tree, list(firsts.values()))
    again = [item for item in firsts.values() if settings.retries and _NOT_RETRIED.search(failures.get(item.path, ""))]
    if again:
        failures = {path: words for path, words in failures.items() if path not in {item.path for item in again}}
        failures.update(_attempt(settings, tree, again))
    for item in items:
        first = firsts[item.sha256]
        if first.path in failures:
            failures[item.path] = failures[first.path]
        elif first is not item and not tree.share(item, tree.path, first.path):
            failures[item.path] = "it could not be linked to %s, which has the same content" % first.path
    if failures:
        raise FetchError("%d of %d items could not be fetched from %s" % (len(failures), len(items), settings.source),
                         "What has arrived is kept; run again when the server gives the rest.", failures=failures.items())


def _attempt(settings, tree, items):
    """{path: what went wrong} of the items that did not come; the others are admitted."""
    words = _download(settings, tree, items)
    failures = {}
    for item in items:
        partial, cause = tree.partial(item), words.get(_url(settings, item), "it did not arrive whole")
        if partial in words:
            tree.forget(item)  # its bytes are wrong: nothing to go on from
            failures[item.path] = words[partial]
        elif not os.path.exists(partial) or os.path.exists(partial + ".aria2"):
            if _DEAD_END.search(cause):
                tree.forget(item)
            failures[item.path] = cause
        else:
            try:
                tree.admit(item)
            except FetchError as error:
                failures.update(error.failures)
    return failures


def arguments(settings, tree):
    """aria2c's command line; the items come by its standard input."""
    options = {
        "input-file": "-",
        "dir": tree.incoming,
        "deferred-input": "true",
        "max-concurrent-downloads": settings.parallel,
        "max-connection-per-server": settings.connections,
        "split": settings.connections,
        "min-split-size": _MIN_SPLIT,
        "max-overall-download-limit": settings.rate_limit or 0,
        "connect-timeout": settings.connect_timeout,
        "timeout": settings.stall_timeout,
        "max-tries": settings.retries + 1,
        "retry-wait": 1,
        "continue": "true",
        "allow-overwrite": "true",
        "auto-file-renaming": "false",
        "check-integrity": "true",
        "file-allocation": "none",
        "auto-save-interval": 5,
        "http-accept-gzip": "false",
        "no-netrc": "true",
        "no-conf": "true",
        "enable-color": "false",
        "console-log-level": "error",
        "show-console-readout": "false",
        "summary-interval": 0,
        "download-result": "hide",
    }
    return ["aria2c"] + ["--%s=%s" % option for option in options.items()]


def input_file(settings, items):
    """aria2c's list of what to fetch. Large items first: the last one to start should be a short one."""
    return "".join("%s\n  out=%s\n  checksum=sha-256=%s\n" % (_url(settings, item), item.sha256, item.sha256)
                   for item in sorted(items, key=lambda item: (-item.size, item.path)))


def causes(output):
    """{URL, or file where its hash was wrong: what went wrong} of what aria2c printed."""
    found, url = {}, None
    for line in output.splitlines():
        spoiled = _SPOILED.search(line)
        if spoiled:
            found[spoiled.group(1)] = "the bytes that the server gave do not have the listed sha256"
        match = _URI.search(line)
        url = match.group(1) if match else url
        cause = _CAUSE.search(line)
        if cause and url:
            found[url] = cause.group(1)
    return found


def _download(settings, tree, items):
    with start(arguments(settings, tree), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
               stderr=subprocess.STDOUT) as process:
        try:
            output = process.communicate(input_file(settings, items))[0]
        except BaseException:
            process.terminate()  # aria2c saves what it has, for the next run
            raise
    found = causes(output)
    if process.returncode and not found and not any(os.path.exists(tree.partial(item)) for item in items):
        raise MirrorError("aria2c ended with exit code %d: %s" % (process.returncode, output.strip() or "it said nothing"))
    return found


def _url(settings, item):
    return settings.source + quote(item.path)
