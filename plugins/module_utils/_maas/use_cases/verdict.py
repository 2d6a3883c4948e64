# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Survey comes to: the result of a module, or the words of its failure."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import notifications
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import images, suspects
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.watch import difference, names, progress

_LISTED = 8  # images named in a message; all are in its data


def data(survey):
    """What the result has of a survey, good or bad."""
    return {
        "missing": survey.missing,
        "boot_resources": images.shown(survey.images, survey.wanted, survey.newest_known),
        "notifications": notifications.texts(survey.told),
        "newest_known": survey.newest_known,
        "importing": survey.importing,
    }


def result(client, survey, changed, **more):
    """The result of a module."""
    base = dict(
        data(survey),
        changed=bool(changed),
        diff=difference(names(survey.missing)),
        import_started=False,
        progress=progress(survey.images),
        elapsed=0,
        warnings=warnings(client, survey),
    )
    return dict(base, **more)


def warnings(client, survey):
    """What is not wrong, but not what anyone wants."""
    found = tuple("Whether MAAS has the newest images is not known, only that they are complete: %s." % words
                  for words in survey.unread)
    if survey.wanted and survey.newest_known and not any(one.bootloader for one in survey.wanted):
        found += ("No boot source offers bootloaders that MAAS takes: machines can't boot from the network.",)
    if not [one for one in survey.wanted if not one.bootloader]:
        found += ("No boot source of this MAAS selects an image.",)
    return found


def ended(client, survey):
    """The message of an import that ended without what was wanted."""
    return "The import has ended, but %s" % _lacking(client, survey)


def late(client, survey, seconds):
    """The message when the time, `seconds`, is over."""
    if not survey.missing:
        return (
            "The import was not over within %d s (wait_timeout). All selected images are complete, but whether they are "
            "the newest is not known: %s" % (seconds, "; ".join(survey.unread))
        )
    state = "still runs" if survey.importing else "has not begun or has ended"
    hint = ""
    if survey.importing and not client.version.several_sources:
        hint = (
            " MAAS %s may try a file that the mirror does not give for up to 2 hours, without a word: state stopped "
            "(or stop_on_timeout) ends that." % client.version
        )
    return "After %d s (wait_timeout) the import %s, and %s%s" % (seconds, state, _lacking(client, survey), hint)


def _lacking(client, survey):
    names = [
        "%s %s (%s%s)" % (one["name"], one["architecture"], _newest(one), one["reason"])
        for one in survey.missing[:_LISTED]
    ]
    more = len(survey.missing) - len(names)
    words = "%d of %d images are not complete and newest: %s%s." % (
        len(survey.missing),
        len(survey.wanted),
        "; ".join(names),
        "; and %d more" % more if more else "",
    )
    faults = suspects.faults(survey, client.version)
    if faults:
        words += " From here the mirror gives: %s." % "; ".join(faults)
    # Files can only be incomplete where the metadata was good
    read = all("incomplete" in one["reason"] for one in survey.missing)
    return ("%s %s" % (words, notifications.explanation(survey.told, client.version, read))).rstrip()


def _newest(one):
    return "newest is %s; " % one["version"] if one["version"] else ""
