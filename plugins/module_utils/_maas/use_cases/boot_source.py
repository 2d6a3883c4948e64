# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module boot_source: a boot source is there as wanted, or is not."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import keyring
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import boot_source, selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError, MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.reconcile import Plan, Step, apply
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import (
    check_source_url,
    same_source,
    same_source_any_scheme,
    without_password,
)

FIRST_ID = 1  # MAAS up to 3.7 never reads the source with this id again when it changes


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    wanted = wanted_of(options)
    sources = read(client)
    if options["state"] == "absent":
        plan, target = plan_absent(sources, wanted["url"], client.version), None
    else:
        present = find(sources, wanted["url"], options.get("match_url"))
        selections = _read_selections(client, present) if present and present.keyring else []
        plan, target = plan_present(sources, present, wanted, selections, client.version, options["wait_timeout"])
    if plan.changed and not check_mode:
        target = _stored(apply(client, plan), target, client.version)
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


def read(client):
    """All boot sources, by id: MAAS' own order changes with every update."""
    return sorted((boot_source.from_api(one) for one in client.get(boot_source.PATH)), key=lambda one: one.id)


def _read_selections(client, source):
    return [selection.from_api(one) for one in client.get(selection.path_of(source.id))]


def find(sources, url, match_url=None):
    """The source that `url` means; else the one that `match_url` means, http or https; else None."""
    found = _only(sources, url, same_source)
    if found or not match_url:
        return found
    return _only(sources, match_url, same_source) or _only(sources, match_url, same_source_any_scheme)


def _only(sources, url, same):
    found = [source for source in sources if same(source.url, url)]
    exact = [source for source in found if source.url == url]
    if len(exact or found) > 1:
        raise MaasError(
            "%s fits %d boot sources: %s. Remove all but one, or give the URL exactly as one of them has it."
            % (without_password(url), len(found), _listed(found))
        )
    return (exact or found or [None])[0]


def _listed(sources):
    return ", ".join("%s (id %s)" % (without_password(source.url), source.id) for source in sources)


def plan_present(sources, present, wanted, selections, version, patience):
    """(Plan, target). `selections` are the present source's; they are put back where it must be made anew."""
    others = [source for source in sources if source is not present]
    target = boot_source.desired(wanted, present, others, version)
    warnings = _not_known(wanted, version)
    if present is None:
        steps, undo = (_create(target),), ()
        warnings += _crowded(others, version)
    elif boot_source.equal(present, target):
        target, steps, undo = present, (), ()
    elif boot_source.needs_recreation(present, target):
        steps, undo = _recreate(present, target, selections, patience)
    else:
        fields, files = boot_source.update_payload(present, target)
        steps, undo = (Step("PUT", boot_source.path_of(present.id), fields, files),), ()
    return Plan(boot_source.shown(present), boot_source.shown(target), steps, undo, warnings), target


def _create(source, gives="source"):
    fields, files = boot_source.create_payload(source)
    return Step("POST", boot_source.PATH, fields, files, gives=gives)


def _recreate(present, target, selections, patience):
    steps = (Step("DELETE", boot_source.path_of(present.id)), _create(target))
    undo = (Step("DELETE", boot_source.path_of("{source}")), _create(present, "former"))
    return (
        steps + _put_back("{source}", selections, patience),
        undo + _put_back("{former}", selections, patience),
    )


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
        "all of them; match_url changes one in place instead." % (version, _listed(others)),
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
    return not version.several_sources and any(
        step.method == "PUT" and step.path == boot_source.path_of(FIRST_ID) for step in plan.steps
    )


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
