# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the images of the test hosts: ``python3 tests/hosts/image.py bookworm trixie`` prints their names.

The base comes from the registry; where that is out of reach it is bootstrapped from the distribution's archive and
kept under the registry's own name. Both are made once and reused.
"""
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import podman  # noqa: E402  pylint: disable=wrong-import-position

BASES = {
    "bookworm": "docker.io/library/debian:bookworm-slim",
    "trixie": "docker.io/library/debian:trixie-slim",
}
CA_DIRECTORY = Path("/usr/local/share/ca-certificates")
PULL_TIMEOUT = 120  # seconds; a base is 30 MB


def tag(suite: str) -> str:
    """The local name of the image of a suite's test host."""
    return f"localhost/imm-host:{suite}"


def exists(image: str) -> bool:
    """Whether the local store has the image."""
    return subprocess.run(["podman", "image", "exists", image], check=False).returncode == 0


def make_base(suite: str) -> None:
    """Get the suite's base image: pulled, or else bootstrapped under the same name."""
    base = BASES[suite]
    if exists(base):
        return
    try:
        pulled = subprocess.run(["podman", "pull", "--quiet", base], check=False, timeout=PULL_TIMEOUT,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if pulled.returncode == 0:
            return
        reason = pulled.stderr.strip().splitlines()[-1:]
    except subprocess.TimeoutExpired:
        reason = [f"no answer in {PULL_TIMEOUT} s"]
    print(f"{base}: {' '.join(reason)}; bootstrapping {suite} instead", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)  # apt drops its privileges
        tarball = os.path.join(scratch, "base.tar")
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", suite, tarball], check=True)
        subprocess.run(["podman", "import", "--quiet", tarball, base], check=True, stdout=subprocess.DEVNULL)


def make(suite: str) -> str:
    """Make the image of the suite's test host, unless the store has it; returns its name."""
    make_base(suite)
    with tempfile.TemporaryDirectory() as context:
        shutil.copy(HERE / "Containerfile", context)
        authorities = Path(context, "ca-certificates")
        authorities.mkdir()
        for certificate in sorted(CA_DIRECTORY.rglob("*.crt")):
            shutil.copy(certificate, authorities)
        # An unchanged context is answered from podman's cache of layers: a second build takes a second.
        subprocess.run(["podman", "build", "--quiet", "--pull=missing", "--build-arg", f"BASE={BASES[suite]}",
                        "--tag", tag(suite), context], check=True, stdout=subprocess.DEVNULL)
    return tag(suite)


def main(argv: list[str] | None = None) -> int:
    """Make the named images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suites", nargs="+", choices=sorted(BASES))
    parser.add_argument("--cache", type=Path, default=HERE.parents[1] / ".cache", help="where podman's settings go")
    args = parser.parse_args(argv)
    os.environ.update(podman.environment(args.cache))
    for suite in args.suites:
        print(make(suite), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
