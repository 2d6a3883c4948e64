# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator selects: with a mistake in it, widened, narrowed, or as the two calls of MAAS's documentation."""
from __future__ import annotations

import pytest
from scene import FIRST, JAMMY, SECOND, SELECTIONS

LOADERS = SELECTIONS[1]
BY_HAND = [{"filters": ["arch=amd64", "release~(noble|jammy)"]}, {"filters": ["os~(grub*|pxelinux)"]}]  # as documented

MISTAKES = {  # selections: what the run ends with, and says
    "a-release-misspelt": ([{"os": ["ubuntu"], "releases": ["nobel"], "arches": ["amd64"]}, LOADERS],
                           5, "selection 1: the stream has no 'nobel' in releases. Did you mean noble? There are: jammy, noble."),
    "one-release-of-two-misspelt": ([{"os": ["ubuntu"], "releases": ["noble", "jamy"], "arches": ["amd64"]}, LOADERS],
                                    5, "no 'jamy' in releases. Did you mean jammy?"),
    "an-arch-misspelt": ([{"os": ["ubuntu"], "arches": ["amd46"]}, LOADERS], 5, "Did you mean amd64?"),
    "a-filter-that-takes-nothing": ([{"filters": ["arch=amd64", "release~nobel"]}, LOADERS],
                                    5, "selection 1 (arch=amd64 release~nobel) takes nothing of the stream"),
    "a-filter-with-a-misspelt-key": ([{"filters": ["arc=amd64"]}, LOADERS], 5, "selection 1 (arc=amd64) takes nothing"),
    "a-filter-without-an-operator": ([{"filters": ["noble"]}, LOADERS], 2, "'noble' is not a filter"),
    "a-filter-that-is-no-regular-expression": ([{"filters": ["release~(noble"]}, LOADERS], 2, "release~(noble"),
    "an-option-misspelt": ([{"os": ["ubuntu"], "release": ["noble"]}, LOADERS], 2, "Did you mean"),
    "images-without-their-bootloaders": (SELECTIONS[:1], 5, "but not the bootloader grub-efi-signed (amd64) and pxelinux (i386)"),
    "no-version-at-all": ([dict(SELECTIONS[0], max=0), LOADERS], 2, "max is 0. It counts the versions to hold: at least 1."),
    "nothing": ([], 2, "selections is empty"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_changes_nothing(lab, mistake):
    selections, code, words = MISTAKES[mistake]
    before = sorted(str(path) for path in lab.mirror.rglob("*"))
    run = lab.sync(selections=selections, prune_grace=0, wipe_ratio=1)
    assert run.code == code and words in run.words, run.words
    assert lab.published == FIRST
    left = [path for path in map(str, lab.mirror.rglob("*")) if "/.mirror/" not in path]
    assert sorted(left) == [path for path in before if "/.mirror/" not in path]
    lab.heals()


def test_a_selection_widened_within_a_version_fetches_what_is_new(lab):
    assert lab.sync().code == 0
    lab.upstream.heal()
    run = lab.sync(selections=[*SELECTIONS, JAMMY])
    assert run.code == 0, run.words
    fetched = {request.path for request in lab.upstream.requests if not request.path.startswith("streams/")}
    assert fetched and {path.split("/")[0] for path in fetched} == {"jammy"}
    assert all((lab.mirror / path).stat().st_size for path in fetched)
    assert lab.published == SECOND


def test_selections_widened_and_narrowed(lab):
    assert lab.sync(selections=[*SELECTIONS, JAMMY]).code == 0
    assert list(lab.mirror.glob("jammy/amd64/*/squashfs"))
    refused = lab.sync()
    assert refused.code == 5 and "wipe_ratio" in refused.words  # it is most of the mirror
    assert lab.sync(wipe_ratio=1).code == 0
    assert list(lab.mirror.glob("jammy/amd64/*/squashfs"))  # the generation before is kept
    assert lab.sync(keep_generations=1, prune_grace=0).code == 0
    assert not (lab.mirror / "jammy").exists()
    assert lab.published == SECOND


def test_generations_are_kept_without_a_number_of_versions(lab):
    """sstream-mirror has a TypeError for --keep without --max."""
    assert lab.sync(keep_generations=3, prune_grace=0).code == 0
    assert lab.published == SECOND
    lab.tidy(FIRST, SECOND)


def test_the_two_calls_of_the_documentation_make_one_mirror(lab):
    """One after the other as selections of one mirror they are a union; what the index lists of both is there."""
    lab.watcher.wanted = lambda product: product["os"] != "ubuntu" or product["arch"] == "amd64"
    lab.settings["selections"] = BY_HAND
    lab.watcher.forgive()  # jammy is not there yet
    assert lab.sync().code == 0
    lab.watcher.forgive()
    lab.watcher.look()
    assert not lab.watcher.broken
    assert {path.name for path in lab.mirror.iterdir()} >= {"noble", "jammy", "bootloaders"}
    assert "unchanged" in lab.sync().words


def test_the_two_calls_into_one_place_are_stopped(lab):
    """The second one would take away what the first one holds."""
    assert lab.sync(selections=[{"filters": ["arch=amd64", "release=noble"]}], require_bootloaders=False).code == 0
    run = lab.sync(selections=BY_HAND[1:])
    assert run.code == 5 and "The plan loses ubuntu/noble amd64" in run.words and "wipe_ratio: 1" in run.words, run.words
    lab.heals()
