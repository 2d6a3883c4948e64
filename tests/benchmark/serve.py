# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks serving: the site of the role mirror_web beside a bare nginx and Python's http.server, over the loopback.

wrk fetches items and the index with 1, 16 and 128 connections, while the mirror publishes, too. What is compared is measured
in turns, so that what else the machine does hits all alike; the ratio to the bare nginx is the median of the turns. Needs
root, to install (apt) what it runs.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "runner"), str(TESTS / "lab"), str(TESTS.parent / "plugins" / "module_utils")]

import machine  # noqa: E402  (of tests/runner)
import web  # noqa: E402  (of tests/lab)
from _mirror.tree import Tree  # noqa: E402
from measure import cpu, memory  # noqa: E402

PACKAGES = ("nginx", "openssl", "wrk")
MIB = 1 << 20
SIZES = {"16MiB": 16 * MIB, "300MiB": 300 * MIB}
CASES = ("item", "index", "publish")
LOCATION = "/maas/images/ephemeral-v3/stable/"
_INDEX = "streams/v1/index.sjson"
_ITEM = "noble/amd64/20250621/%s"
_GENERATIONS = ("one", "two")
_PUBLISHES = 10  # a second, while the case publish is measured
_BARE = "server { listen 127.0.0.1:%d; root %s; }"
_LINE = "{case:8} {of:7} {condition:>12} {tool:12} {rate:>14} {ratio:>8} {cpu_s:>7} {peak_mb:>8} {failed:>7}"
_TITLES = {"case": "case", "of": "of", "condition": "condition", "tool": "tool", "rate": "", "ratio": "x bare", "cpu_s": "cpu s",
           "peak_mb": "peak MB", "failed": "failed"}


class Server:
    """Something that serves, with its process and the URL of the mirror's directory."""

    def __init__(self, url, pid):
        self.url, self.pid = url, pid


def main(argv):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # servers go, too
    arguments = _arguments(argv)
    with machine.alone():
        machine.apt(*PACKAGES)
        venv = machine.venv("venv", "requirements.txt")
    os.environ["PATH"] = os.pathsep.join([str(venv), os.environ["PATH"]])
    rows = []
    with contextlib.ExitStack() as after:
        work = after.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.work))
        servers, tree = after.enter_context(_servers(Path(work)))
        for case, of, path in _cases(arguments):
            publishes = tree if case == "publish" else None
            tools = ["ours"] if publishes else list(servers)
            for clients in arguments.clients:
                for turn in range(arguments.repeat):
                    for tool in tools if turn % 2 else reversed(tools):
                        cost = _measure(servers[tool], path, clients, arguments.seconds, publishes)
                        rows.append({"case": case, "condition": "%d clients" % clients, "tool": tool, "of": of,
                                     "clients": clients, "turn": turn, **cost})
                        print(_line(rows[-1:], {}), flush=True)
    print("\n" + _LINE.format(**_TITLES))
    for rows_of_one, bare in _grouped(rows):
        print(_line(rows_of_one, bare))
    if arguments.json:
        text = json.dumps({"machine": _machine(), "rows": rows}, indent=1)
        Path(arguments.json).write_text(text + "\n", encoding="utf-8")
    return 0


def _cases(arguments):
    """(case, of what, path below the mirror)."""
    found = [("item", size, _ITEM % size) for size in arguments.sizes]
    found += [("index", "index", _INDEX), ("publish", "index", _INDEX)]
    return [row for row in found if row[0] in arguments.cases]


@contextlib.contextmanager
def _servers(work):
    """({tool: Server}, the mirror's Tree)."""
    work.chmod(0o755)
    root = work / "www"
    directory = root / LOCATION.strip("/")
    tree = _fill(directory)
    with contextlib.ExitStack() as after:
        collection = after.enter_context(machine.snapshot())
        os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(collection.parents[2])
        ours, bare = work / "ours", work / "bare"
        ours.mkdir()
        site = after.enter_context(web.Site(ours, mirror_web_mirrors=[{"name": "stable", "path": str(directory)}]))
        port = web.free_port()
        other = after.enter_context(web.Bare(bare, _BARE % (port, root)))
        python = web.free_port()
        command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(root), str(python)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after.callback(process.wait)
        after.callback(process.terminate)
        _listening(python)
        yield {"ours": Server(site.url + LOCATION, int(site.master)),
               "nginx": Server("http://127.0.0.1:%d%s" % (port, LOCATION), int(other.master)),
               "http.server": Server("http://127.0.0.1:%d%s" % (python, LOCATION), process.pid)}, tree


def _fill(directory):
    """A mirror with an item of each size and two generations of an index of a common size."""
    tree = Tree(str(directory))
    tree.prepare(None)
    for size, count in SIZES.items():
        file = directory / (_ITEM % size)
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "wb") as item:
            for _block in range(count // MIB):
                item.write(os.urandom(MIB))
    for generation in _GENERATIONS:
        index = directory / ".mirror" / "generations" / generation / _INDEX
        index.parent.mkdir(parents=True)
        index.write_bytes(os.urandom(1500).hex().encode())
    tree.publish(_GENERATIONS[0])
    return tree


def _measure(server, path, clients, seconds, tree):
    """What clients got in so many seconds. tree: the mirror publishes meanwhile."""
    stop = threading.Event()
    aside = [threading.Thread(target=_publish, args=(tree, stop))] if tree else []
    peak = []
    aside.append(threading.Thread(target=_watch, args=(server.pid, stop, peak)))
    for thread in aside:
        thread.start()
    before, begun = cpu(server.pid), time.monotonic()
    command = ["wrk", "--threads", "1", "--connections", str(clients), "--duration", "%ds" % seconds, "--timeout", "60s",
               "--script", str(Path(__file__).with_name("serve.lua")), server.url + path]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    wall = time.monotonic() - begun
    used = cpu(server.pid) - before
    stop.set()
    for thread in aside:
        thread.join()
    told = {key: int(value) for key, value in re.findall(r"^told (\w+) (\d+)$", done.stdout, re.MULTILINE)}
    return {"wall_s": round(wall, 2), "cpu_s": round(used, 2), "peak_mb": round(max(peak) / 1e6, 1), "requests": told["requests"],
            "bytes": told["bytes"], "failed": told["failed"], "bytes_per_s": round(told["bytes"] / (told["microseconds"] / 1e6)),
            "requests_per_s": round(told["requests"] / (told["microseconds"] / 1e6), 1)}


def _publish(tree, stop):
    turn = 0
    while not stop.wait(1 / _PUBLISHES):
        turn += 1
        tree.publish(_GENERATIONS[turn % 2])


def _watch(pid, stop, peak):
    peak.append(memory(pid))
    while not stop.wait(0.2):
        peak.append(memory(pid))


def _grouped(rows):
    """(rows of one tool in one case, {turn: rate} of the bare nginx in it), in the order in which they came."""
    groups = {}
    for row in rows:
        groups.setdefault((row["case"], row["of"], row["clients"], row["tool"]), []).append(row)
    for (case, of, clients, _tool), found in groups.items():
        bare = groups.get((case, of, clients, "nginx"), [])
        yield found, {row["turn"]: _rate(row) for row in bare}


def _rate(row):
    return row["bytes_per_s"] if row["case"] == "item" else row["requests_per_s"]


def _line(rows, bare):
    ratios = [_rate(row) / bare[row["turn"]] for row in rows if bare.get(row["turn"])]
    rate = statistics.median(_rate(row) for row in rows)
    return _LINE.format(rate="%.0f MB/s" % (rate / 1e6) if rows[0]["case"] == "item" else "%.0f requests/s" % rate,
                        ratio="%.3f" % statistics.median(ratios) if ratios else "", failed=sum(row["failed"] for row in rows),
                        cpu_s="%.2f" % statistics.median(row["cpu_s"] for row in rows),
                        peak_mb="%.1f" % max(row["peak_mb"] for row in rows),
                        **{key: rows[0][key] for key in ("case", "of", "condition", "tool")})


def _listening(port):
    end = time.monotonic() + 10
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > end:
            raise OSError("http.server does not start")
        time.sleep(0.05)


def _arguments(argv):
    parser = argparse.ArgumentParser(prog="bin/bench serve", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the rows there, too")
    parser.add_argument("--cases", type=_names(*CASES), default=list(CASES), help="of %s; all by default" % ", ".join(CASES))
    parser.add_argument("--sizes", type=_names(*SIZES), default=list(SIZES), help="of %s; all by default" % ", ".join(SIZES))
    parser.add_argument("--clients", metavar="N,N", type=lambda text: [int(part) for part in text.split(",")],
                        default=[1, 16, 128], help="1, 16 and 128 by default")
    parser.add_argument("--seconds", type=int, default=4, help="for which each is measured (default 4)")
    parser.add_argument("--repeat", type=int, default=5, help="turns (default 5)")
    parser.add_argument("--work", metavar="DIR", help="where the files are made: 320 MB")
    return parser.parse_args(argv)


def _names(*choices):
    def names(text):
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in choices]
        if unknown:
            raise argparse.ArgumentTypeError("there is no %s; there are %s" % (", ".join(unknown), ", ".join(choices)))
        return chosen
    return names


def _machine():
    nginx = subprocess.run([web.nginx(), "-v"], check=True, capture_output=True, text=True).stderr.strip().rpartition("/")[2]
    return {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version(), "nginx": nginx}
