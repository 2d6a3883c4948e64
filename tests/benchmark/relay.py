# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line between two TUN devices: a rate, a delay and a queue that is not endless. Runs where a kernel has no netem.

The kernel hands over and takes whole segments of up to 64 KiB (virtio headers, TSO), so that Python carries
100 MB/s on a part of one core.
"""
from __future__ import annotations

import argparse
import collections
import fcntl
import os
import select
import struct
import time

_TUNSETIFF, _TUNSETOFFLOAD = 0x400454CA, 0x400454D0  # linux/if_tun.h
_IFF_TUN, _IFF_NO_PI, _IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
_CHECKSUM_AND_TSO = 0x01 | 0x02 | 0x04
_SEGMENT = 10 + 65536  # bytes: a virtio header and the longest IP packet
_BATCH = 64  # packets read before the clock is looked at again


class Direction:
    """The packets under way from one device to the other."""

    def __init__(self, source, target, rate, delay, queue):
        """rate: bytes a second; delay: seconds, one way; queue: seconds that a packet waits at most, or is dropped."""
        self.source, self.target = source, target
        self._rate, self._delay, self._queue = rate, delay, queue
        self._under_way = collections.deque()  # (when it arrives, packet)
        self._free = 0.0  # when the line has sent all that was given to it

    def take(self):
        """Reads what the source device has to send."""
        now = time.monotonic()
        for _packet in range(_BATCH):
            try:
                packet = os.read(self.source, _SEGMENT)
            except BlockingIOError:
                return
            begin = max(now, self._free)
            if begin - now > self._queue:
                continue  # a full queue drops, as a router's does
            self._free = begin + len(packet) / self._rate
            self._under_way.append((self._free + self._delay, packet))

    def give(self):
        """Hands over what has arrived; the seconds until the next packet does, or None."""
        now = time.monotonic()
        while self._under_way:
            left = self._under_way[0][0] - now
            if left > 0:
                return left
            try:
                os.write(self.target, self._under_way.popleft()[1])
            except OSError:
                pass  # the receiving kernel has no room or is down: a lost packet
        return None


def device(name):
    """A TUN device, made here; a network namespace may take it while the descriptor stays good."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI | _IFF_VNET_HDR))
    fcntl.ioctl(descriptor, _TUNSETOFFLOAD, _CHECKSUM_AND_TSO)
    return descriptor


def relay(first, second, rate, delay, queue):
    """Carries packets both ways, for ever."""
    ways = [Direction(first, second, rate, delay, queue), Direction(second, first, rate, delay, queue)]
    while True:
        waits = [wait for way in ways for wait in [way.give()] if wait is not None]
        ready = select.select([first, second], [], [], min(waits, default=None))[0]
        for way in ways:
            if way.source in ready:
                way.take()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("devices", nargs=2)
    parser.add_argument("--rate", type=float, required=True, help="bytes a second")
    parser.add_argument("--delay", type=float, required=True, help="seconds, one way")
    parser.add_argument("--queue", type=float, default=0.1, help="seconds of waiting before packets are dropped")
    arguments = parser.parse_args()
    descriptors = [device(name) for name in arguments.devices]
    print("ready", flush=True)
    relay(*descriptors, arguments.rate, arguments.delay, arguments.queue)


if __name__ == "__main__":
    main()
