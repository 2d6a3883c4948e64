# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selections: what is planned for them, and what is refused before."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import offer, selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.boot_source import BootSource
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.product import Product
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.use_cases.boot_source_selection import (
    entries_of,
    make_plan,
    target,
)
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.version import parse_version

V37 = parse_version("3.7.3")
SOURCE = BootSource("http://m.x/", id=2)


def stored(release="noble", arches=("amd64",), number=4, **more):
    answer = {"os": "ubuntu", "release": release, "arches": list(arches), "subarches": ["*"], "labels": ["*"]}
    return selection.from_api(dict(answer, id=number, **more))


def entry(release="noble", arches=None, **more):
    return dict({"os": "ubuntu", "release": release, "arches": arches, "subarches": ["*"], "labels": ["*"]}, **more)


def steps(present, entries, state="present", purge=False):
    plan = make_plan(SOURCE, present, target(present, entries, state, purge), 60)
    return [(step.method, step.path, step.fields.get("arches")) for step in plan.steps]


class TestPlan:
    def test_a_new_one_is_posted_patiently_and_can_be_taken_back(self):
        present = []
        [step] = make_plan(SOURCE, present, target(present, [entry(arches=["amd64"])], "present", False), 60).steps
        assert (step.method, step.path, step.patience) == ("POST", "boot-sources/2/selections/", 60)
        assert step.fields == {
            "os": "ubuntu",
            "release": "noble",
            "arches": ["amd64"],
            "subarches": ["*"],
            "labels": ["*"],
        }
        [back] = step.undo
        assert (back.method, back.path) == ("DELETE", "boot-sources/2/selections/{%s}/" % step.gives)

    def test_a_change_sends_the_whole_and_can_be_taken_back(self):
        present = [stored()]
        [step] = make_plan(SOURCE, present, target(present, [entry(arches=["arm64", "amd64"])], "present", False), 60).steps
        assert (step.method, step.path, step.fields["arches"]) == ("PUT", "boot-sources/2/selections/4/", ["amd64", "arm64"])
        assert step.undo[0].fields == selection.payload(present[0])

    def test_the_order_of_arches_is_nothing(self):
        assert not steps([stored(arches=("b", "a"))], [entry(arches=["a", "b", "a"])])

    def test_arches_that_are_not_said_stay(self):
        assert not steps([stored(arches=("amd64", "s390x"))], [entry()])

    def test_what_would_import_nothing_is_healed(self):
        [step] = make_plan(
            SOURCE, [stored(subarches=[])], target([stored(subarches=[])], [entry()], "present", False), 1
        ).steps
        assert (step.method, step.fields["subarches"]) == ("PUT", ["*"])

    def test_a_set_leaves_the_others_unless_it_purges_them_at_last(self):
        present = [stored("focal", number=1), stored("noble", number=2)]
        wanted = [entry("noble", ["arm64"]), entry("jammy", ["amd64"])]
        assert [step[:2] for step in steps(present, wanted)] == [
            ("POST", "boot-sources/2/selections/"),
            ("PUT", "boot-sources/2/selections/2/"),
        ]
        assert steps(present, wanted, purge=True)[-1][:2] == ("DELETE", "boot-sources/2/selections/1/")

    def test_absent(self):
        present = [stored("focal", number=1), stored("noble", number=2)]
        assert [step[:2] for step in steps(present, [entry("focal"), entry("xenial")], "absent")] == [
            ("DELETE", "boot-sources/2/selections/1/")
        ]


class TestEntries:
    def options(self, **given):
        return dict({"purge": False, "state": "present", "selections": None}, **given)

    def test_one(self):
        assert entries_of(self.options(**entry()))[0]["release"] == "noble"

    @pytest.mark.parametrize(
        "given, hint",
        [
            ({"selections": [entry(), entry()]}, "ubuntu/noble twice"),
            (entry(arches=["amd64,arm64"]), "holds 'amd64,arm64'. Give a list"),
            (entry(arches=[" "]), "one name in each element"),
            (dict(entry(), purge=True), "purge needs selections"),
            ({"selections": [], "purge": True, "state": "absent"}, "purge needs selections"),
        ],
    )
    def test_refused(self, given, hint):
        with pytest.raises(InputError, match=hint):
            entries_of(self.options(**given))


class TestOffer:
    """What a source offers instead."""

    OFFERED = [
        Product("ubuntu", "noble", "amd64", "ga-24.04", "ga-24.04", "stable", "24.04"),
        Product("ubuntu", "jammy", "arm64", "ga-22.04", "ga-22.04", "stable", "22.04"),
        Product("ubuntu", "zany", "amd64", "ga-28.04", "ga-28.04", "stable", "28.04", needs=(3, 9)),
        Product("ubuntu", "noble", "amd64", "hwe-24.04", "hwe-24.04", "stable", "24.04", needs=(3, 8)),
        Product("pxelinux", "pxe", "i386", "generic", bootloader=True),
    ]

    @pytest.mark.parametrize(
        "wanted, words",
        [
            (entry(arches=["amd64"]), ""),
            (entry(arches=["*"]), ""),
            (entry("nobel", ["*"]), "The source has no release 'nobel' of ubuntu. It offers jammy, noble."),
            (entry("22.04", ["*"]), "It offers jammy, noble. Releases go by their names: 22.04 is jammy."),
            (entry("zany", ["*"]), "The source has ubuntu/zany only for MAAS 3.9 and later; this is 3.7.3."),
            (entry("pxe", ["*"], os="pxelinux"), "The source has no os 'pxelinux'. It offers ubuntu."),
            (entry(arches=["arm64", "amd64"]), "The source has no arches arm64 of ubuntu/noble. It offers amd64."),
            (entry(arches=["*"], labels=["daily"]), "The source has no labels daily of ubuntu/noble. It offers stable."),
            (entry(arches=["*"], subarches=["hwe-24.04"]), "has no subarches hwe-24.04 of ubuntu/noble. It offers ga-24.04."),
        ],
    )
    def test_refusal(self, wanted, words):
        said = offer.refusal(selection.from_options(wanted), self.OFFERED, V37)
        assert words in said if words else said == ""

    def test_a_stream_of_nothing(self):
        assert "nothing that this MAAS takes" in offer.refusal(selection.from_options(entry(arches=["*"])), [], V37)

    def test_images_too_new_are_named(self):
        [warning] = offer.too_new([selection.from_options(entry(arches=["*"]))], self.OFFERED, V37)
        assert "amd64/hwe-24.04 (MAAS 3.8)" in warning and "MAAS 3.7.3 is too old" in warning
        assert not offer.too_new([selection.from_options(entry(arches=["arm64"]))], self.OFFERED, V37)


@pytest.mark.parametrize(
    "words, protected",
    [
        ("Unable to delete ubuntu noble. It is the operating system used for commissioning.", True),
        ("Unable to delete %s %s. It is the operating system used in ephemeral environments.", True),
        ("Something else.", False),
    ],
)
def test_both_texts_of_the_protected_one(words, protected):
    class Refused(Exception):
        pass

    error = Refused()
    error.words = words
    assert selection.is_protected(error) is protected
