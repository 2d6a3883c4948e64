# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module boot_source: a boot source is there as wanted, or is not."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import keyring
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import boot_source, selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError, MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.reconcile import Plan, Step, apply
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import check_source_url, same_source
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.sources import (
    find,
    listed,
    read,
    read_selections,
)
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.unread import UnreadSource


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    wanted = wanted_of(options)
    sources = read(client)
    if options["state"] == "absent":
        plan, target = plan_absent(sources, wanted["url"], client.version), None
    else:
        present = find(sources, wanted["url"], options.get("match_url"))
        selections = read_selections(client, present) if present and present.keyring else []
        plan, target = plan_present(sources, present, wanted, selections, client.version, options["wait_timeout"])
    if plan.changed and not check_mode:
        # Selections are made in a source that is new, so with another id than that of the one it replaces
        unread = UnreadSource(client, target and replace(target, id=None))
        target = _stored(apply(client, plan, unread), target, client.version)
    return {
        "changed": plan.changed,
        "diff": plan.diff,
        "warnings": plan.warnings,
        "boot_source": boot_source.result(target) if target else {},
        "import_needed": needs_import(plan, client.version),
    }


def wanted_of(options):
    """The options that were given, checked, with whichever keyring as bytes in `keyring`."""
    wanted = {
        name: options[name]
        for name in ("url", "keyring_filename") + boot_source.SINCE_3_8
        if options.get(name) is not None
    }
    if options["state"] == "present":
        check_source_url(wanted["url"])
    if options.get("keyring_filename") == "":
        raise InputError("keyring_filename is empty. Leave it out to keep the keyring that the source has.")
    if options.get("keyring_file"):
        wanted["keyring"] = keyring.load(options["keyring_file"])
    elif options.get("keyring_data") is not None:
        wanted["keyring"] = keyring.decode(options["keyring_data"])
    return wanted


def plan_present(sources, present, wanted, selections, version, patience):
    """(Plan, target). `selections` are the present source's; they are put back where it must be made anew."""
    others = [source for source in sources if source is not present]
    target = boot_source.desired(wanted, present, others, version)
    warnings = _not_known(wanted, version)
    if present is None:
        steps = (_create(target),)
        warnings += _crowded(others, version)
    elif boot_source.equal(present, target):
        target, steps = present, ()
    elif boot_source.needs_recreation(present, target):
        steps = _recreate(present, target, selections, patience)
    else:
        fields, files = boot_source.update_payload(present, target)
        steps = (Step("PUT", boot_source.path_of(present.id), fields, files),)
    return Plan(boot_source.shown(present), boot_source.shown(target), steps, warnings), target


def _create(source, gives="source", undo=()):
    fields, files = boot_source.create_payload(source)
    return Step("POST", boot_source.PATH, fields, files, gives=gives, undo=undo)


def _recreate(present, target, selections, patience):
    former = (_create(present, "former"),) + _put_back("{former}", selections, patience)
    return (
        Step("DELETE", boot_source.path_of(present.id), undo=former),
        _create(target, undo=(Step("DELETE", boot_source.path_of("{source}")),)),
    ) + _put_back("{source}", selections, patience)


def _put_back(source, selections, patience):
    path = selection.path_of(source)
    return tuple(Step("POST", path, selection.payload(one), patience=patience) for one in selections)


def _not_known(wanted, version):
    names = [name for name in boot_source.SINCE_3_8 if name in wanted]
    if version.several_sources or not names:
        return ()
    return ("MAAS %s does not know %s of a boot source (3.8 and later do): ignored." % (version, ", ".join(names)),)


def _crowded(others, version):
    if version.several_sources or not others:
        return ()
    return (
        "MAAS %s now has other boot sources too: %s. Before 3.8 a single one that can't be read stops the import from "
        "all of them; match_url changes one in place instead." % (version, listed(others)),
    )


def plan_absent(sources, url, version):
    """The Plan after which no source has that URL, however it is spelled."""
    found = [source for source in sources if same_source(source.url, url)]
    warnings = ()
    if found and len(found) == len(sources) and not version.several_sources:
        warnings = (
            "That was the last boot source: MAAS %s makes its default one (images.maas.io) again at the next import."
            % version,
        )
    return Plan(
        before=boot_source.shown(found[0]) if found else {},
        after={},
        steps=tuple(Step("DELETE", boot_source.path_of(source.id)) for source in found),
        warnings=warnings,
    )


def needs_import(plan, version):
    """True if MAAS will not read what was changed until the next import runs."""
    first = boot_source.path_of(boot_source.FIRST_ID)
    return not version.several_sources and any(step.method == "PUT" and step.path == first for step in plan.steps)


def _stored(answers, target, version):
    """The source as the server answered it; MaasError if that is not what was sent: every run would change it again."""
    if target is None:
        return None
    [stored] = [
        boot_source.from_api(answer.value)
        for answer in answers
        if answer.step.method == "PUT" or answer.step.gives == "source"
    ]
    if not boot_source.equal(stored, target):
        raise MaasError(
            "MAAS %s accepted the boot source, but stored something else than it was sent." % version,
            sent=boot_source.shown(target),
            stored=boot_source.shown(stored),
        )
    return stored
