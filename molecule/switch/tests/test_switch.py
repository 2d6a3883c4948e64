# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/switch_stream.yml over ssh, on the region itself: there and back, and a fault in each step that leaves MAAS as it was."""
from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
import testinfra

HERE = Path(__file__).resolve().parents[2]
REGION = "http://10.89.77.20:5240/"
LAB = REGION + "lab/"
SETTINGS = ("enable_http_proxy", "http_proxy", "boot_images_no_proxy", "boot_images_auto_import", "commissioning_distro_series",
            "default_distro_series")
URL = "http://mirror-bookworm.lab.example/maas/images/ephemeral-v3/"
HELD = "/var/www/html/maas/images/ephemeral-v3/candidate"


def lab(path, body=None):
    """What the stand-in's control answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(LAB + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def setting(name):
    """A setting's value, by the API."""
    oauth = ('OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="lab", oauth_token="lab", '
             f'oauth_signature="%26lab", oauth_nonce="{time.monotonic_ns()}", oauth_timestamp="{int(time.time())}"')
    request = urllib.request.Request(f"{REGION}MAAS/api/2.0/maas/?op=get_config&name={name}", headers={"Authorization": oauth})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def snapshot():
    """All that a switch may touch: sources with the bytes of their keyrings, selections, settings. No dates."""
    state = lab("state")
    for source in state["sources"]:
        del source["created"], source["updated"]
    return {"sources": state["sources"], "selections": state["selections"], "settings": {name: setting(name) for name in SETTINGS}}


def versions():
    """The newest version of each Ubuntu release that MAAS has whole."""
    return {one["key"][1]: one["sets"][-1]["version"] for one in lab("state")["resources"]
            if one["key"][0] == "ubuntu" and all(file["complete"] for file in one["sets"][-1]["files"])}


def switch(*flags, **variables):
    """(exit code, output without its line breaks) of the playbook, which gets the API key from the region by itself."""
    given = dict({"maas_source_api_url": "", "maas_source_api_key": "", "maas_source_keyring_file": "", "stream": "candidate",
                  "maas_source_import_timeout": 60, "maas_source_put_back_timeout": 60}, **variables)
    done = subprocess.run(
        ["ansible-playbook", "--diff", "-v", "-i", HERE / "inventory", "-i", HERE / "switch" / "inventory", "-e", json.dumps(given),
         "imagemirror.maas.switch_stream", *flags],
        env=dict(os.environ, ANSIBLE_NOCOLOR="1"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    assert "lab:lab:lab" not in done.stdout and "Traceback" not in done.stdout, done.stdout
    return done.returncode, re.sub(r"\s+", " ", done.stdout.replace("\\n", " "))


def stays(*flags, **variables):
    """The output of a switch that must fail and leave MAAS as it was."""
    before = snapshot()
    code, output = switch(*flags, **variables)
    assert code == 2, output
    assert snapshot() == before, output
    return output


@pytest.fixture(scope="session")
def stable():
    """What goes with the stream stable, whose index is upstream's: the lab's own key."""
    lab_key = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "lab-keyring.gpg")
    return {"stream": "stable", "maas_source_keyring_file": str(lab_key)}


@pytest.fixture(scope="session")
def mirror():
    """The mirror host, whose own timers keep their hands off."""
    host = testinfra.get_host("podman://imm-mirror-bookworm")
    host.check_output("systemctl stop maas-image-mirror-candidate.timer maas-image-mirror-stable.timer")
    yield host
    host.check_output("systemctl start maas-image-mirror-candidate.timer maas-image-mirror-stable.timer")


def newest(mirror, name):
    """A file of the newest noble that the mirror holds."""
    return mirror.check_output(f"find {HELD}/noble/amd64 -name {name} | sort | tail -1")


def test_check_mode_shows_the_plan_and_reads_the_mirror(mirror):
    before, writes = snapshot(), lab("writes")
    code, output = switch("--check")
    assert code == 0, output
    assert snapshot() == before and lab("writes") == writes
    assert "has not been tested with MAAS yet" in output
    assert f"{URL}candidate/ has all that MAAS 3.7.3 will ask for" in output
    assert "changed=1" in output


def test_a_mirror_that_lacks_a_file_is_not_switched_to(mirror):
    kernel, writes = newest(mirror, "boot-kernel"), lab("writes")
    mirror.check_output(f"mv {kernel} {kernel}.away")
    try:
        assert "boot-kernel: 404 Not Found" in stays()
    finally:
        mirror.check_output(f"mv {kernel}.away {kernel}")
    assert lab("writes") == writes


def test_a_key_that_does_not_fit_is_not_switched_to(stable):
    writes = lab("writes")
    other = Path(stable["maas_source_keyring_file"]).with_name("other-keyring.gpg")
    assert "is not signed by a key of the keyring that MAAS would use" in stays(maas_source_keyring_file=str(other))
    assert lab("writes") == writes


def test_an_import_that_stalls_is_taken_back(mirror):
    squashfs = newest(mirror, "squashfs")
    other = "python3 -c 'import sys; file = open(sys.argv[1], \"r+b\"); byte = file.read(1)[0] ^ 1; file.seek(0); file.write(bytes([byte]))' "
    mirror.check_output(other + squashfs)
    try:
        output = stays(maas_source_import_timeout=10, maas_source_settings={"boot_images_no_proxy": True})
    finally:
        mirror.check_output(other + squashfs)
    assert "Import the images, and wait until they are complete" in output and "MAAS is as it was" in output


def test_an_api_that_dies_in_mid_switch_is_waited_for(mirror):
    lab("fail", {"at": 2, "how": "away", "seconds": 12})
    output = stays(maas_source_settings={"boot_images_no_proxy": True})
    assert "MAAS is as it was" in output


def test_candidate_is_not_for_production():
    assert "never to be used in production" in stays(maas_source_production=True)


def test_to_candidate_and_once_more(mirror):
    before, had = snapshot(), versions()
    code, output = switch()
    assert code == 0, output
    now = snapshot()
    [source], [was] = now["sources"], before["sources"]
    assert source["url"] == URL + "candidate/" and source["id"] == was["id"]
    assert base64.b64decode(source["keyring_data"]) == base64.b64decode(mirror.check_output(f"base64 -w0 {HELD}/keyring.gpg"))
    assert source["keyring_data"] != was["keyring_data"]
    assert now["selections"] == before["selections"] and now["settings"] == before["settings"]
    assert had and all(versions()[release] > version for release, version in had.items())
    writes = lab("writes")
    code, output = switch()
    assert code == 0 and "changed=0" in output, output
    assert lab("writes") == writes and snapshot() == now


def test_and_back(stable):
    code, output = switch(**stable)
    assert code == 0, output
    [source] = snapshot()["sources"]
    assert source["url"] == URL + "stable/"
    assert base64.b64decode(source["keyring_data"]) == Path(stable["maas_source_keyring_file"]).read_bytes()


def test_a_snap_tells_its_api_key(stable):
    """Its command lies where no PATH of ssh or sudo leads."""
    region = testinfra.get_host("podman://imm-maas")
    region.check_output("mkdir -p /snap/bin && mv /usr/local/bin/maas /snap/bin/maas")
    try:
        code, output = switch(**stable)
        assert code == 0 and "changed=0" in output, output
        assert "User does not exist" in stays(maas_source_api_user="nobody")
    finally:
        region.check_output("mv /snap/bin/maas /usr/local/bin/maas && rm -r /snap")
