# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module boot_resource_import once for each look at the import, and prints a line where something has moved."""

from __future__ import annotations

import time

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

_display = Display()


class ActionModule(ActionBase):
    """The module alone would say nothing until the import ends, which may take hours."""

    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        """The module's last result."""
        super().run(tmp, task_vars)
        if self._task.async_val:
            return self._execute_module(task_vars=task_vars, wrap_async=True)
        host = (task_vars or {}).get("inventory_hostname", "")
        watch, line = {}, ""
        while True:
            result = self._execute_module(module_args=dict(self._task.args, watch=watch), task_vars=task_vars)
            if result.get("failed") or "watch" not in result:
                return result
            watch = result["watch"]
            if result["progress"] != line and not self._task.no_log:
                line = result["progress"]
                _display.display("%s: [%s] %s" % (self._task.action.rpartition(".")[2], host, line))
            time.sleep(result["pause"])
