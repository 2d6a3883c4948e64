# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared: how each tool mirrors a stream into a directory."""
from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
ENGINE = TREE / "plugins" / "module_utils"
_RUN_ENGINE = "import sys; sys.path.insert(0, %r); from _mirror.command import main; sys.exit(main())"


@dataclass(frozen=True)
class Job:
    """One stream into one directory."""

    url: str  # of the stream's directory
    directory: Path  # of the mirror
    stream: object  # the streams.Stream at the URL
    scratch: Path  # for lists and settings; empty

    def listing(self, items, row):
        """A file with a row of text for each of the items; row(url, item) makes it."""
        file = self.scratch / "list"
        file.write_text("".join(row(self.url + item["path"], item) for item in items), encoding="utf-8")
        return str(file)


def engine(modules):
    """Ours: the checkout's engine, or another one's."""
    def argv(job):
        settings = job.scratch / "settings.json"
        settings.write_text(json.dumps({
            "name": "bench", "source": job.url, "path": str(job.directory), "keyring": str(job.stream.keyring),
            "selections": job.stream.selections}), encoding="utf-8")
        return [sys.executable, "-c", _RUN_ENGINE % str(modules), "sync", str(settings)]
    return argv


def limit(job):
    """Each content once, to nothing, 64 at once: what the line and the server give."""
    config = job.listing(job.stream.contents, lambda url, item: 'url = "%s"\noutput = /dev/null\n' % url)
    return ["curl", "--silent", "--show-error", "--fail", "--parallel", "--parallel-max", "64", "--config", config]


def sstream_mirror(job):
    return ["sstream-mirror", "--keyring", str(job.stream.keyring), "--max", "1", "--path", "streams/v1/index.sjson",
            job.url, str(job.directory)]


def wget(job):
    return ["wget", "--mirror", "--no-parent", "--no-host-directories", "--cut-dirs=2", "--quiet",
            "--execute=robots=off", "--reject=index.html*", "--directory-prefix", str(job.directory), job.url]


def rclone(job):
    return ["rclone", "--config", "/dev/null", "copy", "--transfers", "16", "--checkers", "16", "--http-url", job.url,
            ":http:", str(job.directory)]


def lftp(job):
    return ["lftp", "-c", "open %s; mirror --parallel=16 . %s" % (job.url, job.directory)]


def aria2c(job):
    items = job.listing(job.stream.items, lambda url, item: "%s\n  out=%s\n" % (url, item["path"]))
    return ["aria2c", "--quiet", "--no-conf", "--input-file", items, "--dir", str(job.directory), "--continue=true",
            "--auto-file-renaming=false", "--max-concurrent-downloads=16", "--max-connection-per-server=4", "--split=4",
            "--file-allocation=none"]


TOOLS = {"limit": limit, "ours": engine(ENGINE), "sstream-mirror": sstream_mirror, "wget": wget, "rclone": rclone,
         "lftp": lftp, "aria2c": aria2c}
KEEPS_NOTHING = {"limit"}  # has no second run
GROWS = {"limit", "ours", "sstream-mirror", "aria2c"}  # the others ask for each directory and file, one by one
