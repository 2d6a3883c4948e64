# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans are done in order, patiently where told, and taken back when they break."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InvalidError, MaasError, ServerError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.reconcile import Plan, Step, apply

NOT_READ = InvalidError("refused", 400, "os: OS ubuntu with release jammy has no available images for download")
BROKEN = ServerError("broken.", 500, "broken")


class Server:
    """A client whose answers to each request are prepared; time passes only by sleeping."""

    def __init__(self, **answers):
        self.answers = answers
        self.done = []
        self.time = 0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds

    def _act(self, method, path, fields=None, files=None):
        self.done.append((method, path))
        prepared = self.answers.get(method.lower(), [])
        answer = prepared.pop(0) if prepared else {"id": 0}
        if isinstance(answer, Exception):
            raise answer
        return answer

    def post(self, path, fields, files):
        return self._act("POST", path, fields, files)

    def put(self, path, fields, files):
        return self._act("PUT", path, fields, files)

    def delete(self, path):
        return self._act("DELETE", path)


FORMER = (Step("POST", "s/", gives="old"), Step("POST", "s/{old}/x/"))
RECREATE = Plan(
    before={"url": "u"},
    steps=(
        Step("DELETE", "s/1/", undo=FORMER),
        Step("POST", "s/", gives="new", undo=(Step("DELETE", "s/{new}/"),)),
        Step("POST", "s/{new}/x/", patience=7),
    ),
)


def test_later_steps_know_the_ids_of_earlier_ones():
    server = Server(post=[{"id": 7}, {"id": 8}])
    answers = apply(server, RECREATE)
    assert server.done == [("DELETE", "s/1/"), ("POST", "s/"), ("POST", "s/7/x/")]
    assert [answer.value for answer in answers][1:] == [{"id": 7}, {"id": 8}]


def test_patience_while_the_source_is_not_read():
    server = Server(post=[{"id": 7}, NOT_READ, NOT_READ, NOT_READ, {"id": 8}])
    apply(server, RECREATE)
    assert server.time == 1 + 2 + 4


def test_patience_ends_and_all_is_taken_back():
    server = Server(post=[{"id": 7}] + [NOT_READ] * 4 + [{"id": 9}, {"id": 10}])
    with pytest.raises(MaasError, match="refused.*was taken back; MAAS is as it was"):
        apply(server, RECREATE)
    assert server.done[-3:] == [("DELETE", "s/7/"), ("POST", "s/"), ("POST", "s/9/x/")]


def test_other_errors_are_not_waited_for():
    server = Server(post=[{"id": 7}, InvalidError("no", 400, "no"), {"id": 9}, {"id": 10}])
    with pytest.raises(MaasError):
        apply(server, RECREATE)
    assert server.time == 0


def test_what_was_never_made_is_not_deleted_in_taking_back():
    server = Server(post=[BROKEN, {"id": 9}, {"id": 10}])
    with pytest.raises(MaasError, match="MAAS is as it was"):
        apply(server, RECREATE)
    assert server.done[2:] == [("POST", "s/"), ("POST", "s/9/x/")]


def test_a_failure_of_taking_back_is_told_with_what_there_was():
    server = Server(post=[BROKEN, BROKEN])
    with pytest.raises(MaasError, match="MAAS is NOT as it was") as caught:
        apply(server, RECREATE)
    assert caught.value.data["before"] == {"url": "u"}


def test_nothing_done_nothing_taken_back():
    server = Server(delete=[BROKEN])
    with pytest.raises(ServerError):
        apply(server, RECREATE)
    assert server.done == [("DELETE", "s/1/")]


def test_a_plan_without_steps_changes_nothing():
    plan = Plan({"a": 1}, {"a": 1})
    assert not plan.changed
    assert plan.diff == {"before": {"a": 1}, "after": {"a": 1}}
