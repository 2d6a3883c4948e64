# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module boot_resource_import: an import is started, waited for and judged by what MAAS then holds, or is stopped."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import image
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError, MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import images, verdict
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.watch import Watch


def run(client, options, check_mode):
    """The module's result (a dict) for its options."""
    for name in ("wait_timeout", "poll_interval"):
        if options[name] < 1:
            raise InputError("%s is %d; it must be at least 1 second." % (name, options[name]))
    if options["state"] == "stopped":
        return _stop(client, options, check_mode)
    if options.get("watch"):
        return _look(client, options, Watch.resumed(client, options["watch"]))
    return _start(client, options, check_mode)


def _start(client, options, check_mode):
    before = images.survey(client)
    needed = options["force"] or _is_needed(before)
    if not needed or check_mode:
        return verdict.result(client, before, needed)
    client.post(image.START)
    if not options["wait"]:
        return verdict.result(client, before, True, import_started=True, importing=True)
    watch = Watch.begun(client, before, options["wait_timeout"], options["poll_interval"])
    if options.get("watch") is not None:
        return _unfinished(watch)
    while True:
        client.sleep(watch.pause)
        result = _look(client, options, watch)
        if "watch" not in result:
            return result


def _is_needed(survey):
    """False if all that is selected is here, complete and known to be the newest, and no more than that."""
    return bool(survey.missing or survey.obsolete or not survey.newest_known)


def _look(client, options, watch):
    """The result at the import's end, or one to go on with; MaasError if it ended badly or its time is over."""
    end = watch.look()
    if end is None and not watch.is_over:
        return _unfinished(watch)
    if end is None:
        end = images.survey(client)
        if end.missing or not end.newest_known:
            _stop_late(client, options, end)
            raise MaasError(verdict.late(client, end, options["wait_timeout"]), **_begun(end))
    if end.missing:
        raise MaasError(verdict.ended(client, end), **_begun(end))
    return verdict.result(
        client, end, True, import_started=True, diff=watch.diff, progress=watch.line, elapsed=int(watch.elapsed)
    )


def _begun(end):
    return dict(verdict.data(end), changed=True, import_started=True)


def _unfinished(watch):
    return {"changed": True, "watch": watch.kept(), "progress": watch.line, "pause": watch.pause}


def _stop_late(client, options, end):
    if options["stop_on_timeout"] and end.importing:
        client.post(image.STOP)


def _stop(client, options, check_mode):
    running = importing = images.is_importing(client)
    if running and not check_mode:
        client.post(image.STOP)
        deadline = client.now() + options["wait_timeout"]
        while options["wait"] and importing:
            if client.now() >= deadline:
                raise MaasError(
                    "MAAS was told to stop its import, but still imports after %d s." % options["wait_timeout"]
                )
            client.sleep(1)
            importing = images.is_importing(client)
    state = {"before": {"importing": running}, "after": {"importing": False}}
    return verdict.result(client, images.survey(client), running, diff=state)
