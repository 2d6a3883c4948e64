# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The selection of the release that MAAS commissions machines with: it does not go unless another takes its place."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import sources

SETTING = "commissioning_distro_series"
WAYS = (
    "Change commissioning_distro_series (imagemirror.maas.maas_config) to a release that stays selected first, or keep "
    "this one; removing the whole boot source removes it too."
)


def respect(client, every, source, present, after, how):
    """(selections that shall be, warnings): `after`, with the protected one left in it where `how` is keep.

    InputError, before anything is written, where `how` is fail and the commissioning release's selection would go.
    """
    if how == "remove":
        return after, ()
    keys = {one.key for one in after}
    going = [one for one in present if one.key not in keys and one.os == "ubuntu"]
    if not going:
        return after, ()
    release = client.get("maas/", op="get_config", name=SETTING)
    held = [one for one in going if one.release == release]
    if not held or (client.version.several_sources and _is_elsewhere(client, every, source, held[0])):
        return after, ()
    words = "MAAS commissions machines with ubuntu/%s (its setting %s)" % (release, SETTING)
    if how == "keep":
        return sorted(after + held, key=lambda one: one.key), ("%s: its selection was kept." % words,)
    raise InputError("%s, so its selection is not removed. %s Or set protected to keep." % (words, WAYS))


def _is_elsewhere(client, every, source, wanted):
    # Only 3.8 lets it go then: older ones refuse whatever other sources have
    others = [one for one in every if one.id != source.id and one.enabled]
    return any(one.key == wanted.key for other in others for one in sources.read_selections(client, other))
