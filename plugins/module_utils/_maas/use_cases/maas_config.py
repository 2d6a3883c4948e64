# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module maas_config: settings have the values that are wanted."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import setting
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InvalidError, MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.reconcile import Plan, Step, apply
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import sources

WRITE = setting.PATH + "?op=set_config"


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    wanted = {
        name: setting.check(name, options[name]) for name in setting.NAMES if options.get(name) is not None
    }
    present, unknown = read(client, setting.NAMES)
    warnings = _not_known(client, [name for name in unknown if name in wanted], options["unknown"])
    wanted = {name: value for name, value in wanted.items() if name in present}
    plan = make_plan(present, wanted, warnings + _not_selected(client, present, wanted))
    if plan.changed and not check_mode:
        apply(client, plan)
        present, _unknown = read(client, present)
        _check_stored(client, present, wanted)
    return {
        "changed": plan.changed,
        "diff": plan.diff,
        "warnings": plan.warnings,
        "maas_config": {name: setting.shown(name, value) for name, value in dict(present, **wanted).items()},
    }


def read(client, names):
    """({name: value}, [names that this MAAS does not know])."""
    present, unknown = {}, []
    for name in names:
        try:
            value = client.get(setting.PATH, op="get_config", name=name)
        except InvalidError as error:
            if "not a valid config setting" not in error.words:
                raise
            unknown.append(name)
        else:
            present[name] = setting.from_api(name, value)
    return present, unknown


def _not_known(client, names, how):
    if not names:
        return ()
    words = "MAAS %s does not have the setting %s" % (client.version, ", ".join(names))
    if how == "fail":
        raise MaasError("%s. Leave it out, or set unknown to warn." % words, unknown=names)
    return ("%s: ignored." % words,)


def make_plan(present, wanted, warnings=()):
    """The Plan that sets what differs: one request for each, all taken back if one fails."""
    changed = {name: value for name, value in wanted.items() if present[name] != value}
    before, after = setting.differences(present, dict(present, **changed))
    steps = tuple(
        Step("POST", WRITE, {"name": name, "value": value}, undo=(_back(name, present[name]),))
        for name, value in changed.items()
    )
    return Plan(before, after, steps, tuple(warnings))


def _back(name, value):
    return Step("POST", WRITE, {"name": name, "value": "" if value is None else value})


def _not_selected(client, present, wanted):
    """Warns of a release to commission with that no boot source selects: commissioning would fail, MAAS says nothing."""
    release = wanted.get("commissioning_distro_series")
    if release is None or release == present["commissioning_distro_series"]:
        return ()
    selected = {one.key for source in sources.read(client) for one in sources.read_selections(client, source)}
    if ("ubuntu", release) in selected:
        return ()
    known = sorted(name for system, name in selected if system == "ubuntu")
    return (
        "commissioning_distro_series is %s, but no boot source selects it (selected: %s): MAAS can't commission until "
        "one does." % (release, ", ".join(known) or "nothing"),
    )


def _check_stored(client, present, wanted):
    for name, value in wanted.items():
        if present[name] != value:
            raise MaasError(
                "MAAS %s accepted %s, but stored %r instead of %r."
                % (client.version, name, setting.shown(name, present[name]), setting.shown(name, value))
            )
