# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the project's tests, all or by layer, and installs what they need (apt as root, PyPI into .cache/).

The last line is ``N passed, N failed``; the exit code is 0 only where nothing failed.
"""
from __future__ import annotations

import argparse
import subprocess
import sys
import time

import layers
import machine
from report import Report


def arguments(argv: list[str]) -> argparse.Namespace:
    """What is asked for on the command line; what follows ``--`` goes to pytest."""
    described = "\n".join(f"  {name:10} {layer.__doc__.splitlines()[0]}" for name, layer in layers.LAYERS.items())
    parser = argparse.ArgumentParser(
        prog="bin/test", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"layers, all of them when none is named:\n{described}\n\n"
               "what follows -- is given to pytest: bin/test unit -- -k plan -x")
    parser.add_argument("layers", nargs="*", metavar="LAYER")
    own, split, rest = argv, len(argv), []
    if "--" in argv:
        split = argv.index("--")
        own, rest = argv[:split], argv[split + 1:]
    args = parser.parse_args(own)
    unknown = [name for name in args.layers if name not in layers.LAYERS]
    if unknown:
        parser.error(f"there is no layer {', '.join(unknown)}; there are: {', '.join(layers.LAYERS)}")
    args.pytest = rest
    return args


def main(argv: list[str]) -> int:
    """Run the layers; returns the exit code."""
    args = arguments(argv)
    report = Report()
    for name in args.layers or layers.LAYERS:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        try:
            with machine.snapshot() as collection:
                layers.LAYERS[name](report, collection, args.pytest)
        except (machine.MachineError, subprocess.CalledProcessError, OSError) as error:
            report.verdict(f"{name}: {error}", False)
        report.seconds[name] = time.monotonic() - started
    return report.summary()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
