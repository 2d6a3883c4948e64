# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an AnsibleModule to the engine and back: one try, one except, one exit. The engine itself knows nothing of Ansible."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import MirrorError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import checked


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
