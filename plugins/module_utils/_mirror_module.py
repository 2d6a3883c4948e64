# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an AnsibleModule to the engine and back: one try, one except, one exit. The engine itself knows nothing of Ansible."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import MirrorError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import checked


def end_with_reader():
    """Make this process end when nobody reads its answer any more.

    Who interrupts a playbook ends the connection, and not what it has started on the other side: a sync would go on for
    hours, out of sight. It ends as by any SIGTERM: what has arrived is kept, and the next run goes on from there.
    """
    # nobody is there for an answer by exit_json
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # pylint: disable=ansible-bad-function

    def watch():
        answer = select.poll()
        answer.register(1, 0)  # errors and hang-ups are always told
        answer.poll()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def run(module, options, use_case):
    """End the module with what `use_case(settings)` returns, a dict, or with its error.

    options: which of the module's options are settings of the engine, as settings.checked() takes them.
    """
    try:
        result = use_case(checked({name: module.params[name] for name in options}, options))
    except MirrorError as error:
        module.fail_json(msg=str(error), **error.to_dict())
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    module.exit_json(**result)
