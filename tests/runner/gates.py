# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates: what every commit has to pass before anything is run on hosts."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
from report import Report

PATH = os.environ.get("PATH", os.defpath)
FLOOR = "3.9"  # the oldest Python on a mirror host

# ansible-test fetches get-pip.py from a host of its own for its virtual environments. Python brings pip along, so this
# stands in for it: nothing but the package registry has to be in reach.
GET_PIP = """\
import os, subprocess, sys
subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
os.execv(sys.executable, [sys.executable, "-m", "pip", "install", *wanted])
"""


def run(report: Report, bin_directory: Path, core: Path, collection: Path, env: dict[str, str]) -> None:
    """All gates: bin_directory has the tools, core has ansible-core and nothing else, collection is a copy of the tree."""
    _collection(report, bin_directory, collection, env)
    _tarball(report, bin_directory, core, collection, env)
    _ansible_test(report, bin_directory, collection, env)


def _collection(report: Report, bin_directory: Path, collection: Path, env: dict[str, str]) -> None:
    """What reads the collection's files as they are."""
    def tool(name: str) -> str:
        return str(bin_directory / name)

    def step(name: str, *argv: str) -> bool:
        return report.step(name, argv, cwd=collection, env=env)

    step(f"vermin: plugins run on Python {FLOOR}", tool("vermin"), f"--target={FLOOR}-", "--violations", "--no-tips",
         "--eval-annotations", "plugins")
    step("ansible-lint", tool("ansible-lint"), "--profile", "production", "--strict", "--offline", "--nocolor")
    step("antsibull-changelog lint", tool("antsibull-changelog"), "lint")
    step("antsibull-docs lint-collection-docs", tool("antsibull-docs"), "lint-collection-docs", "--plugin-docs",
         "--validate-collection-refs", "self", ".")
    step("shellcheck", "shellcheck", "--external-sources", "--check-sourced", *_shell_scripts(collection))


def _ansible_test(report: Report, bin_directory: Path, collection: Path, env: dict[str, str]) -> None:
    """Sanity without a file of what to ignore, and units.

    One Python, this one: what ansible-test finds of others may be stubs that don't start. vermin looks after the oldest.
    """
    ignored = sorted(str(path.relative_to(collection)) for path in collection.glob("tests/sanity/ignore*"))
    report.verdict(f"no ignore file for ansible-test {' '.join(ignored)}".rstrip(), not ignored)

    # It takes all that lies in bin/ for Python. These are shell scripts, and shellcheck has read them.
    shutil.rmtree(collection / "bin")
    command = str(bin_directory / "ansible-test")
    options = ("--local", "--color", "no", "--python", f"{sys.version_info.major}.{sys.version_info.minor}")
    env = {**env, "HOME": str(_home_of_ansible_test(bin_directory))}
    report.step("ansible-test sanity", [command, "sanity", *options], cwd=collection, env=env,
                expect='Running sanity test "validate-modules"')
    report.step("ansible-test units", [command, "units", *options], cwd=collection, env=env, expect=r"\d+ passed")


def _home_of_ansible_test(bin_directory: Path) -> Path:
    """A home directory in which ansible-test finds its get-pip.py, and pip its settings: variables don't get through."""
    home = machine.CACHE / "home"
    source = subprocess.run([str(bin_directory / "python"), "-c", "import ansible_test; print(ansible_test.__path__[0])"],
                            check=True, capture_output=True, text=True).stdout.strip()
    text = Path(source, "_internal", "python_requirements.py").read_text(encoding="utf-8")
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in set(re.findall(r"\bpip='([0-9.]+)'", text)):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP, encoding="utf-8")
    settings = [f"{name[4:].lower().replace('_', '-')} = {value}\n" for name, value in machine.pip_settings().items()]
    (home / ".config" / "pip").mkdir(parents=True, exist_ok=True)
    (home / ".config" / "pip" / "pip.conf").write_text("".join(["[global]\n", *settings]), encoding="utf-8")
    return home


def _shell_scripts(collection: Path) -> list[str]:
    """The collection's shell scripts, by their first line."""
    found = []
    for path in sorted(collection.rglob("*")):
        if path.is_file() and collection / "tests" / "output" not in path.parents:
            with path.open("rb") as file:
                if re.match(rb"#!.*\b(ba)?sh\b", file.readline(80)):
                    found.append(str(path.relative_to(collection)))
    return found


def _tarball(report: Report, bin_directory: Path, core: Path, collection: Path, env: dict[str, str]) -> None:
    """Build the collection, import it as Galaxy would, install it where there is only ansible-core, read its pages."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        if not report.step("ansible-galaxy collection build", [
                str(bin_directory / "ansible-galaxy"), "collection", "build", "--output-path", scratch],
                cwd=collection, env=env):
            return
        tarball = next(place.glob("imagemirror-maas-*.tar.gz"))
        _galaxy_importer(report, bin_directory, tarball, env)

        empty = place / "collections"
        alone = {**env, "PATH": f"{core}:{PATH}", "ANSIBLE_COLLECTIONS_PATH": str(empty)}
        if not report.step("install from the tarball", [
                str(core / "ansible-galaxy"), "collection", "install", "--offline", "-p", str(empty), str(tarball)],
                cwd=place, env=alone):
            return
        root = empty / "ansible_collections" / "imagemirror" / "maas"
        for kind, pattern in (("module", "plugins/modules/*.py"), ("role", "roles/*/")):
            names = sorted(path.stem for path in root.glob(pattern))
            _ansible_doc(report, core, kind, names, place, alone)
        for playbook in sorted(root.glob("playbooks/*.yml")):
            report.step(f"ansible-playbook --syntax-check {playbook.name}", [
                str(core / "ansible-playbook"), "--syntax-check", "-i", "localhost,", f"imagemirror.maas.{playbook.stem}"],
                cwd=place, env=alone)


def _galaxy_importer(report: Report, bin_directory: Path, tarball: Path, env: dict[str, str]) -> None:
    """The importer only prints what it dislikes: a warning or an error in its output fails."""
    started = time.monotonic()
    done = subprocess.run([str(bin_directory / "python"), "-m", "galaxy_importer.main", str(tarball)], check=False,
                          cwd=tarball.parent, env={**os.environ, **env}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    good = done.returncode == 0 and not re.search(r"^(WARNING|ERROR)", done.stdout, re.MULTILINE)
    report.verdict("galaxy-importer", good, time.monotonic() - started, done.stdout)


def _ansible_doc(report: Report, core: Path, kind: str, names: list[str], place: Path, env: dict[str, str]) -> None:
    """ansible-doc shows every one of the names; a role by its argument specification."""
    started = time.monotonic()
    wanted = [f"imagemirror.maas.{name}" for name in names]
    done = subprocess.run([str(core / "ansible-doc"), "--type", kind, "--json", *wanted], check=False, cwd=place,
                          env={**os.environ, **env}, capture_output=True, text=True)
    shown = json.loads(done.stdout) if done.returncode == 0 else {}
    missing = [name for name in wanted if not (shown.get(name) or {}).get("entry_points" if kind == "role" else "doc")]
    report.verdict(f"ansible-doc shows {len(wanted)} {kind}s", bool(wanted) and not missing,
                   time.monotonic() - started, f"not shown: {' '.join(missing)}\n{done.stderr}")
