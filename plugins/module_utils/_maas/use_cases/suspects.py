# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that MAAS may have failed at: asked for as MAAS does, as no answer of its API names them."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.mirror import downloaded
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import without_password
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.web import Web, below

_ASKED = 12  # files asked for, at most, and _TOLD of those that are bad: the first ones tell what is wrong
_TOLD = 3
_TIMEOUT = 10  # seconds
_FOLLOWED = (3, 6)  # MAAS before 3.6.2 follows redirects of files


def faults(survey, version):
    """[words] of files of missing images which the mirror does not give, or not in their size."""
    names = {(one["name"], one["architecture"]) for one in survey.missing}
    web = Web(follow=version.numbers < _FOLLOWED, timeout=_TIMEOUT)
    found = []
    for base, file in _files([one for one in survey.wanted if (one.name, one.architecture) in names])[:_ASKED]:
        url = below(base, file.path)
        fault = web.fault(url, file.size)
        if fault:
            found.append("%s: %s" % (without_password(url), fault))
        if len(found) == _TOLD:
            break
    return found


def _files(wanted):
    """[(base, File)] that MAAS downloads for them, each once."""
    files = {}
    for one in wanted:
        for base, product in one.offers:
            for file in downloaded(product):
                files.setdefault((base, file.path), file)
    return [(base, file) for (base, _path), file in files.items()]
