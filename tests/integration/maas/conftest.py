# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real modules, each in a process of its own, against the stand-in of MAAS over HTTP."""

from __future__ import annotations

import base64
import importlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import traceback
import urllib.request
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.client import Client
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.oauth import parse_api_key
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.transport import Transport
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import api_root

TREE = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TREE / "tests" / "lab"))
import faults  # noqa: E402  pylint: disable=wrong-import-position
import stream  # noqa: E402  pylint: disable=wrong-import-position

VERSIONS = ("3.4", "3.7", "3.8")
ADMIN = "consumer-of-admin:token-of-admin:the-secret-of-admin"
USER = "consumer-of-joe:token-of-joe:the-secret-of-joe"


# Of each request the most would go into reading the system's authorities, which nothing here is verified by
ssl.SSLContext.set_default_verify_paths = lambda _context: None


def forked(name, options):
    """(exit code, output) of a module in a process of its own: a forked one, as starting Python anew takes a second."""
    main = importlib.import_module("ansible_collections.imagemirror.maas.plugins.modules." + name).main
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if not child:
            code = 2
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
                with patch_module_args(options):
                    main()
            except SystemExit as end:
                code = end.code
            except BaseException:  # what the module lets out is what the test is to see
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return code, output.read().decode()


class Region:
    """One stand-in, and modules that run against it."""

    def __init__(self, version, *options):
        self.version = version
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(TREE / "tests" / "lab" / "maas.py"),
                "--maas-version",
                version,
                "--listen",
                "127.0.0.1:0",
                "--api-key",
                ADMIN,
                "--user-api-key",
                USER,
                "--unreachable",
                "images.maas.io",
                "--cache-delay",
                "0.2",
                *options,
            ],
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self.url = self._process.stdout.readline().split()[-1]

    def stop(self):
        """End the stand-in."""
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()

    def lab(self, path, body=None):
        """What the stand-in's control answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url.replace("/MAAS", "/lab/") + path, data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    @property
    def client(self):
        """An administrator's client, for what the modules would not do."""
        return Client(api_root(self.url), parse_api_key(ADMIN), Transport())

    @property
    def sources(self):
        """What the stand-in holds, by id."""
        return sorted(self.lab("state")["sources"], key=lambda one: one["id"])

    @property
    def selections(self):
        """(source, os, release, arches) of what the stand-in holds."""
        return [(one["source"], one["os"], one["release"], one["arches"]) for one in self.lab("state")["selections"]]

    def run(self, module, check=False, **options):
        """The module's result; `rc` is its exit code. Secrets in its output fail the test."""
        given = dict(
            {"api_url": self.url, "api_key": ADMIN, "_ansible_check_mode": check, "_ansible_diff": True}, **options
        )
        # None stands for an option that is left out, as omit does in a playbook
        code, output = forked(module, {name: value for name, value in given.items() if value is not None})
        for secret in ADMIN.split(":") + USER.split(":"):
            assert secret not in output
        assert "Traceback" not in output
        return dict(json.loads(output), rc=code)

    def done(self, module, **options):
        """The result of a run that must succeed."""
        result = self.run(module, **options)
        assert result["rc"] == 0, result
        return result

    def refused(self, module, **options):
        """The message of a run that must fail, in check mode if it is told so."""
        result = self.run(module, **options)
        assert result["rc"] == 1 and result["failed"], result
        return result["msg"]

    def rung(self, module, changed=True, **options):
        """One step of a ladder: check, real, and both again.

        The check writes nothing, foretells the real run's diff and warnings, and after that there is nothing to do.
        """
        writes, state = self.lab("writes"), self._lasting()
        planned = self.done(module, check=True, **options)
        assert self.lab("writes") == writes and self._lasting() == state, "check mode wrote"
        result = self.done(module, **options)
        for name in ("changed", "diff"):
            assert planned[name] == result[name], name
        assert planned.get("warnings") == result.get("warnings")
        assert result["changed"] is changed
        if not changed:
            assert self.lab("writes") == writes
        for check in (True, False):
            again = self.done(module, check=check, **options)
            assert (
                again["changed"] is False
                and again["diff"]["before"] == again["diff"]["after"] == result["diff"]["after"]
            )
        return result

    def _lasting(self):
        state = self.lab("state")
        return [state[name] for name in ("sources", "selections", "settings")]


class Play:
    """A playbook of the collection as a user runs it, from a controller that is only the API's client."""

    def __init__(self, region, scratch, playbook="maas", inventory=None, **variables):
        """`inventory`: groups beside the region's, or without a region all; `variables`: extra ones of every run."""
        self.region = region
        self.playbook = playbook
        self.inventory = scratch / "inventory.json"
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        groups = {"maas_regions": {"hosts": {"maas": local}}} if region else {}
        self.inventory.write_text(json.dumps({**groups, **(inventory or {})}), encoding="utf-8")
        self.variables = dict({"maas_source_api_key": ADMIN}, **variables)
        if region:
            self.variables.setdefault("maas_source_api_url", region.url)

    def run(self, *flags, **variables):
        """(changed, output) of a run that must succeed."""
        code, output = self.try_run(*flags, **variables)
        assert code == 0, output
        assert "WARNING" not in output, output
        return "changed=0" not in output, output

    def fails(self, *flags, **variables):
        """The output of a run that must fail."""
        code, output = self.try_run(*flags, **variables)
        assert code == 2, output
        return output

    def try_run(self, *flags, **variables):
        """(exit code, output); a secret or a traceback in the output fails the test."""
        given = json.dumps(dict(self.variables, **variables))
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                *("-vvv", "--diff", "-i", str(self.inventory), "-e", given),
                "imagemirror.maas." + self.playbook,
                *flags,
            ],
            env=dict(
                os.environ,
                ANSIBLE_COLLECTIONS_PATH=str(Path(importlib.import_module("ansible_collections.imagemirror.maas").__path__[0]).parents[2]),
                ANSIBLE_NOCOLOR="1",
                ANSIBLE_PIPELINING="true",
                ANSIBLE_LOCALHOST_WARNING="false",
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )  # fmt: skip
        for secret in ADMIN.split(":"):
            assert secret not in done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        return done.returncode, done.stdout

    @property
    def source(self):
        """(id, URL, keyring) of the only source."""
        [source] = self.region.sources
        return (
            source["id"],
            source["url"].rstrip("/"),
            source["keyring_filename"] or base64.b64decode(source["keyring_data"]),
        )


@pytest.fixture
def play(tmp_path):
    """play(region, …) makes a Play."""
    return lambda region, **options: Play(region, tmp_path, **options)


@pytest.fixture
def module():
    """module(name, options): (exit code, output) of one that needs no MAAS."""
    return forked


@pytest.fixture
def start():
    """start(version, *options) starts a stand-in."""
    regions = []

    def starter(version, *options):
        regions.append(Region(version, *options))
        return regions[-1]

    yield starter
    for region in regions:
        region.stop()


@pytest.fixture(params=VERSIONS)
def region(request, start):
    """A fresh stand-in of each version."""
    return start(request.param)


@pytest.fixture(scope="session", name="made")
def fixture_made(tmp_path_factory):
    """A signed stream: noble and jammy for two architectures, CentOS, bootloaders. Nobody may write to it."""
    place = tmp_path_factory.mktemp("made")
    stream.make(
        place, stream.Spec(releases=("noble", "jammy"), arches=("amd64", "arm64"), kernels=("ga",), scale=0.0001)
    )
    return place


@pytest.fixture(name="upstream")
def fixture_upstream(made):
    """A server of the stream, with faults on command."""
    with faults.Upstream(stream.stream_root(made)) as upstream:
        yield upstream


@pytest.fixture(name="mirror")
def fixture_mirror(upstream):
    """The stream's URL."""
    return upstream.url


@pytest.fixture(name="key")
def fixture_key(made):
    """Path of the stream's keyring."""
    return str(stream.keyring(made))
