# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene of the fault tests: streams, a misbehaving upstream, the real engine in its own process, and a watcher."""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import checker
import faults

TREE = Path(__file__).resolve().parents[2]
STREAM = TREE / "tests" / "lab" / "stream.py"
INDEX = "streams/v1/index.sjson"
IMAGES = "streams/v1/com.ubuntu.maas:stable:v3:download.sjson"
LOADERS = "streams/v1/com.ubuntu.maas:stable:1:bootloader-download.sjson"
FIRST, SECOND, THIRD = 0, 1, 2  # the states of the stream
SELECTIONS = [{"os": ["ubuntu"], "releases": ["noble"], "arches": ["amd64"]},
              {"os": ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]}]
JAMMY = {"os": ["ubuntu"], "releases": ["jammy"], "arches": ["amd64"]}
_TIMEOUT = 60  # seconds that a run may take; more is a hang
Strike = Optional[tuple[str, str, Path]]  # action, time and file for strike.py
_LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from _mirror.command import main; sys.exit(main())"


def wanted(product: dict[str, Any]) -> bool:
    """Whether SELECTIONS take a product."""
    return product["os"] != "ubuntu" and "release" not in product or \
        (product["os"], product.get("release"), product["arch"]) == ("ubuntu", "noble", "amd64")


def clone(source: Path, target: Path) -> Path:
    """A copy made of hard links: cheap, and right as long as files are replaced and not written in place."""
    subprocess.run(["cp", "-al", str(source), str(target)], check=True)
    return target


def replace(path: Path, content: bytes) -> None:
    """Puts another file in the place of one that may have hard links."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


class Stage:
    """Three states of a stream, each in a directory of its own, and two mirrors that publish the first.

    mirror: has published nothing else. grown: has a generation before that, with jammy, which the next sync prunes.
    """

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.keyring = scratch / "made" / "keyring.gpg"
        self._made = scratch / "made"
        self.states: list[Path] = []
        self._instants: list[str] = []
        self._stream("make", "--releases", "noble,jammy", "--arches", "amd64", "--kernels", "ga", "--versions", "1",
                     "--scale", "0.005", "--no-centos")
        for number in (FIRST, SECOND, THIRD):
            if number:
                self._stream("publish")
            self.states.append(clone(self._made / "ephemeral-v3" / "stable", scratch / f"state{number}"))
        self.mirror = scratch / "mirror"
        self.sync(FIRST, self.mirror)
        self.grown = scratch / "grown"
        self.sync(FIRST, self.grown, selections=[*SELECTIONS, JAMMY])
        self.sync(FIRST, self.grown, wipe_ratio=1)

    def instants(self) -> list[str]:
        """What a sync of the grown mirror to the second state changes on the disk, a line that strike.py lists for each instant."""
        if not self._instants:
            twin, listed = clone(self.grown, self.scratch / "twin"), self.scratch / "instants"
            self.sync(SECOND, twin, strike=("list", "every", listed), prune_grace=0)
            self._instants = listed.read_text(encoding="utf-8").replace(str(twin), "").splitlines()
        return self._instants

    def last(self, words: str) -> str:
        """The name of the last instant whose line has these words."""
        return [line.split()[0] for line in self.instants() if words in line][-1]

    def sign(self, text: str, home: Path | None = None) -> bytes:
        """The text, clearsigned by the key of the stream or of another home directory of gpg."""
        return subprocess.run(["gpg", "--homedir", str(home or self._made / "gnupg"), "--batch", "--clearsign"],
                              input=text.encode(), capture_output=True, check=True).stdout

    def sync(self, state: int, path: Path, strike: Strike = None, **more: Any) -> None:
        """A mirror follows a state of the stream."""
        with faults.Upstream(self.states[state]) as upstream:
            run = engine(self.scratch, settings(self, upstream.url, path, **more), "sync", strike=strike)
        assert run.code == 0, run.words

    def _stream(self, command: str, *options: str) -> None:
        subprocess.run([sys.executable, str(STREAM), command, str(self._made), *options], check=True, capture_output=True)


def settings(stage: Stage, source: str, path: Path, **more: Any) -> dict[str, Any]:
    """Settings of a mirror of the stage's stream, impatient, as a test is."""
    return dict({"name": "lab", "source": source, "path": str(path), "keyring": str(stage.keyring),
                 "selections": SELECTIONS, "retries": 1, "stall_timeout": 2, "connect_timeout": 2,
                 "metadata_timeout": 20}, **more)


@dataclass
class Run:
    """How a run ended."""

    code: int  # negative: by that signal
    words: str  # standard output and error


def start(scratch: Path, values: dict[str, Any], *arguments: str, strike: Strike = None,
          **options: Any) -> subprocess.Popen:
    """The engine on the settings, started: arguments are the command and its options."""
    file = scratch / "settings.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    environment = dict(os.environ, PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
    launch = [str(TREE / "tests" / "faults" / "strike.py"), *map(str, strike)] if strike else ["-c", _LAUNCH]
    return subprocess.Popen([sys.executable, *launch, str(TREE / "plugins" / "module_utils"), arguments[0], str(file),
                             *arguments[1:]],
                            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, **options)


def end(process: subprocess.Popen) -> Run:
    """Waits for the end of a started engine."""
    try:
        words = process.communicate(timeout=_TIMEOUT)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Run(process.returncode, words)


def engine(scratch: Path, values: dict[str, Any], *arguments: str, **options: Any) -> Run:
    """Runs the engine on the settings, to its end."""
    return end(start(scratch, values, *arguments, **options))


class Lab:
    """A mirror that holds the first state, an upstream that is at the second, a watcher that knows all three."""

    def __init__(self, stage: Stage, scratch: Path, mirror: Path, keyring: Path | None = None) -> None:
        """keyring: of a mirror that signs its index itself."""
        self.stage, self.scratch, self.mirror = stage, scratch, mirror
        self.upstream = faults.Upstream(stage.states[SECOND])
        self.settings = settings(stage, self.upstream.url, self.mirror)
        self.watcher = checker.Checker(self.mirror, keyring or stage.keyring, wanted, own=keyring is not None)
        for number, state in enumerate(stage.states):
            self.watcher.know(str(number), state)

    def __enter__(self) -> Lab:
        self.upstream.__enter__()
        self.watcher.__enter__()
        self.watcher.look()
        assert self.published == FIRST
        return self

    def __exit__(self, *error: object) -> None:
        self.watcher.__exit__(*error)
        self.upstream.__exit__(*error)

    @property
    def published(self) -> int:
        """The number of the state that clients see now."""
        self.watcher.look()
        return int(self.watcher.seen[-1])

    def sync(self, strike: Strike = None, **more: Any) -> Run:
        """A sync to its end."""
        return self.run("sync", strike=strike, **more)

    def verify(self, *options: str) -> Run:
        """A verify to its end."""
        return self.run("verify", *options)

    def run(self, *arguments: str, strike: Strike = None, **more: Any) -> Run:
        """A command of the engine, to its end."""
        return engine(self.scratch, {**self.settings, **more}, *arguments, strike=strike)

    def watched(self, *arguments: str, **more: Any) -> Run:
        """A command that stops before each of its changes until the watcher has looked: no gap is too short to be seen."""
        process = start(self.scratch, {**self.settings, **more}, *arguments, strike=("SIGSTOP", "every", self.scratch))
        while os.WIFSTOPPED(status := os.waitpid(process.pid, os.WUNTRACED)[1]):
            self.watcher.look()
            process.send_signal(signal.SIGCONT)
        process.returncode = os.waitstatus_to_exitcode(status)
        return end(process)

    def start(self, **more: Any) -> subprocess.Popen:
        """A sync that has begun."""
        return start(self.scratch, {**self.settings, **more}, "sync")

    def start_with(self, **options: Any) -> subprocess.Popen:
        """A sync that has begun, with options of subprocess.Popen."""
        return start(self.scratch, self.settings, "sync", **options)

    def instant(self, number: int, among: int) -> str:
        """The name of one of so many instants that are spread evenly over a sync: number 0 is the first, none is the last."""
        lines = self.stage.instants()
        return lines[number * len(lines) // among].split()[0]

    def heals(self, state: int = SECOND) -> None:
        """Without the fault, the next run publishes a state, and leaves nothing behind that it does not need."""
        self.upstream.heal()
        run = self.sync()
        assert run.code == 0, run.words
        assert self.published == state
        assert not list((self.mirror / ".mirror" / "incoming").iterdir())
        assert {path.name for path in (self.mirror / ".mirror").iterdir()} <= {
            "lock", "pin", "incoming", "generations", "spare", "verified", "health"}

    def tidy(self, *states: int) -> None:
        """The mirror has what is wanted of these states, and nothing else."""
        there = {str(path.relative_to(self.mirror)) for path in self.mirror.rglob("*") if not path.is_dir()}
        own = {path for path in there if path.split("/")[0] in (".mirror", "streams", "status.json", "progress.json", "keyring.gpg")}
        assert there - own == set().union(*map(self.items, states))

    def items(self, state: int = SECOND) -> dict[str, dict[str, Any]]:
        """{path: item} of what is wanted of a state."""
        found: dict[str, dict[str, Any]] = {}
        for path in (IMAGES, LOADERS):
            for product in content(self.stage.states[state] / path)["products"].values():
                if wanted(product):
                    newest = product["versions"][max(product["versions"])]
                    found.update({item["path"]: item for item in newest["items"].values()})
        return found

    def new(self, name: str) -> dict[str, Any]:
        """The item of the second state whose path ends so and that the first one does not have."""
        return next(item for path, item in self.items().items() if path.endswith("/" + name) and path not in self.items(FIRST))

    def forge(self, path: str, edit: Callable[[dict[str, Any]], None], state: int = SECOND, home: Path | None = None) -> Path:
        """Upstream becomes a copy of a state in which one metadata file was edited and signed again; returns its directory."""
        forged = self.scratch / f"forged-{len(list(self.scratch.glob('forged-*')))}"
        clone(self.stage.states[state], forged)
        changed = content(forged / path)
        edit(changed)
        replace(forged / path, self.stage.sign(json.dumps(changed), home))
        self.upstream.directory = forged
        return forged

    def partial(self, item: dict[str, Any]) -> Path:
        """Where the engine keeps an item while it is fetched."""
        return self.mirror / ".mirror" / "incoming" / item["sha256"]


def content(path: Path) -> dict[str, Any]:
    """The JSON in a clearsigned file, which is taken for good."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text.split("\n\n", 1)[1].split("\n-----BEGIN PGP SIGNATURE-----", 1)[0])


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def remove(path: Path) -> None:
    """Deletes a file or a directory."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
