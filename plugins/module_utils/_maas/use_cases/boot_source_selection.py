# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module boot_source_selection: what MAAS takes from a source is as wanted, one release or an exact set."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import offer, selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.boot_source import BootSource
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError, InvalidError, MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.reconcile import Plan, Step, apply
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import check_source_url, without_password
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import protected, sources
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.unread import UnreadSource


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    entries = entries_of(options)
    every = sources.read(client)
    source, warnings = _source(every, options, check_mode)
    present = sources.read_selections(client, source) if source.id is not None else []
    after = target(present, entries, options["state"], options["purge"])
    after, kept = protected.respect(client, every, source, present, after, options["protected"])
    unread = UnreadSource(client, source, options["import_unread"])
    warnings += kept + _foresee(client, unread, present, after, check_mode)
    plan = make_plan(source, present, after, options["wait_timeout"], warnings)
    if plan.changed and not check_mode:
        _apply(client, plan, unread)
        after = sources.read_selections(client, source)
    return dict(
        {
            "changed": plan.changed,
            "diff": plan.diff,
            "warnings": plan.warnings,
            "import_started": unread.import_started,
        },
        **_shown(source, after, entries if options.get("release") else [])
    )


def entries_of(options):
    """The dicts of the selections that are meant, checked: one of `release`, or those of `selections`."""
    entries = options.get("selections")
    if options["purge"] and (entries is None or options["state"] == "absent"):
        raise InputError("purge needs selections, the set that is to stay, and state present.")
    if entries is None:
        entries = [{name: options.get(name) for name in ("os", "release") + selection.LISTS}]
    seen = set()
    for entry in entries:
        key = entry["os"], entry["release"]
        if key in seen:
            raise InputError(
                "selections has %s/%s twice. MAAS has one selection of a release: give all its arches in one." % key
            )
        seen.add(key)
        for name in selection.LISTS:
            for value in entry.get(name) or ():
                if "," in value or not value.strip():
                    raise InputError(
                        "%s of %s/%s holds %r. Give a list with one name in each element." % ((name,) + key + (value,))
                    )
    return entries


def _source(every, options, check_mode):
    """(BootSource, warnings). In check mode it may be one that an earlier task would make."""
    found = sources.pick(every, options)
    if found:
        return found, ()
    url = options.get("boot_source_url")
    if not check_mode or not url:
        raise MaasError(sources.not_there(every, options))
    return BootSource(check_source_url(url, "boot_source_url")), (
        sources.not_there(every, options) + " Without check mode an earlier task may make it; this is planned as if.",
    )


def target(present, entries, state, purge):
    """[Selection] that the source shall have, by os and release."""
    now = {one.key: one for one in present}
    named = {(entry["os"], entry["release"]): entry for entry in entries}
    if state == "absent":
        return [one for one in present if one.key not in named]
    after = {} if purge else dict(now)
    for key, entry in named.items():
        wanted = selection.from_options(entry, now.get(key))
        after[key] = now[key] if key in now and selection.equal(wanted, now[key]) else wanted
    return [after[key] for key in sorted(after)]


def _foresee(client, unread, present, after, check_mode):
    """Warnings about what is new in `after`; in check mode the errors that MAAS would have for it, too."""
    new = [one for one in after if one not in present]
    for one in new:
        if not one.arches:
            raise InputError(_no_arches(one, unread.products))
    if not new or unread.products is None:
        return ()
    if check_mode:
        for one in new:
            unread.check(one)
    return offer.too_new(new, unread.products, client.version)


def _no_arches(wanted, products):
    known = sorted({one.arch for one in products or () if (one.os, one.release) == wanted.key})
    return "arches is missing: there is no selection of %s/%s yet to take them from. Give them%s, or '*' for all." % (
        wanted.key + (" (the source has %s)" % ", ".join(known) if known else "",)
    )


def make_plan(source, present, after, patience, warnings=()):
    """The Plan. What is new comes first and what goes comes last, so that nothing is missing in between."""
    now = {one.key: one for one in present}
    keys = {one.key for one in after}
    steps = []
    for number, one in enumerate(after):
        former = now.get(one.key)
        if former is None:
            steps.append(_create(source, one, patience, "selection%d" % number))
        elif former is not one:
            path = selection.path_of(source.id, one.id)
            back = Step("PUT", path, selection.payload(former))
            steps.append(Step("PUT", path, selection.payload(one), patience=patience, undo=(back,)))
    for one in present:
        if one.key not in keys:
            back = Step("POST", selection.path_of(source.id), selection.payload(one))
            steps.append(Step("DELETE", selection.path_of(source.id, one.id), undo=(back,)))
    return Plan(_view(source, present), _view(source, after), tuple(steps), tuple(warnings))


def _create(source, wanted, patience, name):
    made = selection.path_of(source.id, "{%s}" % name)
    return Step(
        "POST",
        selection.path_of(source.id),
        selection.payload(wanted),
        gives=name,
        patience=patience,
        undo=(Step("DELETE", made),),
    )


def _apply(client, plan, unread):
    try:
        apply(client, plan, unread)
    except InvalidError as error:
        if selection.is_protected(error):
            raise MaasError("%s %s" % (error, protected.WAYS), **error.data) from error
        raise


def _view(source, selections):
    return {
        "boot_source": without_password(source.url),
        "selections": [selection.shown(one) for one in sorted(selections, key=lambda one: one.key)],
    }


def _shown(source, after, entries):
    """What is there now, for the result."""
    single = [one for one in after for entry in entries if one.key == (entry["os"], entry["release"])]
    return {
        "boot_source": {} if source.id is None else {"id": source.id, "url": without_password(source.url)},
        "boot_source_selections": [selection.result(one) for one in after],
        "boot_source_selection": selection.result(single[0]) if single else {},
    }
