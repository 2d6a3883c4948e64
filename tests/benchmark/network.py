# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts and the line between them: two network namespaces joined by relay.py."""
from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

UPSTREAM, DOWNSTREAM = "192.0.2.1", "192.0.2.2"
RATE = 100e6  # bytes a second, each way
_HEADERS = 52  # bytes of a segment that are none of its content: IPv4's and TCP's, with time stamps


class Network:
    """The line, up; commands run on one of its ends."""

    def __init__(self, name):
        self.upstream, self.downstream = name + "u", name + "d"

    def at(self, host, argv):
        """The command line that runs another one on a host."""
        return ["ip", "netns", "exec", host, *argv]

    def received(self):
        """Bytes that have come to the downstream host over the line, those that nobody has read included."""
        told = subprocess.run(self.at(self.downstream, ["cat", "/proc/net/netstat", "/proc/net/snmp"]),
                              stdout=subprocess.PIPE, encoding="ascii", check=True).stdout.splitlines()
        count = {names.split()[0] + name: int(value) for names, values in zip(told[::2], told[1::2])
                 for name, value in zip(names.split()[1:], values.split()[1:])}
        return count["IpExt:InOctets"] - _HEADERS * count["Tcp:InSegs"]


@contextlib.contextmanager
def network(round_trip):
    """A Network whose round trip takes so many seconds; gone after the block. Needs root."""
    net = Network("mb%d" % os.getpid())
    with contextlib.ExitStack() as after:
        for host in (net.upstream, net.downstream):
            _ip("netns", "add", host)
            after.callback(_ip, "netns", "delete", host)
        line = subprocess.Popen(  # devices have the names of their hosts
            [sys.executable, str(Path(__file__).with_name("relay.py")), net.upstream, net.downstream,
             "--rate", str(RATE), "--delay", str(round_trip / 2)], stdout=subprocess.PIPE)
        after.callback(line.wait)
        after.callback(line.terminate)
        if line.stdout.readline() != b"ready\n":
            raise OSError("the line between the two hosts did not start")
        for host, address in ((net.upstream, UPSTREAM), (net.downstream, DOWNSTREAM)):
            _ip("link", "set", host, "netns", host)
            _ip("-n", host, "link", "set", "lo", "up")
            _ip("-n", host, "address", "add", address + "/24", "dev", host)
            _ip("-n", host, "link", "set", host, "txqueuelen", "4000", "up")
        yield net


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)
