# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot sources: found, planned and put into requests, as each version of MAAS wants them."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import boot_source, selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError, MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.boot_source import (
    needs_import,
    plan_absent,
    plan_present,
    wanted_of,
)
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.sources import find
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.version import parse_version

V37, V38 = parse_version("3.7.3"), parse_version("3.8.0~beta6")
FILE = "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"
KEY, OTHER_KEY = b"\x99\x01key", b"\x99\x01other"
UPSTREAM = "http://images.maas.io/ephemeral-v3/stable/"
MIRROR = "http://mirror.example.com/maas/images/ephemeral-v3/stable/"
NOBLE = selection.from_api(
    {"os": "ubuntu", "release": "noble", "arches": ["amd64"], "subarches": ["*"], "labels": ["*"], "id": 4}
)


def source(url=UPSTREAM, number=1, filename=FILE, data=b"", **more):
    return boot_source.from_api(
        dict(
            more,
            url=url,
            id=number,
            keyring_filename="" if data else filename,
            keyring_data=base64.b64encode(data).decode(),
        )
    )


def source_38(url=UPSTREAM.rstrip("/"), number=1, **more):
    new = {"name": "MAAS Stable", "priority": 1, "enabled": True, "skip_keyring_verification": False}
    return source(url, number, **dict(new, **more))


def plan(present, version=V37, others=(), selections=(), **wanted):
    sources = list(others) + ([present] if present else [])
    return plan_present(sources, present, dict({"url": MIRROR}, **wanted), selections, version, 60)[0]


class TestFind:
    def test_by_any_spelling(self):
        one = source("http://M.example.com/x")
        assert find([source(), one], "http://m.example.com:80/x/") is one

    def test_exact_spelling_wins_as_old_versions_hold_both(self):
        one, other = source("http://m.x/a", 2), source("http://m.x/a/", 3)
        assert find([one, other], "http://m.x/a/") is other

    def test_two_that_fit_equally_are_named(self):
        with pytest.raises(MaasError, match=r"fits 2 boot sources: .*\(id 2\), .*\(id 3\)"):
            find([source("http://m.x/a", 2), source("http://m.x/a/", 3)], "http://M.x/a")

    def test_url_wins_over_match_url(self):
        mirror = source(MIRROR, 2)
        assert find([source(), mirror], MIRROR, UPSTREAM) is mirror

    @pytest.mark.parametrize(
        "spelling", [UPSTREAM, UPSTREAM[:-1], UPSTREAM.replace("http", "https"), "HTTPS" + UPSTREAM[4:-1]]
    )
    def test_match_url_takes_http_and_https_for_one(self, spelling):
        one = source()
        assert find([one], MIRROR, spelling) is one

    def test_match_url_prefers_its_own_scheme(self):
        http, https = source("http://i.x/s", 1), source("https://i.x/s", 2)
        assert find([http, https], MIRROR, "https://i.x/s/") is https

    def test_url_itself_does_not(self):
        assert find([source("https://m.x/")], "http://m.x/") is None

    def test_none(self):
        assert find([], MIRROR, UPSTREAM) is None


class TestPlan:
    def test_update_in_place_sends_url_and_keyring_together(self):
        [step] = plan(source()).steps
        assert (step.method, step.path) == ("PUT", "boot-sources/1/")
        assert step.fields == {"url": MIRROR, "keyring_filename": FILE} and not step.files

    def test_kept_keyring_data_is_sent_again(self):
        [step] = plan(source(data=KEY)).steps
        assert (step.fields, step.files) == ({"url": MIRROR}, {"keyring_data": KEY})

    def test_filename_to_data_clears_the_filename(self):
        [step] = plan(source(MIRROR), keyring=KEY).steps
        assert (step.fields, step.files) == ({"url": MIRROR, "keyring_filename": ""}, {"keyring_data": KEY})

    def test_data_to_other_data(self):
        [step] = plan(source(MIRROR, data=KEY), keyring=OTHER_KEY).steps
        assert (step.fields, step.files) == ({"url": MIRROR}, {"keyring_data": OTHER_KEY})

    def test_data_to_filename_makes_it_anew_with_its_selections(self):
        made = plan(source(MIRROR, 5, data=KEY), keyring_filename=FILE, selections=[NOBLE])
        assert [(step.method, step.path) for step in made.steps] == [
            ("DELETE", "boot-sources/5/"),
            ("POST", "boot-sources/"),
            ("POST", "boot-sources/{source}/selections/"),
        ]
        assert made.steps[1].fields == {"url": MIRROR, "keyring_filename": FILE}
        assert made.steps[2].fields["arches"] == ["amd64"] and made.steps[2].patience == 60
        undo = [step for done in reversed(made.steps) for step in done.undo]
        assert [(step.method, step.path) for step in undo] == [
            ("DELETE", "boot-sources/{source}/"),
            ("POST", "boot-sources/"),
            ("POST", "boot-sources/{former}/selections/"),
        ]
        assert undo[1].files == {"keyring_data": KEY}

    def test_made_anew_keeps_what_38_knows(self):
        made = plan(source_38(MIRROR, data=KEY, name="mine", priority=7, enabled=False), V38, keyring_filename=FILE)
        fields = made.steps[1].fields
        assert (fields["name"], fields["priority"], fields["enabled"]) == ("mine", 7, False)

    @pytest.mark.parametrize(
        "present", [source(MIRROR), source(MIRROR[:-1]), source(MIRROR.replace("mirror", "MIRROR"))]
    )
    def test_another_spelling_is_no_change(self, present):
        assert not plan(present, keyring_filename=FILE).changed

    def test_the_same_data_is_no_change(self):
        assert not plan(source(MIRROR, data=KEY), keyring=KEY).changed

    def test_a_keyring_is_needed_for_a_new_one(self):
        with pytest.raises(InputError, match="needs a keyring"):
            plan(None)

    def test_unsigned_needs_none_in_38(self):
        [step] = plan(None, V38, skip_keyring_verification=True).steps
        assert "keyring_filename" not in step.fields and not step.files
        [step] = plan(None, V38, url="http://m.x/streams/v1/index.json").steps
        assert step.fields["skip_keyring_verification"] is True

    def test_unsigned_needs_one_before(self):
        with pytest.raises(InputError):
            plan(None, url="http://m.x/streams/v1/index.json")

    def test_new_in_37(self):
        [step] = plan(None, keyring_filename=FILE).steps
        assert (step.method, step.path, step.fields) == (
            "POST",
            "boot-sources/",
            {"url": MIRROR, "keyring_filename": FILE},
        )

    def test_new_in_38_is_foretold_as_38_fills_it_in(self):
        made = plan(None, V38, others=[source_38()], keyring=KEY)
        assert made.after == {
            "url": MIRROR[:-1],
            "keyring_filename": "",
            "keyring_data": made.after["keyring_data"],
            "name": MIRROR[:-1],
            "priority": 2,
            "enabled": True,
            "skip_keyring_verification": False,
        }

    def test_38_fields_change_alone(self):
        [step] = plan(source_38(MIRROR[:-1]), V38, priority=9, enabled=False).steps
        assert (step.fields["priority"], step.fields["enabled"], step.fields["name"]) == (9, False, "MAAS Stable")
        assert step.fields["keyring_filename"] == FILE

    def test_38_fields_on_older_ones_are_named_in_a_warning(self):
        made = plan(source(MIRROR), name="x", priority=0)
        assert not made.changed
        [warning] = made.warnings
        assert "MAAS 3.7.3 does not know name, priority" in warning

    def test_a_second_source_is_warned_of_before_38(self):
        [warning] = plan(None, others=[source()], keyring_filename=FILE).warnings
        assert UPSTREAM in warning and "match_url" in warning
        assert not plan(None, V38, others=[source_38()], keyring_filename=FILE).warnings

    def test_the_diff_has_no_passwords_keys_ids_or_dates(self):
        made = plan(source("http://u:hunter2@m.x/"), url="http://u:hunter3@n.x/", keyring=KEY)
        assert "hunter" not in str(made.diff)
        assert made.diff["after"]["keyring_data"].startswith("sha256:")
        assert set(made.diff["after"]) == {"url", "keyring_filename", "keyring_data"}


class TestAbsent:
    def test_every_spelling_goes(self):
        sources = [source(), source("http://m.x/a", 2), source("http://m.x/a/", 3)]
        made = plan_absent(sources, "http://M.x/a", V37)
        assert [step.path for step in made.steps] == ["boot-sources/2/", "boot-sources/3/"]
        assert not made.warnings

    def test_nothing_to_remove(self):
        assert not plan_absent([source()], MIRROR, V37).changed

    def test_the_last_one_comes_back_before_38(self):
        assert "makes its default one" in plan_absent([source()], UPSTREAM, V37).warnings[0]
        assert not plan_absent([source_38()], UPSTREAM, V38).warnings


class TestNeedsImport:
    def test_source_1_is_not_read_again_before_38(self):
        assert needs_import(plan(source()), V37)
        assert not needs_import(plan(source(number=2)), V37)
        assert not needs_import(plan(source_38(), V38), V38)
        assert not needs_import(plan(source(MIRROR)), V37)


class TestOptions:
    def options(self, **given):
        return dict({"state": "present", "url": MIRROR}, **given)

    def test_a_host_without_a_dot(self):
        with pytest.raises(InputError, match="no dot"):
            wanted_of(self.options(url="http://mirror/x"))

    def test_but_it_can_be_removed(self):
        assert wanted_of({"state": "absent", "url": "http://mirror/x"}) == {"url": "http://mirror/x"}

    def test_an_empty_filename(self):
        with pytest.raises(InputError, match="keyring_filename is empty"):
            wanted_of(self.options(keyring_filename=""))

    def test_data_becomes_bytes(self):
        assert wanted_of(self.options(keyring_data=base64.b64encode(KEY).decode()))["keyring"] == KEY

    def test_what_is_not_given_is_not_wanted(self):
        assert wanted_of(self.options(name=None, priority=0, enabled=False)) == {
            "url": MIRROR,
            "priority": 0,
            "enabled": False,
        }
