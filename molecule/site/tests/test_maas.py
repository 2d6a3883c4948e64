# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAAS takes its images from the mirror."""
from __future__ import annotations

import base64
import json
import time

ASK = """
import sys, urllib.request
request = urllib.request.Request("http://maas.lab.example:5240/MAAS/api/2.0/boot-sources/", headers={"Authorization": sys.argv[1]})
print(urllib.request.urlopen(request, timeout=20).read().decode())
"""


def sources(maas):
    """The boot sources, asked for by the API itself."""
    oauth = ('OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="lab", oauth_token="lab", '
             f'oauth_signature="%26lab", oauth_nonce="{time.monotonic_ns()}", oauth_timestamp="{int(time.time())}"')
    return json.loads(maas.check_output("python3 -c %s %s", ASK, oauth))


def test_the_one_source_points_at_the_mirror(maas):
    (source,) = sources(maas)
    assert source["url"].rstrip("/") == "http://mirror-bookworm.lab.example/maas/images/ephemeral-v3/stable"


def test_the_source_has_the_key_of_the_stream(maas):
    (source,) = sources(maas)
    key = maas.check_output("base64 -w0 /opt/keyring.gpg")
    assert base64.b64decode(source["keyring_data"]) == base64.b64decode(key)
    assert not source["keyring_filename"]
