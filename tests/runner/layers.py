# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of tests, in the order in which they run: the quick ones first."""
from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import gates
import machine
from report import Report

sys.path.insert(0, str(machine.TREE / "tests" / "hosts"))
import podman  # noqa: E402  pylint: disable=wrong-import-position

HOST_PACKAGES = ("podman", "runc", "netavark|containernetworking-plugins", "nftables", "iptables",
                 "aardvark-dns|golang-github-containernetworking-plugin-dnsname", "mmdebstrap", "debian-archive-keyring",
                 "openssh-client")
WEB_PACKAGES = ("curl", "nginx", "openssl", "prometheus")
STREAM_PACKAGES = ("gpg", "gpg-agent", "gpgv")


def pytest(bin_directory: Path) -> list[str]:
    """The start of a pytest command."""
    return [str(bin_directory / "python"), "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib"]


def environment(collection: Path, bin_directory: Path) -> dict[str, str]:
    """Variables for tools that look for each other on PATH and for the collection in the copy."""
    collections = collection.parents[2]
    return {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(collections / ".ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "NO_COLOR": "1",
        "PATH": f"{bin_directory}:{gates.PATH}",
    }


def prepare(packages: tuple[str, ...], *requirements: str) -> Path:
    """Packages and virtual environment; returns the environment's bin directory."""
    with machine.alone():
        machine.apt(*packages)
        return machine.venv("venv", *requirements)


def unit(report: Report, collection: Path, extra: list[str]) -> None:
    """pure logic: no process, network or sleep; seconds"""
    bin_directory = prepare(STREAM_PACKAGES, "requirements.txt")
    report.pytest("unit", [*pytest(bin_directory), "tests/unit", *extra],
                  cwd=collection, env=environment(collection, bin_directory))


def contract(report: Report, collection: Path, extra: list[str]) -> None:
    """the stand-in of MAAS answers as real ones were recorded to answer"""
    bin_directory = prepare(STREAM_PACKAGES, "requirements.txt")
    report.pytest("contract", [*pytest(bin_directory), "-n", "2", "tests/contract", *extra],
                  cwd=collection, env=environment(collection, bin_directory))


def integration(report: Report, collection: Path, extra: list[str]) -> None:
    """modules, roles and playbooks with the real tools, and with the stand-in of MAAS, on this machine"""
    bin_directory = prepare((*STREAM_PACKAGES, *WEB_PACKAGES, "tinyproxy-bin|tinyproxy"), "requirements.txt")
    report.pytest("integration", [*pytest(bin_directory), "-n", "2", "tests/integration", *extra],
                  cwd=collection, env=environment(collection, bin_directory))


def faults(report: Report, collection: Path, extra: list[str]) -> None:
    """the real engine while things go wrong, with a client that watches every instant"""
    bin_directory = prepare((*STREAM_PACKAGES, "nginx", "e2fsprogs"), "requirements.txt")
    report.pytest("faults", [*pytest(bin_directory), "-n", "2", "tests/faults", *extra], cwd=collection,
                  env=environment(collection, bin_directory))


def page(report: Report, collection: Path, extra: list[str]) -> None:
    """the status page in headless Chromium, over mirrors in every state"""
    bin_directory = prepare((*STREAM_PACKAGES, "nginx", "curl", "rsync", "chromium"), "requirements.txt", "requirements-page.txt")
    report.pytest("page", [*pytest(bin_directory), "tests/page", "--screenshots", str(machine.TREE / "tests" / "output" / "page"), *extra],
                  cwd=collection, env=environment(collection, bin_directory))


def gate(report: Report, collection: Path, _extra: list[str]) -> None:
    """linters, ansible-test, galaxy-importer, and the installation from the tarball"""
    bin_directory = prepare((*STREAM_PACKAGES, "shellcheck"), "requirements.txt", "requirements-gates.txt")
    with machine.alone():
        core = machine.venv("core", "requirements-core.txt")
    gates.run(report, bin_directory, core, collection, environment(collection, bin_directory))


def demo(report: Report, collection: Path, extra: list[str]) -> None:
    """bin/demo and bin/demo --remove on fresh machines, with systemd and without"""
    bin_directory = prepare(HOST_PACKAGES, "requirements.txt")
    report.pytest("demo", [*pytest(bin_directory), "tests/demo", *extra], cwd=collection,
                  env={**environment(collection, bin_directory), **podman.environment(machine.CACHE)})


def molecule(report: Report, collection: Path, _extra: list[str]) -> None:
    """the whole product on four hosts with their own systemd: upstream, two mirrors, MAAS"""
    bin_directory = prepare(HOST_PACKAGES, "requirements.txt", "requirements-molecule.txt")
    command = [str(bin_directory / "molecule"), "--base-config", ".config/molecule/config.yml"]
    env = {**environment(collection, bin_directory), **podman.environment(machine.CACHE),
           "MOLECULE_GLOB": "molecule/*/molecule.yml"}
    report.step("molecule reset: nothing is left of a run that was stopped", [*command, "destroy", "--all"],
                cwd=collection, env=env)
    report.step("molecule", [*command, "test", "--all"], cwd=collection, env=env, live=True)


LAYERS: dict[str, Callable[[Report, Path, list[str]], None]] = {
    "unit": unit,
    "contract": contract,
    "integration": integration,
    "faults": faults,
    "page": page,
    "gates": gate,
    "demo": demo,
    "molecule": molecule,
}
