# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers that a web server gives from the files of .mirror/health; tests/integration/web asks a real one."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import health
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.tree import Tree

NOW = 1763990000
HOUR, DAY = 3600, 86400
STATUS = {"name": "stable", "last_success": "2025-11-24T13:13:20Z", "stale_after": 2 * DAY, "pinned": None}  # at NOW


def item(path, content=b"content"):
    return Item(path, len(content), hashlib.sha256(content).hexdigest(), "squashfs", "ubuntu", "noble", "amd64", "1", ("p",))


@pytest.fixture
def tree(tmp_path):
    made = Tree(str(tmp_path / "mirror"))
    made.prepare(None)
    return made


@pytest.fixture
def published(tree):
    """A mirror that publishes two items."""
    items = [item("noble/amd64/20250621/squashfs"), item("noble/amd64/20250621/boot-kernel", b"kernel")]
    generation = os.path.join(tree.path, ".mirror", "generations", "one")
    os.makedirs(os.path.join(generation, "streams", "v1"))
    with open(os.path.join(generation, "plan.json"), "w", encoding="utf-8") as file:
        json.dump({"published": STATUS["last_success"], "items": [one.to_dict() for one in items]}, file)
    os.symlink(os.path.join(".mirror", "generations", "one", "streams"), os.path.join(tree.path, "streams"))
    for one, content in zip(items, (b"content", b"kernel")):
        write(tree, one, content)
    tree.items = items
    return tree


def write(tree, one, content):
    full = os.path.join(tree.path, one.path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full + ".new", "wb") as file:
        file.write(content)
    os.replace(full + ".new", full)


def answer(tree, when):
    """(status code, content) that the site of the role mirror_web gives at a time."""
    for name in ("always", str(when // 1000), str(when // 10)):
        path = os.path.join(tree.health, "fresh", name)
        if os.path.isfile(path):
            return 200, read(path)
    return 503, read(os.path.join(tree.health, "why.json"))


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


@pytest.mark.parametrize("max_age", [10, 700, 3210, 2 * DAY, 30 * DAY])
@pytest.mark.parametrize("age", [0, 7, 400])
def test_fresh_until_it_is_too_old_and_to_ten_seconds(published, max_age, age):
    health.tell(published, dict(STATUS, stale_after=max_age), NOW + age)
    end = NOW + max_age
    times = {*range(NOW + age, end + 2000, 4999), *range(NOW + age, NOW + age + 1100, 7), *range(end - 1100, end + 1100, 7)}
    times = [when for when in sorted(times) if when >= NOW + age]
    fresh = [when for when in times if answer(published, when)[0] == 200]
    assert all(when < end for when in fresh)
    wanted = [when for when in times if when < end - 10]
    assert fresh[:len(wanted)] == wanted


def test_the_answers_say_what_and_why(published):
    health.tell(published, STATUS, NOW)
    code, fresh = answer(published, NOW + HOUR)
    assert (code, fresh["mirror"], fresh["status"], fresh["generation"]) == (200, "stable", "fresh", "one")
    assert fresh["fresh_until"] == "2025-11-26T13:13:20Z"
    code, stale = answer(published, NOW + 3 * DAY)
    assert (code, stale["status"]) == (503, "stale")
    assert "2025-11-24T13:13:20Z" in stale["reason"] and "172800 seconds" in stale["reason"]


def test_links_are_few(published):
    health.tell(published, STATUS, NOW)
    assert len(os.listdir(os.path.join(published.health, "fresh"))) <= 2 * DAY / 1000 + 100


def test_the_next_sync_makes_it_last_longer_and_the_past_goes(published):
    health.tell(published, STATUS, NOW)
    later = dict(STATUS, last_success="2025-11-25T13:13:20Z")
    health.tell(published, later, NOW + DAY)
    assert answer(published, NOW + 3 * DAY - 11)[0] == 200
    assert answer(published, NOW)[0] == 503
    assert answer(published, NOW + 3 * DAY)[0] == 503


def test_a_failed_run_changes_nothing(published):
    health.tell(published, STATUS, NOW)
    health.tell(published, STATUS, NOW + DAY)
    assert answer(published, NOW + 2 * DAY - 11)[0] == 200
    assert answer(published, NOW + 2 * DAY)[0] == 503


def test_no_age_is_too_old_where_max_age_is_0(published):
    health.tell(published, dict(STATUS, stale_after=0), NOW)
    assert answer(published, NOW + 1000 * DAY)[0] == 200
    health.tell(published, STATUS, NOW)
    assert answer(published, NOW + 1000 * DAY)[0] == 503


def test_without_a_sync_that_went_well_it_is_stale(published):
    health.tell(published, dict(STATUS, last_success=None), NOW)
    code, why = answer(published, NOW)
    assert (code, why["status"], why["reason"]) == (503, "stale", "no sync has gone well yet")


def test_nothing_published_is_empty(tree):
    health.tell(tree, STATUS, NOW)
    code, why = answer(tree, NOW)
    assert (code, why["status"]) == (503, "empty")


@pytest.mark.parametrize("fault", [os.unlink, lambda path: os.truncate(path, 3)])
def test_a_published_item_that_is_not_there_as_listed_is_incomplete(published, fault):
    health.tell(published, STATUS, NOW)
    fault(os.path.join(published.path, published.items[1].path))
    health.tell(published, STATUS, NOW)
    code, why = answer(published, NOW + HOUR)
    assert (code, why["status"]) == (503, "incomplete")
    assert published.items[1].path in why["reason"]
    write(published, published.items[1], b"kernel")
    health.tell(published, STATUS, NOW)
    assert answer(published, NOW + HOUR)[0] == 200


def test_a_run_that_finds_one_corrupt_says_so_before_it_fetches_it(published):
    published.report(dict(STATUS, last_success="2999-01-01T00:00:00Z"))
    write(published, published.items[0], b"tampere")
    health.doubt(published, published.items[:1])
    code, why = answer(published, NOW)
    assert (code, why["status"]) == (503, "unverified")
    assert published.items[0].path in why["reason"]


def test_what_was_found_corrupt_stays_so_until_it_is_replaced(published):
    published.report(STATUS)
    write(published, published.items[0], b"tampere")
    health.doubt(published, published.items[:1])
    health.tell(published, STATUS, NOW)  # a sync that looks at the sizes alone
    assert answer(published, NOW)[1]["status"] == "unverified"
    os.link(os.path.join(published.path, published.items[0].path), os.path.join(published.path, "one-more-name"))
    health.tell(published, STATUS, NOW)
    assert answer(published, NOW)[1]["status"] == "unverified"
    write(published, published.items[0], b"content")
    health.tell(published, STATUS, NOW)
    assert answer(published, NOW)[0] == 200


def test_new_items_that_are_not_published_yet_are_no_fault(published):
    health.tell(published, STATUS, NOW)
    health.doubt(published, [item("noble/amd64/20250701/squashfs")])
    assert answer(published, NOW)[0] == 200


def test_a_generation_that_cannot_be_read_is_not_vouched_for(published):
    health.tell(published, STATUS, NOW)
    with open(os.path.join(published.path, ".mirror", "generations", "one", "plan.json"), "w", encoding="utf-8") as file:
        file.write("{")
    health.tell(published, STATUS, NOW)
    code, why = answer(published, NOW)
    assert (code, why["status"]) == (503, "unverified") and "plan.json" in why["reason"]


def test_a_clock_that_was_ahead_makes_it_fresh_no_longer_than_max_age(published):
    health.tell(published, dict(STATUS, last_success="2999-01-01T00:00:00Z"), NOW)
    assert answer(published, NOW)[0] == 200
    assert answer(published, NOW + 2 * DAY)[0] == 503
