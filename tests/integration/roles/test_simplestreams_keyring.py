# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role simplestreams refuses a keyring that gpgv can't read, before it touches the host."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

KEYRINGS = Path(__file__).resolve().parents[2] / "lab" / "transcripts" / "keyrings"
PLAY = [{"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [
    {"name": "Preflight", "ansible.builtin.include_role": {"name": "imagemirror.maas.simplestreams", "tasks_from": "preflight"}}]}]


def preflight(scratch, keyring):
    """(exit code, output) of the role's preflight, with that keyring on the controller."""
    playbook = scratch / "play.yml"
    playbook.write_text(json.dumps(PLAY), encoding="utf-8")
    variables = {"simplestreams_keyring_src": str(keyring), "ansible_python_interpreter": sys.executable}
    done = subprocess.run([Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-e", json.dumps(variables), playbook],
                          check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_binary_keyring_is_taken_without_a_warning(tmp_path):
    code, output = preflight(tmp_path, KEYRINGS / "mirror.gpg")
    assert code == 0 and "WARNING" not in output, output


def test_an_armored_keyring_is_refused_with_what_to_do(tmp_path):
    code, output = preflight(tmp_path, KEYRINGS / "mirror.asc")
    assert code != 0 and "gpg --dearmor" in output, output


def test_a_keyring_that_is_not_there_is_named(tmp_path):
    code, output = preflight(tmp_path, tmp_path / "no-such.gpg")
    assert code != 0 and "controller has no such file" in output, output
