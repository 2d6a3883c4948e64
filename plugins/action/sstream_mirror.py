# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module sstream_mirror as any other, and says meanwhile in the playbook's output how far it is.

The module runs as it would without this: in the same connection, with the same become, check mode and answer. Beside it a thread
reads the progress.json that it writes, which anybody may read, in a connection of its own.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shlex
import threading

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.progress import Pace, words

_EVERY = 3  # seconds between two looks


class ActionModule(ActionBase):

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        wrap_async = self._task.async_val and not self._connection.has_native_async
        quiet = wrap_async or self._task.check_mode or self._task.no_log
        with contextlib.nullcontext() if quiet else self._told((task_vars or {}).get("inventory_hostname", "")):
            result = merge_hash(result, self._execute_module(task_vars=task_vars, wrap_async=wrap_async))
        if not wrap_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    @contextlib.contextmanager
    def _told(self, host):
        """Says how far the run is, for the length of the block."""
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(ended, host, str(self._task.args.get("path", ""))), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join(timeout=1)

    def _watch(self, ended, host, path):
        connection = copy.copy(self._connection)
        connection.become = None  # the module's own is in use
        name = self._task.args.get("name") or os.path.basename(path.rstrip("/"))
        pace, former = Pace(), None
        while not ended.wait(_EVERY):
            try:
                code, output, errors = connection.exec_command(
                    "cat %s" % shlex.quote(os.path.join(path, "progress.json")), sudoable=False)
                state = json.loads(output)
                if code == 0 and former not in (None, state["updated"]) and state["running"] and pace.worth_saying(state):
                    Display().display("[%s] %s: %s" % (host, name, words(state)))
                former = state["updated"]
            except (ValueError, KeyError, TypeError):
                former = former or "none yet"  # the first run on this mirror has not written any yet
            except Exception as error:  # pylint: disable=broad-except  # whatever the connection is, the module goes on
                Display().vvv("the progress of %s can't be read: %s" % (path, error))
                return
