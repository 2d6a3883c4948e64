# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for an import: what to look at, and when it has ended. Its state can be kept from one run to the next."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import image
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import ServerError, UnreachableError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases import images

_FIRST_PAUSE = 2  # seconds; an import does not begin at once
# Seconds in which is_importing may be false although an import was started: 3.8 reads all manifests before
_GRACE, _GRACE_3_8 = 5, 30
_SILENCE = 180  # seconds for which the API may be away meanwhile: a region that restarts


class Watch:
    """One import that was started. `pause` is for how many seconds to wait before the next look."""

    def __init__(self, client, state):
        self._client = client
        self._state = state
        self.line = state.get("line", "")

    @classmethod
    def begun(cls, client, before, seconds, interval):
        """For an import started just now; `before` is the Survey from before it, `seconds` the time it has."""
        now = client.now()
        state = {
            "began": now,
            "started": now,
            "deadline": now + seconds,
            "interval": interval,
            "pause": min(_FIRST_PAUSE, interval),
            "seen": False,
            # MAAS starts none beside one that runs, and that one may not know the newest selections
            "again": before.importing,
            "lost": None,
            "told": [number for number, _ident, _text in before.told],
            "before": names(before.missing),
        }
        return cls(client, state)

    @classmethod
    def resumed(cls, client, kept):
        """The one that `kept` describes."""
        return cls(client, dict(kept))

    def kept(self):
        """What `resumed` needs, as plain data."""
        return dict(self._state, line=self.line)

    @property
    def pause(self):
        """Seconds until the next look, no more than there are left."""
        return max(0, min(self._state["pause"], self._state["deadline"] - self._client.now()))

    @property
    def diff(self):
        """The diff of the whole, however many runs it takes."""
        return difference(self._state["before"])

    @property
    def elapsed(self):
        """Seconds since the start."""
        return self._client.now() - self._state["began"]

    @property
    def is_over(self):
        """True if the time is over."""
        return self._client.now() >= self._state["deadline"]

    def look(self):
        """The Survey at the import's end, or None while it goes on. UnreachableError if MAAS stays away."""
        began = self._client.now()
        try:
            end = self._look()
            self._state["lost"] = None
        except (UnreachableError, ServerError) as error:
            self._away(error, began)
            end = None
        # A look asks for each image by itself: a MAAS with many is not asked all the time
        self._state["pause"] = max(self._state["interval"], 2 * (self._client.now() - began))
        return end

    def _away(self, error, now):
        self._state["lost"] = self._state["lost"] or now
        if now - self._state["lost"] > _SILENCE:
            raise error
        self.line = "MAAS does not answer: %s" % error

    def _look(self):
        if images.is_importing(self._client):
            self._state["seen"] = True
            self.line = progress(images.read(self._client))
            return None
        end = images.survey(self._client)
        self.line = progress(end.images)
        if end.importing or not self._has_ended(end):
            return None
        if end.missing and self._state["again"]:
            self._client.post(image.START)
            self._state.update(again=False, seen=False, started=self._client.now())
            return None
        return end

    def _has_ended(self, end):
        if self._state["seen"] or (end.newest_known and not end.missing):
            return True
        # 3.8 says this at the end of an import; one that was over between two looks was never seen
        if any(ident.startswith("Sync selection") and number not in self._state["told"] for number, ident, _text in end.told):
            return True
        grace = _GRACE_3_8 if self._client.version.several_sources else _GRACE
        return self._client.now() - self._state["started"] >= grace


def names(missing):
    """The missing images for a diff."""
    return ["%s %s %s" % (one["name"], one["architecture"], one["version"]) for one in missing]


def difference(before):
    """The diff of an import that succeeds, which is what check mode foretells."""
    return {"before": {"missing": before}, "after": {"missing": []}}


def progress(found):
    """A line for people: how many of the images are complete, and how many bytes of them."""
    parts = [one.newest for one in found if one.synced and one.newest]
    size = sum(part["size"] for part in parts)
    here = sum(part["size"] * _share(part) for part in parts)
    complete = sum(part["complete"] for part in parts)
    if not parts:
        return "no images yet"
    return "%d of %d images complete, %s of %s MB (%d %%)" % (
        complete,
        len(parts),
        int(here / 1e6),
        int(size / 1e6),
        100 * here // size if size else 100,
    )


def _share(part):
    return 1 if part["complete"] else (part.get("progress") or 0) / 100
