# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._mirror.trim import trimmed

CONTENT = {"content_id": "c", "format": "products:1.0", "products": {
    "p": {"os": "ubuntu", "versions": {"1": {"items": {"squashfs": {"path": "1/s"}, "manifest": {"path": "1/m"}}, "label": "x"},
                                       "2": {"items": {"squashfs": {"path": "2/s"}}}}},
    "q": {"os": "ubuntu", "versions": {"1": {"items": {"squashfs": {"path": "1/s"}}}}}}}


def test_only_what_is_wanted_stays_and_keeps_its_keys():
    assert trimmed(CONTENT, {("c", "p", "1", "squashfs")}) == {"content_id": "c", "format": "products:1.0", "products": {
        "p": {"os": "ubuntu", "versions": {"1": {"items": {"squashfs": {"path": "1/s"}}, "label": "x"}}}}}


def test_a_shared_path_does_not_bring_a_product_that_was_not_selected():
    assert list(trimmed(CONTENT, {("c", "q", "1", "squashfs")})["products"]) == ["q"]


def test_another_products_file_is_emptied():
    assert trimmed(CONTENT, {("d", "p", "1", "squashfs")})["products"] == {}
