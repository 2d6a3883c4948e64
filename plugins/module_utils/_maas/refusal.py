# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer means that is none of success: a typed error that keeps the server's own words. Pure."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import errors
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.words import scrub, server_words

CONFLICT = 409  # MAAS undid the transaction: nothing was stored
_CLOCK_TOLERANCE = 300  # seconds; MAAS refuses what is older

# status: the type of the error, and what its text adds to the server's
_MEANINGS = {
    403: (errors.PermissionDeniedError, " The API key's user may not do this: use the key of a MAAS administrator."),
    404: (errors.NotFoundError, ""),
    CONFLICT: (errors.ServerError, " Others were changing the same thing, again and again."),
    413: (errors.InvalidError, " The server takes no body that large; a keyring has a few kB."),
}
_WRONG_PARTS = (
    ("Invalid API key", "There is no such consumer (the key's first part)."),
    ("Invalid access token", "There is no such token (the key's second part): was the key deleted?"),
    ("Invalid signature", "The secret (the key's third part) is wrong."),
)


def refusal_of(what, response, key, now):
    """The MaasError of a Response to `what` (METHOD URL) that was asked with the ApiKey `key` at `now` (epoch)."""
    status = response.status
    if status == 401:
        why = _why_401(response, now)
        return errors.AuthenticationError("%s: MAAS does not accept the API key (401). %s" % (what, why), status, "")
    if 300 <= status < 400:
        return errors.NotMaasError(
            "%s: redirected (%d) to %s. Give the URL that answers itself as api_url."
            % (what, status, scrub(response.headers.get("location", "nowhere"), key))
        )
    words = scrub(server_words(response.body, response.headers.get("content-type", "")), key)
    said = "%s: %s (%d)." % (what, words.rstrip(".") or "no reason given", status)
    if status == 410:
        return errors.NotMaasError("%s This MAAS has no API 2.0." % said)
    kind, more = _MEANINGS.get(status) or (
        (errors.ServerError, " MAAS failed inside; its regiond.log has more.")
        if status >= 500
        else (errors.InvalidError, "")
    )
    return kind(said + more, status, words)


def _why_401(response, now):
    # The text is never shown: "Invalid signature" repeats the true secret.
    text = response.body.decode("utf-8", "replace")
    match = re.search(r"given (\d+) and now (\d+)", text)
    behind = int(match.group(2)) - int(match.group(1)) if match else _clock_difference(response, now)
    if match or abs(behind) > _CLOCK_TOLERANCE:
        return (
            "The clocks differ: the one of the host that runs this module is %d s %s MAAS'. "
            "Set both by NTP; MAAS refuses requests that seem more than %d s old."
            % (abs(behind), "behind" if behind > 0 else "ahead of", _CLOCK_TOLERANCE)
        )
    if "Nonce already used" in text:
        return "It has seen this request before: does something between here and MAAS repeat requests?"
    for known, meaning in _WRONG_PARTS:
        if known in text:
            return meaning
    return "Check api_key, and that nothing between here and MAAS takes the Authorization header away."


def _clock_difference(response, now):
    try:
        return int(parsedate_to_datetime(response.headers["date"]).timestamp() - now)
    except (KeyError, TypeError, ValueError):
        return 0
