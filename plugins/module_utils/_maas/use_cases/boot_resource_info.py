# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module boot_resource_info: the images that MAAS holds, and those that it should hold and does not."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import notifications
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import images, verdict


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    if not options["newest"]:
        return {
            "changed": False,
            "boot_resources": images.shown(images.read(client, options["type"]), [], False),
            "importing": images.is_importing(client),
            "notifications": notifications.texts(notifications.read(client)),
            "newest_known": False,
            "missing": [],
        }
    survey = images.survey(client)
    data = verdict.data(survey)
    if options["type"] != "all":
        data["boot_resources"] = [one for one in data["boot_resources"] if one["type"] == options["type"]]
    return dict(data, changed=False, warnings=verdict.warnings(client, survey))
