# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests need of the machine: packages, virtual environments, and a copy of the tree where Ansible looks for it."""
from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
CACHE = TREE / ".cache"

# What a run leaves in the tree, which is not the collection's.
NOT_COPIED = (".ansible", ".cache", ".git", ".mypy_cache", ".pytest_cache", "__pycache__")


# Where the distribution keeps the authorities that it trusts, and where an administrator adds some.
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
OWN_AUTHORITIES = Path("/usr/local/share/ca-certificates")


class MachineError(Exception):
    """This machine cannot be made ready; the message says what it lacks."""


@contextmanager
def alone() -> Iterator[None]:
    """Hold off other runs on this tree, which share its cache, while it is being filled."""
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(package: str) -> bool:
    """Whether dpkg has the package installed."""
    query = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status}", package],
                           check=False, capture_output=True, text=True)
    return query.stdout == "installed"


def available(package: str) -> bool:
    """Whether apt knows the package."""
    shown = subprocess.run(["apt-cache", "show", package], check=False, capture_output=True)
    return shown.returncode == 0


def apt(*packages: str) -> None:
    """Install the packages that are missing. Of ``a|b`` the first one that apt knows."""
    missing = [wish for wish in packages if not any(installed(package) for package in wish.split("|"))]
    if not missing:
        return
    if os.geteuid() != 0:
        raise MachineError(f"run as root, or install first: {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environment)
    chosen = [next((p for p in wish.split("|") if available(p)), wish.split("|")[0]) for wish in missing]
    subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *chosen], check=True, env=environment)


def pip_settings() -> dict[str, str]:
    """The PIP_ variables of this run. Where the machine has authorities of its own, pip has to trust them too."""
    own = {"PIP_CERT": str(AUTHORITIES)} if AUTHORITIES.exists() and any(OWN_AUTHORITIES.rglob("*.crt")) else {}
    return {**own, **{name: value for name, value in os.environ.items() if name.startswith("PIP_")}}


def venv(name: str, *requirements: str) -> Path:
    """A virtual environment in the cache with what the files of tests/ list; returns its bin directory.

    Each file is installed once: a stamp keeps the digest of its text and of this Python.
    """
    home = CACHE / name
    if not (home / "bin" / "pip").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    for requirement in requirements:
        text = (TREE / "tests" / requirement).read_text(encoding="utf-8")
        digest = hashlib.sha256(f"{sys.version}\n{text}".encode()).hexdigest()
        stamp = home / f"{requirement}.sha256"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
            continue
        print(f"installing {requirement}", flush=True)
        subprocess.run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "-r", str(TREE / "tests" / requirement)], check=True, env={**os.environ, **pip_settings()})
        stamp.write_text(digest, encoding="utf-8")
    return home / "bin"


@contextmanager
def snapshot() -> Iterator[Path]:
    """A copy of the tree as it is now, at ansible_collections/imagemirror/maas below a directory of its own.

    The tree may be edited while a run goes on; and ansible-test asks git which files there are, which inside of a checkout
    would say that there are none.
    """
    with tempfile.TemporaryDirectory(prefix="maas-") as scratch:
        copy = Path(scratch, "ansible_collections", "imagemirror", "maas")
        shutil.copytree(TREE, copy, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
        yield copy
