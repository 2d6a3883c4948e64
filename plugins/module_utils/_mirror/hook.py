# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's own program, which hears of the end of every run."""

from __future__ import annotations

import json
import os
import subprocess

from .errors import MirrorError
from .tools import start

_TIMEOUT = 60  # seconds


def run(settings, status):
    """Runs the hook, status.json on its standard input; a warning where it fails or is not over after a minute, else None."""
    if not settings.hook:
        return None
    attempt = status["last_attempt"]
    environment = {"MAAS_IMAGE_MIRROR_NAME": status["name"], "MAAS_IMAGE_MIRROR_PATH": settings.path,
                   "MAAS_IMAGE_MIRROR_COMMAND": attempt["command"], "MAAS_IMAGE_MIRROR_OUTCOME": attempt["outcome"],
                   "MAAS_IMAGE_MIRROR_EXIT_CODE": str(attempt["exit_code"])}
    try:
        with start(settings.hook, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                   env=dict(os.environ, **environment), start_new_session=True) as process:
            try:
                output = process.communicate(json.dumps(status), timeout=_TIMEOUT)[0]
            except BaseException:
                os.killpg(process.pid, 9)  # what it has started, too
                raise
    except subprocess.TimeoutExpired:
        return "The hook %s was killed: it was not over after %d seconds" % (settings.hook[0], _TIMEOUT)
    except (MirrorError, OSError) as error:
        return "The hook %s could not be run: %s" % (settings.hook[0], error)
    if process.returncode:
        words = output.strip().splitlines()
        return "The hook %s ended with exit code %d: %s" % (settings.hook[0], process.returncode, words[-1] if words else "it said nothing")
    return None
