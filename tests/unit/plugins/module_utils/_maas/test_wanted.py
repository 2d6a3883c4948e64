# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: those that MAAS should hold, beside those that it holds."""

from __future__ import annotations

import pytest
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import image, selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.boot_source import BootSource
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.product import Product
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities.wanted import missing, obsolete, wanted_of
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.version import parse_version

V37, V38 = parse_version("3.7.3"), parse_version("3.8.0~beta6")
NOBLE = selection.from_options({"os": "ubuntu", "release": "noble", "arches": ["amd64"]})
LOADER = Product("grub-efi", "uefi", "arm64", "generic", bootloader=True, newest="9", files=frozenset("g"))


def product(newest="2", files="ab", **more):
    keys = dict({"os": "ubuntu", "release": "noble", "arch": "amd64", "kernel": "ga-24.04"}, **more)
    return Product(newest=newest, files=frozenset(files), subarch="ga-24.04", label="stable", **keys)


def source(url="http://m.x/", **more):
    return BootSource(url, **more)


def held(version="2", files="ab", complete=True, name="ubuntu/noble", architecture="amd64/ga-24.04", **more):
    part = {
        "version": version,
        "label": "stable",
        "size": 10,
        "complete": complete,
        "files": {one: {"sha256": one, "complete": complete} for one in files},
    }
    sets = {version: dict(part, **more)} if version else {}
    return image.from_api({"id": 1, "type": "Synced", "name": name, "architecture": architecture, "sets": sets})


def wanted(version, *sources):
    return wanted_of(list(sources), version)


def named(found):
    return [(one.name, one.architecture, one.version) for one in found]


class TestWanted:
    def test_what_is_selected_and_bootloaders_unasked(self):
        offered = [product(), product(release="jammy"), product(arch="arm64"), LOADER]
        assert named(wanted(V37, (source(), [NOBLE], offered))) == [
            ("grub-efi/uefi", "arm64/generic", "9"),
            ("ubuntu/noble", "amd64/ga-24.04", "2"),
        ]

    @pytest.mark.parametrize("version, count", [(V37, 1), (V38, 0)])
    def test_bootloaders_where_nothing_is_selected(self, version, count):
        assert len(wanted(version, (source(), [], [LOADER]))) == count

    @pytest.mark.parametrize("version, count", [(V37, 0), (V38, 1)])
    def test_subarches_and_labels_count_up_to_37(self, version, count):
        narrow = selection.from_options(
            {"os": "ubuntu", "release": "noble", "arches": ["*"], "labels": ["candidate"], "subarches": ["*"]}
        )
        assert len(wanted(version, (source(), [narrow], [product()]))) == count

    def test_what_is_too_new_is_not_wanted(self):
        assert not wanted(V37, (source(), [NOBLE], [product(needs=(3, 8))]))

    def test_up_to_37_either_sources_newest_is_right(self):
        [one] = wanted(V37, (source(), [NOBLE], [product("2", "ab")]), (source("http://n.x/"), [NOBLE], [product("3", "c")]))
        assert one.versions == {("2", frozenset("ab")), ("3", frozenset("c"))}

    def test_in_38_the_priority_says_which_and_the_disabled_do_not_count(self):
        low, high = source(priority=1, enabled=True), source("http://n.x/", priority=7, enabled=True)
        off = source("http://o.x/", priority=9, enabled=False)
        sources = [(one, [NOBLE], [product(str(one.priority))]) for one in (low, off, high)]
        assert named(wanted(V38, *sources)) == [("ubuntu/noble", "amd64/ga-24.04", "7")]

    def test_of_a_stream_that_can_not_be_read_the_selection_alone(self):
        assert named(wanted(V37, (source(), [NOBLE], None))) == [("ubuntu/noble", "amd64", "")]


class TestMissing:
    def reason(self, *images, offered=None):
        found = missing(wanted(V37, (source(), [NOBLE], [product()] if offered is None else offered)), list(images))
        return found[0]["reason"] if found else None

    @pytest.mark.parametrize(
        "one, reason",
        [
            (held(), None),
            (held(files="a"), None),  # MAAS leaves some files of a product out
            (held(architecture="amd64/another-name"), None),  # the bytes tell
            (held(version=""), "MAAS does not have it"),
            (held(name="ubuntu/jammy"), "MAAS does not have it"),
            (held(version="1"), "MAAS has version 1"),
            (held(complete=False), "version 2 is incomplete (a, b)"),
            (held(files="az"), "its files are not the stream's"),
        ],
    )
    def test_reasons(self, one, reason):
        assert self.reason(one) == reason

    def test_what_a_user_uploaded_does_not_count(self):
        uploaded = image.from_api({"id": 1, "type": "Uploaded", "name": "ubuntu/noble", "architecture": "amd64/ga-24.04"})
        assert self.reason(uploaded) == "MAAS does not have it"

    def test_an_older_version_counts_until_the_newest_is_complete(self):
        both = image.from_api(
            {
                "id": 1,
                "type": "Synced",
                "name": "ubuntu/noble",
                "architecture": "amd64/ga-24.04",
                "sets": {"2": held(complete=False).newest, "1": held("1").newest},
            }
        )
        assert self.reason(both) == "version 2 is incomplete (a, b)"

    def test_progress_of_the_newest(self):
        def progress(one):
            return missing(wanted(V37, (source(), [NOBLE], [product()])), [one])[0]["progress"]

        assert progress(held(complete=False, progress=40.7)) == 40
        assert progress(held("1")) == progress(held(version="")) == 0

    @pytest.mark.parametrize("arch, there", [("amd64", True), ("*", True), ("arm64", False)])
    def test_where_the_stream_is_unread_any_complete_one_will_do(self, arch, there):
        one = selection.from_options({"os": "ubuntu", "release": "noble", "arches": [arch]})
        unread = wanted(V37, (source(), [one], None))
        assert bool(missing(unread, [held("1")])) is not there
        assert missing(unread, [held("1", complete=False)])


def test_what_no_selection_asks_for():
    kept = [held(), held(name="grub-efi/uefi", architecture="arm64/generic")]
    gone = [held(name="ubuntu/jammy"), held(architecture="arm64/ga-24.04")]
    assert obsolete([NOBLE], kept + gone) == gone
    assert not obsolete([selection.from_options({"os": "ubuntu", "release": "noble", "arches": ["*"]})], kept)


def test_a_result_without_any_set():
    assert image.result(held(version=""))["complete"] is False
    assert image.result(held(complete=False, progress=3), False)["progress"] == 3
