# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks the sync beside other tools, over a line of 100 MB/s with a delay, in network namespaces. Needs root.

Installs what it compares (apt) and python-simplestreams (PyPI into .cache/).
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))

import machine  # noqa: E402  (of tests/runner)
import serve  # noqa: E402
import streams  # noqa: E402
import targets  # noqa: E402
from measure import measure  # noqa: E402
from network import network  # noqa: E402
from table import Table  # noqa: E402
from tools import GROWS, KEEPS_NOTHING, TOOLS, Job, engine  # noqa: E402
from upstream import upstream  # noqa: E402

PACKAGES = ("nginx-light|nginx", "aria2", "wget", "rclone", "lftp", "curl", "iproute2", "gnupg", "gpgv")
CONDITIONS = {"20ms": (0.02, False), "50ms": (0.05, False), "20ms-limited": (0.02, True), "50ms-limited": (0.05, True)}
CASES = ("first", "noop", "update", "resume", "grow")
STREAMS = {"many": streams.many, "real": streams.real}
GROWTH = (500, 2000, 8000)  # items
TIMEOUT = 1800  # seconds for one run
_COMPARED = frozenset(TOOLS)  # --engine adds others, which are ours, too


class Bench:
    """One condition: a line and a server, on which cases are run."""

    def __init__(self, condition, net, server, work, table):
        self._condition, self._net, self._server, self._work, self._table = condition, net, server, work, table
        self._url = server.url(CONDITIONS[condition][1])
        self._before = 0  # bytes that had come when the present run began

    def life(self, tool, name, before, after, cases):
        """A mirror's life with one tool: first, noop, update."""
        with self._fresh() as directory:
            if {"first", "noop", "update"} & cases:
                self._case("first", tool, name, before, directory, "first" in cases)
            if tool not in KEEPS_NOTHING:
                if "noop" in cases:
                    self._case("noop", tool, name, before, directory)
                if "update" in cases:
                    self._case("update", tool, name, after, directory)

    def resume(self, tool, name, stream):
        """The run after one that was killed when half of the bytes had come."""
        if tool in KEEPS_NOTHING:
            return
        with self._fresh() as directory:
            self._run(tool, stream, directory, kill_after=stream.bytes / 2)
            self._server.traffic()  # waits until what was on its way has come
            self._case("resume", tool, name, stream, directory, before_kill=self._net.received() - self._before)

    def grow(self, tool, stream):
        """A first sync and a no-op of many small items."""
        with self._fresh() as directory:
            self._case("grow", tool, "small", stream, directory)
            if tool not in KEEPS_NOTHING:
                self._case("noop", tool, "small", stream, directory)

    @contextlib.contextmanager
    def _fresh(self):
        directory = self._work / "mirror"
        directory.mkdir()
        try:
            yield directory
        finally:
            shutil.rmtree(directory)

    def _run(self, tool, stream, directory, kill_after=None):
        self._server.show(stream.root)
        self._server.traffic()
        self._before = self._net.received()
        with tempfile.TemporaryDirectory(dir=self._work) as scratch:
            job = Job(self._url + stream.path, directory, stream, Path(scratch))
            return measure(self._net.at(self._net.downstream, TOOLS[tool](job)), kill_after, TIMEOUT)

    def _case(self, case, tool, name, stream, directory, shown=True, **more):
        cost = self._run(tool, stream, directory)
        seen = self._server.traffic()
        if not shown:
            return
        complete = tool in KEEPS_NOTHING or all(
            (directory / item["path"]).is_file() and (directory / item["path"]).stat().st_size == item["size"]
            for item in stream.items)
        row = {
            "case": case, "condition": self._condition, "tool": tool, "stream": name, "items": len(stream.items),
            "plan_bytes": stream.bytes, "wall_s": round(cost.wall, 2), "cpu_s": round(cost.cpu, 2),
            "peak_mb": round(cost.peak / 1e6, 1), "requests": seen.requests,
            "bytes": self._net.received() - self._before,
            "connections": seen.connections, "refused": seen.refused, "complete": complete and cost.code == 0, **more}
        self._table.add(row)
        if cost.code:
            print(cost.output[-2000:], file=sys.stderr)


def main(argv):
    if argv[:1] == ["serve"]:
        return serve.main(argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # namespaces and servers go, too
    arguments = _arguments(argv)
    _prepare()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.work) as name:
        work = Path(name)
        made = {stream: STREAMS[stream](work / stream, arguments.scale) for stream in arguments.streams
                if set(arguments.cases) - {"grow"}}
        grown = [streams.small(work / str(count), count)[0] for count in arguments.items if "grow" in arguments.cases]
        for condition in arguments.conditions:
            with network(CONDITIONS[condition][0]) as net, upstream(net, work / condition) as server:
                bench = Bench(condition, net, server, work, table)
                for _turn in range(arguments.repeat):
                    for stream, (before, after) in made.items():
                        for tool in arguments.tools:
                            bench.life(tool, stream, before, after, set(arguments.cases))
                            if "resume" in arguments.cases:
                                bench.resume(tool, stream, before)
                    for stream in grown if condition == arguments.conditions[0] else []:
                        for tool in arguments.tools:
                            if tool in GROWS or tool not in _COMPARED:
                                bench.grow(tool, stream)
    table.print()
    print("\nmachine: %s\n\n%s" % (", ".join("%s %s" % pair for pair in _machine().items()), targets.show(table.rows)))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"rows": table.rows}, indent=1) + "\n", encoding="utf-8")
    return 0


def _arguments(argv):
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sync", "serve"], help="serve has options of its own: bin/bench serve --help")
    parser.add_argument("--json", metavar="FILE", help="write the rows there, too")
    parser.add_argument("--engine", metavar="NAME=DIR", action="append", default=[], type=_engine,
                        help="compare another engine too: the directory that holds its _mirror/")
    for name, choices in (("cases", CASES), ("conditions", CONDITIONS), ("tools", None), ("streams", STREAMS)):
        parser.add_argument("--" + name, metavar="A,B", type=lambda text: text.split(","),
                            help="of %s; all by default" % ", ".join(choices or TOOLS))
    parser.add_argument("--items", metavar="N,N", type=lambda text: [int(part) for part in text.split(",")],
                        default=list(GROWTH), help="sizes of the streams of the case grow")
    parser.add_argument("--scale", type=float, default=1, help="of the images' sizes; 1: real ones (default)")
    parser.add_argument("--repeat", type=int, default=1, help="how often each is measured")
    parser.add_argument("--work", metavar="DIR", help="where the streams and mirrors are made: 5 GB")
    arguments = parser.parse_args(argv)
    for name, modules in arguments.engine:
        TOOLS[name] = engine(modules)
    for name, choices in (("cases", CASES), ("conditions", CONDITIONS), ("tools", TOOLS), ("streams", STREAMS)):
        chosen = getattr(arguments, name) or list(choices)
        unknown = [value for value in chosen if value not in choices]
        if unknown:
            parser.error("--%s: there is no %s; there are %s" % (name, ", ".join(unknown), ", ".join(choices)))
        setattr(arguments, name, chosen)
    return arguments


def _engine(text):
    name, equals, directory = text.partition("=")
    if not equals or not Path(directory, "_mirror").is_dir():
        raise argparse.ArgumentTypeError("%r is not NAME=DIR with DIR/_mirror" % text)
    return name, Path(directory).resolve()


def _prepare():
    if os.geteuid() != 0:
        sys.exit("bin/bench: makes network namespaces: run it as root")
    if not os.path.exists("/dev/net/tun"):
        sys.exit("bin/bench: /dev/net/tun is missing; in a container, pass the device in")
    with machine.alone():
        machine.apt(*PACKAGES)
        tools = machine.venv("bench", "requirements-bench.txt")
    os.environ["PATH"] = os.pathsep.join([str(tools), os.environ["PATH"]])


def _machine():
    return {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version(),
            "congestion_control": Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
