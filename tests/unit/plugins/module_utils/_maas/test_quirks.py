# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What MAAS does that nobody expects, and the tests that show what comes of it. A test that is gone fails here."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[4]
UNIT, REAL = "unit/plugins/module_utils/_maas/", "integration/maas/"

QUIRKS = {
    # sources
    "up to 3.7 the source with id 1 is not read when it changes, only by an import": [
        REAL + "test_boot_source_selection.py::test_the_first_source_is_read_by_an_import",
        REAL + "test_boot_source_selection.py::test_an_import_that_runs_already_knows_nothing_of_the_change",
        REAL + "test_boot_source.py::test_the_default_source_is_pointed_at_the_mirror_in_place",
    ],
    "up to 3.7 one source that can't be read stops the import from all": [
        REAL + "test_boot_resource_import.py::test_another_source_that_is_dead",
        REAL + "test_boot_source.py::test_ladder",
    ],
    "up to 3.7 a keyring that is wrong or not there is not told of anywhere": [
        REAL + "test_boot_resource_import.py::test_a_keyring_that_is_not_there_is_hinted_at",
        REAL + "test_boot_source_selection.py::test_a_keyring_that_maas_says_nothing_about",
    ],
    "an armored keyring is taken and verifies nothing": [REAL + "test_boot_source.py::test_an_armored_keyring"],
    "a PUT on a source with keyring_data is a 500 unless the keyring is sent again": [
        UNIT + "test_boot_source.py::test_kept_keyring_data_is_sent_again",
        REAL + "test_boot_source.py::test_ladder",
    ],
    "from keyring_filename to data the filename has to be sent empty": [
        UNIT + "test_boot_source.py::test_filename_to_data_clears_the_filename"
    ],
    "no PUT leads from keyring_data to a filename": [
        REAL + "test_boot_source_selections.py::test_selections_are_put_back_when_maas_has_read_the_source",
        REAL + "test_boot_source_selections.py::test_what_maas_can_not_read_is_taken_back_selections_and_all",
    ],
    "3.8 cuts a URL's final slash off, older ones keep what they are given": [
        REAL + "test_boot_source.py::test_a_spelling_is_no_change",
        REAL + "test_boot_source.py::test_both_spellings_in_one_maas",
    ],
    "a host without a dot is refused": [
        REAL + "test_boot_source.py::test_a_host_without_a_dot",
        REAL + "test_maas_config.py::test_what_maas_would_take_and_break_is_refused",
    ],
    "before 3.8 names and priorities are ignored": [
        REAL + "test_boot_source.py::test_38_fields_are_named_where_they_are_not_known"
    ],
    "up to 3.7 the default source comes back when there is none": [
        REAL + "test_boot_source.py::test_the_last_source_comes_back_says_a_warning"
    ],
    # selections
    "'no available images' means not read yet, too": [
        REAL + "test_boot_source_selection.py::test_it_is_waited_for",
        REAL + "test_boot_source_selection.py::test_a_wrong_name_is_not_waited_for",
    ],
    "subarches or labels that are left out import nothing": [
        UNIT + "test_selection.py::test_what_would_import_nothing_is_healed"
    ],
    "lists are repeated fields, never commas": [
        UNIT + "test_form.py::test_lists_become_repeated_fields_never_commas",
        UNIT + "test_selection.py::test_refused",
    ],
    "the commissioning release's selection can't be deleted, in two texts": [
        REAL + "test_boot_source_selection.py::test_it_is_refused_before_anything_is_written",
        REAL + "test_boot_source_selection.py::test_the_servers_refusal_says_what_to_do",
        REAL + "test_boot_source_selection.py::test_38_lets_it_go_where_another_source_has_it",
    ],
    "products for a newer MAAS are ignored in silence": [REAL + "test_versions.py::test_images_that_are_too_new"],
    # imports
    "an import that failed ends like one that did not": [
        REAL + "test_boot_resource_import.py::test_a_file_that_the_mirror_does_not_give"
    ],
    "3.7 tries a bad file for hours, and imports all the while": [
        REAL + "test_boot_resource_import.py::test_a_file_that_the_mirror_does_not_give",
        REAL + "test_progress.py::test_a_deadline_is_a_failure_of_the_task",
    ],
    "3.8 says that it does not import while it reads manifests": [
        REAL + "test_boot_resource_import.py::test_38_is_not_yet_importing_while_it_reads"
    ],
    "no import is started beside one that runs": [
        REAL + "test_boot_resource_import.py::test_an_import_that_ran_already_is_followed_by_one_that_knows_the_selections"
    ],
    "3.8 enters bootloaders more than once, some without a set": [REAL + "test_boot_resource_import.py::test_ladder"],
    "notifications are HTML and may hold passwords": [
        UNIT + "test_waiting.py::test_words_are_plain_and_without_secrets",
        REAL + "test_boot_source_selection.py::test_the_notifications_are_told_without_passwords",
    ],
    # settings
    "settings take any text": [
        REAL + "test_maas_config.py::test_what_maas_would_take_and_break_is_refused",
        REAL + "test_maas_config.py::test_booleans_in_ansibles_spellings_are_sent_in_maas_s",
    ],
    "an unset proxy is null, an emptied one no byte at all": [UNIT + "test_setting.py::test_an_unset_proxy_is_an_empty_one"],
    "a setting that a version does not have is a 400 with all names": [
        REAL + "test_maas_config.py::test_a_setting_that_this_maas_does_not_have"
    ],
    # HTTP
    "a clock that differs looks like a wrong key": [
        UNIT + "test_client.py::test_a_401_is_explained_but_its_text_never_shown",
        UNIT + "test_client.py::test_a_clock_that_differs_is_seen_from_the_answers_date_too",
    ],
    "a 401 repeats the secret": [
        UNIT + "test_client.py::test_a_401_is_explained_but_its_text_never_shown",
        REAL + "test_boot_source.py::test_a_wrong_key",
    ],
    "a nonce may not come twice": [UNIT + "test_client.py::test_reading_is_tried_again_with_a_new_nonce"],
    "a cookie makes MAAS want a CSRF token": [UNIT + "test_client.py::test_get_decodes_and_signs"],
    "without its final slash a path is unknown": [UNIT + "test_client.py::test_delete_at_a_wrong_path_is_not"],
    "a conflict in the database is a 409 page": [UNIT + "test_client.py::test_a_conflict_is_repeated_as_nothing_was_stored"],
    "a redirected POST would become a GET": [UNIT + "test_client.py::test_a_redirect_is_never_followed"],
    "what is older than 2.1 has other answers": [REAL + "test_connection.py::test_what_can_not_be_used"],
    "up to 3.2 a 404 does not say what is missing": [REAL + "test_versions.py::test_ladders_of_older_versions"],
    "lists come in no order": [UNIT + "test_sources.py::test_by_id_whatever_the_order"],
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_it_is_shown_by_tests_that_are_there(quirk):
    for place in QUIRKS[quirk]:
        file, _colons, name = place.partition("::")
        assert "def %s(" % name in (TESTS / file).read_text(encoding="utf-8"), place
