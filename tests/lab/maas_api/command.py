# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the stand-in."""
from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace

from . import lab as lab_module
from .auth import User, user_of
from .lab import Lab
from .region import Options, Region
from .server import Server
from .sources import KEYRINGS
from .versions import VERSIONS

_HOUR = 3600  # seconds between MAAS' own imports


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(prog="maas.py", description="A stand-in of the MAAS API 2.0 for images.",
                                   epilog=lab_module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--maas-version", choices=sorted(VERSIONS), default="3.7")
    made.add_argument("--listen", default="127.0.0.1:5240", metavar="ADDRESS:PORT", help="port 0 takes a free one")
    made.add_argument("--api-key", default="consumer:token:secret", metavar="CONSUMER:TOKEN:SECRET",
                      help="the administrator's")
    made.add_argument("--user-api-key", metavar="CONSUMER:TOKEN:SECRET", help="of one who is no administrator")
    made.add_argument("--install", choices=("deb", "snap"), default="deb", help="where the default keyring lies")
    made.add_argument("--default-url", default=Options.default_url, metavar="URL", help="of the first boot source")
    made.add_argument("--default-keyring", default="", metavar="PATH", help="of the first boot source")
    made.add_argument("--keyring", action="append", default=[], metavar="PATH=FILE",
                      help="a keyring that MAAS' host has at PATH, taken from FILE here")
    made.add_argument("--arch", default=Options.arch, help="of the first selection")
    made.add_argument("--unreachable", action="append", default=[], metavar="HOST",
                      help="a name that does not resolve here, such as images.maas.io behind a firewall")
    made.add_argument("--cache-delay", type=float, default=Options.cache_delay, metavar="SECONDS",
                      help="until a changed source has been read; %(default)s")
    made.add_argument("--retry-delay", type=float, default=Options.retry_delay, metavar="SECONDS",
                      help="between tries of a file that the mirror does not give; %(default)s")
    made.add_argument("--give-up", type=float, default=Options.give_up, metavar="SECONDS",
                      help="of such a file; %(default)s")
    made.add_argument("--without-setting", action="append", default=[], metavar="NAME",
                      help="a setting that this MAAS does not have")
    made.add_argument("--auto-import", action="store_true", help="import at the start and every hour, as MAAS does")
    made.add_argument("--fail-write", type=int, default=0, metavar="N", help="spoil the Nth write")
    made.add_argument("--fail-how", choices=lab_module.HOW, default="500")
    made.add_argument("--verbose", action="store_true", help="log requests and what MAAS would log")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    args = parser().parse_args(argv)
    if not shutil.which("gpgv"):
        print("maas.py: gpgv is needed to check mirrors' signatures; install the package gpgv", file=sys.stderr)
        return 1
    address, _colon, port = args.listen.rpartition(":")
    try:
        users = [user_of("admin", True, args.api_key)]
        users += [user_of("joe", False, args.user_api_key)] if args.user_api_key else []
        server = Server((address, int(port)), _lab(args, users))
    except (ValueError, OSError) as error:
        print(f"maas.py: {args.listen}: {error}", file=sys.stderr)
        return 1
    print(f"MAAS {server.lab.region.version.name} (a stand-in) on http://{address}:{server.port}/MAAS", flush=True)
    if args.auto_import:
        threading.Thread(target=_hourly, args=(server.lab.region,), daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    return 0


def _keyrings(given: list[str]) -> dict[str, str]:
    """Where keyrings are. MAAS brings its own one; where this machine has none, nothing is signed by it."""
    here = KEYRINGS["deb"] if os.path.exists(KEYRINGS["deb"]) else os.devnull
    known = {path: here for path in KEYRINGS.values() if not os.path.exists(path)}
    for text in given:
        path, equals, file = text.partition("=")
        if not equals or not os.path.exists(file):
            raise ValueError(f"--keyring {text}: give it as PATH=FILE, where FILE exists")
        known[path] = file
    return known


def _lab(args: argparse.Namespace, users: list[User]) -> Lab:
    names = ("install", "default_url", "default_keyring", "arch", "cache_delay", "retry_delay", "give_up", "verbose")
    options = Options(**{name: getattr(args, name) for name in names}, host=args.listen,
                      unreachable=set(args.unreachable), keyrings=_keyrings(args.keyring))
    version = VERSIONS[args.maas_version]
    version = replace(version, settings=tuple(name for name in version.settings if name not in args.without_setting))
    lab = Lab(Region(version, users, options))
    if args.fail_write:
        lab.fail(args.fail_write, args.fail_how)
    return lab


def _hourly(region: Region) -> None:
    while True:
        if region.state.setting("boot_images_auto_import"):
            region.start_import()
        region.jobs.pause(_HOUR)
