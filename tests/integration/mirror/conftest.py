# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a place for a mirror, and a signed stream served over HTTP by an upstream that can misbehave."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))
import faults  # noqa: E402  pylint: disable=wrong-import-position
import stream  # noqa: E402  pylint: disable=wrong-import-position

MODULES = "ansible_collections.imagemirror.maas.plugins.modules."
ENVIRONMENT = dict(os.environ, PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"])

LAUNCH = "import sys; from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.command import main; sys.exit(main())"

AMD64 = [{"os": ["ubuntu"], "releases": ["noble"], "arches": ["amd64"]},
         {"os": ["grub-efi", "grub-efi-signed", "grub-ieee1275", "pxelinux"]}]


class Host:
    """This machine, with a stream made for one test and a place for its mirror."""

    def __init__(self, scratch: Path, upstream: faults.Upstream) -> None:
        self.scratch = scratch
        self.upstream = upstream
        self.path = scratch / "mirror"
        self.keyring = str(stream.keyring(scratch / "made"))
        self.selections = AMD64

    def module(self, name, check=False, **options):
        """What a module answers. It runs in a process of its own, as Ansible starts it on a host."""
        arguments = {"ANSIBLE_MODULE_ARGS": dict(options, _ansible_check_mode=check, _ansible_diff=True)}
        done = subprocess.run([sys.executable, "-m", MODULES + name], input=json.dumps(arguments),
                              capture_output=True, encoding="utf-8", check=False, env=ENVIRONMENT)
        assert "{" in done.stdout, done.stderr
        return json.loads(done.stdout)

    def mirror(self, check=False, **options):
        """What sstream_mirror answers."""
        return self.module("sstream_mirror", check, **self.settings(**options))

    def command(self, *arguments, **options):
        """The exit code and the words of maas-image-mirror, run as on a host."""
        settings = self.scratch / "mirror.json"
        settings.write_text(json.dumps(self.settings(**options)), encoding="utf-8")
        done = subprocess.run([sys.executable, "-c", LAUNCH, *arguments, str(settings)], check=False, env=ENVIRONMENT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
        return done.returncode, done.stdout

    @property
    def status(self):
        """What the mirror serves as status.json."""
        return json.loads((self.path / "status.json").read_text(encoding="utf-8"))

    def settings(self, **options):
        """What sstream_mirror and the command are given."""
        return dict({"source": self.upstream.url, "path": str(self.path), "keyring": self.keyring, "selections": AMD64}, **options)

    def publish(self):
        """Upstream publishes one more version."""
        stream.publish(self.scratch / "made")

    def files(self):
        """Every path below the mirror, with what tells whether it was touched."""
        return {str(path): path.lstat().st_mtime_ns for path in self.scratch.glob("mirror/**/*")}


@pytest.fixture
def host(tmp_path):
    stream.make(tmp_path / "made", stream.Spec(releases=("noble", "jammy"), arches=("amd64",), kernels=("ga",), scale=0.0005))
    with faults.Upstream(stream.stream_root(tmp_path / "made")) as upstream:
        yield Host(tmp_path, upstream)
