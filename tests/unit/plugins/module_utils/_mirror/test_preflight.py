# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime
from types import SimpleNamespace

import pytest

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror import preflight
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.errors import RefusedError, UpstreamError
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.plan import Item
from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.settings import SOURCE_OPTIONS, checked

MIB = 1 << 20
CATALOG = [{"os": "ubuntu", "release": "noble", "arch": "amd64"}, {"os": "ubuntu", "release": "jammy", "arch": "amd64"},
           {"os": "ubuntu", "release": "noble", "arch": "arm64"}, {"os": "centos", "release": "centos70", "arch": "amd64"},
           {"os": "pxelinux", "arch": "i386"}]


def selection(**values):
    return checked({"source": "http://h/s", "keyring": "/k", "selections": [values]}, SOURCE_OPTIONS).selections[0]


def item(os, arch, sha256="a" * 64):
    return Item("p/" + os + arch, 1, sha256, "squashfs", os, "noble", arch, "1")


def refused(wanted, found):
    with pytest.raises(RefusedError) as error:
        preflight.selection(2, wanted, found, lambda: CATALOG)
    return str(error.value)


def test_what_is_there_passes_without_a_look_at_the_catalog():
    preflight.selection(1, selection(os=["ubuntu"], releases=["noble"]), CATALOG[:1], lambda: pytest.fail("was read"))


def test_an_unknown_release_is_answered_with_the_releases_of_that_os():
    assert refused(selection(os=["ubuntu"], releases=["nobel"]), []) == \
        "selection 2: the stream has no 'nobel' in releases. Did you mean noble? There are: jammy, noble."


def test_one_unknown_release_beside_a_known_one_is_refused():
    assert "no 'xenial' in releases" in refused(selection(releases=["noble", "xenial"]), CATALOG[:1])


def test_an_unknown_arch_is_answered_with_the_arches_of_that_release():
    assert "no 's390x' in arches. There is: amd64." in refused(selection(os=["ubuntu"], releases=["jammy"], arches=["s390x"]), [])


def test_an_arch_that_only_another_release_has_is_refused():
    assert "no 'arm64' in arches. Did you mean amd64? There is: amd64." in refused(
        selection(os=["ubuntu"], releases=["jammy"], arches=["arm64"]), [])


def test_an_unknown_os_is_answered_with_what_there_is():
    assert "no 'debian' in os. There are: centos, pxelinux, ubuntu." in refused(selection(os=["debian"]), [])


def test_filters_that_take_nothing_are_refused():
    words = refused(selection(filters=["release=nobel"]), [])
    assert "selection 2 (release=nobel) takes nothing of the stream" in words
    assert "centos/centos70, pxelinux, ubuntu/jammy, ubuntu/noble" in words


def test_images_without_the_bootloaders_of_their_arch_are_refused():
    with pytest.raises(RefusedError) as error:
        preflight.bootloaders([item("ubuntu", "amd64"), item("grub-efi-signed", "amd64"), item("ubuntu", "arm64")])
    assert "for amd64, arm64 but not the bootloader grub-efi (arm64) and pxelinux (i386)" in str(error.value)
    assert "add the selection {os: [grub-efi, pxelinux]}" in str(error.value)


def test_pxelinux_is_looked_for_under_i386():
    preflight.bootloaders([item("ubuntu", "amd64"), item("grub-efi-signed", "amd64"), item("pxelinux", "i386")])


def test_bootloaders_alone_and_arches_without_one_pass():
    preflight.bootloaders([item("pxelinux", "i386")])
    preflight.bootloaders([item("ubuntu", "s390x")])


def test_space_is_refused_before_the_disk_is_full():
    preflight.space(0, 0, "/srv")
    preflight.space(100 * MIB, 164 * MIB, "/srv")
    with pytest.raises(RefusedError, match="/srv has 163 MiB free and the plan needs 164 MiB. Free 1 MiB"):
        preflight.space(100 * MIB, 164 * MIB - 1, "/srv")


def test_a_plan_that_loses_much_is_refused_and_a_new_version_is_no_loss():
    before = [item("ubuntu", "amd64"), item("ubuntu", "arm64")]
    newer = [dataclasses.replace(one, version="2") for one in before]
    preflight.wipe(before, newer, 0)
    preflight.wipe([], [], 0)
    preflight.wipe(before, newer[:1], 0.5)
    with pytest.raises(RefusedError, match="loses ubuntu/noble arm64, which is 50 % of the published bytes. .* wipe_ratio: 1"):
        preflight.wipe(before, newer[:1], 0.4)


def test_older_metadata_is_refused_unless_told():
    older, newer = (SimpleNamespace(updated=datetime.datetime(2025, 7, day), dates={}) for day in (1, 2))
    preflight.age(older, None, False)
    preflight.age(newer, older, False)
    preflight.age(newer, newer, False)
    preflight.age(older, newer, True)
    with pytest.raises(UpstreamError, match="allow_downgrade: true"):
        preflight.age(older, newer, False)


def test_one_older_products_file_is_refused():
    first, second = datetime.datetime(2025, 7, 1), datetime.datetime(2025, 7, 2)
    published = SimpleNamespace(updated=first, dates={"images": second, "given-up": second})
    preflight.age(SimpleNamespace(updated=second, dates={"images": second, "new": first}), published, False)
    with pytest.raises(UpstreamError, match="The images is of 2025-07-01"):
        preflight.age(SimpleNamespace(updated=second, dates={"images": first}), published, False)


def test_a_published_path_keeps_its_content():
    published = item("ubuntu", "amd64")
    preflight.immutable({published.path: published}, {published.path: published})
    with pytest.raises(UpstreamError, match="was published with sha256 a{64} and is now listed with b{64}"):
        preflight.immutable({published.path: item("ubuntu", "amd64", "b" * 64)}, {published.path: published})
