# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests, answers and errors, over a transport that is a list."""

from __future__ import annotations

import json

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas import errors
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.client import Client
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.oauth import ApiKey
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.transport import ReadOnlyTransport, Response

ROOT = "http://r:5240/MAAS/api/2.0/"
SECRET = "the-true-secret"
NOW = 1795420371


class Script:
    """A transport that gives prepared answers and keeps what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def send(self, method, url, headers, body=None):
        self.sent.append((method, url, headers, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def reply(status, body="", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, text.encode())


def client_of(*answers):
    script = Script(*answers)
    naps = []
    nonces = iter("n%d" % number for number in range(9))
    client = Client(ROOT, ApiKey("consumer", "token", SECRET), script, lambda: NOW, naps.append, lambda: next(nonces))
    return client, script, naps


def failure(*answers, act=lambda client: client.get("boot-sources/")):
    client, _script, _naps = client_of(*answers)
    with pytest.raises(errors.MaasError) as caught:
        act(client)
    assert SECRET not in repr((str(caught.value), caught.value.data))
    return caught.value


def test_get_decodes_and_signs():
    client, script, _naps = client_of(reply(200, [{"id": 1}]))
    assert client.get("boot-resources/", op="is_importing") == [{"id": 1}]
    [(method, url, headers, body)] = script.sent
    assert (method, url, body) == ("GET", ROOT + "boot-resources/?op=is_importing", None)
    assert 'oauth_nonce="n0"' in headers["Authorization"]
    assert "Cookie" not in headers  # MAAS would then want a CSRF token


@pytest.mark.parametrize(
    "body, value", [("true", True), ("null", None), ("", None), ("OK", "OK"), ('"noble"', "noble")]
)
def test_values_of_answers(body, value):
    assert client_of(reply(200, body))[0].get("maas/") == value


def test_post_sends_a_form():
    client, script, _naps = client_of(reply(201, {"id": 2}))
    assert client.post("boot-sources/", {"url": "http://m.x/"}) == {"id": 2}
    assert script.sent[0][3] == b"url=http%3A%2F%2Fm.x%2F"


def test_delete_of_what_is_gone_is_fine():
    client_of(reply(404, "No BootSource matches the given query."))[0].delete("boot-sources/9/")


def test_delete_at_a_wrong_path_is_not():
    with pytest.raises(errors.NotFoundError):
        client_of(reply(404, "Unknown API endpoint: /x."))[0].delete("boot-sources/9")


def test_version_is_asked_once_and_without_the_key():
    client, script, _naps = client_of(reply(200, {"version": "3.7.3"}))
    assert client.version.numbers == client.version.numbers == (3, 7)
    assert "Authorization" not in script.sent[0][2]


@pytest.mark.parametrize("answer", [reply(404, "nope"), reply(200, "<html>welcome"), reply(200, {}), reply(200, [])])
def test_something_else_than_a_maas(answer):
    for older in (reply(404, "nope"), reply(410, "gone"), reply(200, "<html>"), errors.UnreachableError("gone")):
        assert "api_url is the part before /MAAS" in str(failure(answer, older, act=lambda client: client.version))


def test_a_maas_that_has_no_api_2_0():
    error = failure(reply(404, "nope"), reply(200, {"version": "1.9.5"}), act=lambda client: client.version)
    assert "a MAAS 1.x" in str(error) and "2.1 is the oldest" in str(error)


def test_api_2_0_is_gone():
    assert isinstance(failure(reply(410, "The 1.0 API is no longer available.")), errors.NotMaasError)


@pytest.mark.parametrize(
    "status, type_, hint",
    [
        (400, errors.InvalidError, "url: Enter a valid URL. (400)"),
        (403, errors.PermissionDeniedError, "key of a MAAS administrator"),
        (404, errors.NotFoundError, "(404)"),
        (413, errors.InvalidError, "no body that large"),
        (500, errors.ServerError, "regiond.log"),
    ],
)
def test_refusals_keep_the_servers_words(status, type_, hint):
    words = "url: Enter a valid URL"
    error = failure(reply(status, words), act=lambda client: client.put("boot-sources/1/"))
    assert isinstance(error, type_)
    assert (error.status, error.words) == (status, words)
    assert "PUT %sboot-sources/1/: %s" % (ROOT, words) in str(error)
    assert hint.replace(". (", " (") in str(error)


def test_a_redirect_is_never_followed():
    error = failure(reply(302, "", location="https://r/MAAS/"))
    assert "redirected (302) to https://r/MAAS/" in str(error)


@pytest.mark.parametrize(
    "text, hint",
    [
        ("Authorization Error: Invalid API key.", "first part"),
        ("Authorization Error: 'Invalid access token: token'", "second part"),
        ("Authorization Error: 'Invalid signature. Expected signature base string: &the-true-secret'", "third part"),
        ("Authorization Error: 'Nonce already used: 44'", "repeat requests"),
        (
            "Authorization Error: 'Expired timestamp: given 1795416771 and now 1795420371 has a greater "
            "difference than threshold 300'",
            "3600 s behind MAAS",
        ),
        ("Forbidden", "takes the Authorization header away"),
    ],
)
def test_a_401_is_explained_but_its_text_never_shown(text, hint):
    error = failure(reply(401, text))
    assert isinstance(error, errors.AuthenticationError)
    assert hint in str(error)
    assert text not in str(error)
    assert error.words == ""


def test_a_clock_that_differs_is_seen_from_the_answers_date_too():
    error = failure(reply(401, "Forbidden", date="Mon, 23 Nov 2026 07:00:00 GMT"))
    assert "ahead of MAAS'" in str(error)


def test_secrets_and_passwords_are_taken_out_of_other_answers_too():
    error = failure(reply(400, "no %s at http://u:hunter2@m.x/" % SECRET))
    assert "hunter2" not in str(error) + error.words


def test_reading_is_tried_again_with_a_new_nonce():
    client, script, naps = client_of(reply(502, "bad gateway"), errors.UnreachableError("gone"), reply(200, []))
    assert client.get("boot-sources/") == []
    assert ['oauth_nonce="n%d"' % number in sent[2]["Authorization"] for number, sent in enumerate(script.sent)] == [
        True
    ] * 3
    assert naps == [1, 2]


def test_reading_gives_up_after_three_times():
    client, script, _naps = client_of(*[errors.UnreachableError("gone")] * 3)
    with pytest.raises(errors.UnreachableError):
        client.get("boot-sources/")
    assert not script.answers


@pytest.mark.parametrize("answer", [reply(502, "bad gateway"), errors.UnreachableError("timed out.")])
def test_writing_is_never_repeated_blindly(answer):
    client, script, naps = client_of(answer, reply(201, {}))
    with pytest.raises(errors.MaasError):
        client.post("boot-sources/")
    assert len(script.sent) == 1 and not naps


def test_a_lost_answer_to_a_write_says_that_it_may_be_done():
    assert "may or may not have been done" in str(
        failure(errors.UnreachableError("timed out."), act=lambda client: client.post("x/"))
    )


def test_a_conflict_is_repeated_as_nothing_was_stored():
    client, _script, naps = client_of(reply(409, "<html>", retry_after="5"), reply(201, {"id": 1}))
    assert client.post("boot-sources/") == {"id": 1}
    assert naps == [5]


def test_a_conflict_that_stays():
    client, _script, naps = client_of(*[reply(409, "busy", retry_after="3600")] * 3)
    with pytest.raises(errors.ServerError, match="again and again"):
        client.post("boot-sources/")
    assert naps == [10, 10]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_check_mode_can_not_write(method):
    script = Script(reply(200))
    with pytest.raises(errors.WriteInCheckModeError):
        ReadOnlyTransport(script).send(method, ROOT, {}, b"")
    assert not script.sent


def test_check_mode_can_read():
    assert ReadOnlyTransport(Script(reply(200, "[]"))).send("GET", ROOT, {}).body == b"[]"
