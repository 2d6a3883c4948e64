# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bin/demo promises, in the order in which a visitor tries it; each test goes on where the one before stopped."""
from __future__ import annotations

import re

BASE = "http://127.0.0.1/maas/images/ephemeral-v3"
IMAGES = "streams/v1/com.ubuntu.maas:stable:v3:download.sjson"
LEFTOVERS = """
/etc/cron.d/maas-image-mirror /etc/maas-image-mirror /etc/nginx /etc/systemd/system/imagemirror-demo-maas.service
/etc/systemd/system/maas-image-mirror@.service /opt/simplestreams /root/checkout/.cache/demo /srv/imagemirror-demo
/usr/local/bin/maas-image-mirror /usr/local/bin/sstream-mirror /usr/local/lib/maas-image-mirror /var/www/html/maas
""".split()


def test_demo_says_what_it_made(machine):
    said = machine.demo()
    summary = said[said.index("This machine is a MAAS image mirror now."):]
    assert re.search(r"the mirror +\d+ files", summary)
    assert "ubuntu noble amd64, version 20250621" in summary
    assert re.search(r"to open +http://\S+/maas/images/ephemeral-v3/stable/", summary)
    assert f"{BASE}/stable/" in summary  # where the MAAS takes its images from
    assert ("systemd timer" if machine.kind == "systemd" else "/etc/cron.d/maas-image-mirror") in summary


def test_the_mirror_is_served(machine):
    status, text = machine.fetch(f"{BASE}/stable/streams/v1/index.sjson")
    assert status == 200 and "BEGIN PGP SIGNATURE" in text
    assert machine.fetch(f"{BASE}/daily/streams/v1/index.sjson") == (status, text)
    assert machine.fetch(f"{BASE}/stable/.mirror/lock")[0] == 404


def test_the_key_of_the_sample_stream_is_not_served(machine):
    assert machine.fetch("http://127.0.0.1:8880/ephemeral-v3/stable/streams/v1/index.sjson")[0] == 200
    assert machine.fetch("http://127.0.0.1:8880/gnupg/trustdb.gpg")[0] == 404


def test_maas_takes_its_images_from_it(machine):
    assert f"{BASE}/stable/" in machine.fetch("http://127.0.0.1:52400/lab/state")[1]


def test_updates_are_scheduled(machine):
    if machine.kind == "systemd":
        assert machine.output("systemctl is-active maas-image-mirror-stable.timer") == "active\n"
    else:
        assert "maas-image-mirror sync" in machine.output("cat /etc/cron.d/maas-image-mirror")
        assert machine.output("cat /run/crond.pid").strip() in machine.output("cd /proc; grep -l cron [0-9]*/comm")


def test_a_second_run_changes_nothing(machine):
    tasks = machine.demo().split("\nTASK ")
    assert [task for task in tasks if "\nchanged: " in task] == []


def test_the_update_that_the_summary_invites_to(machine):
    summary = machine.output("cat /srv/imagemirror-demo/summary.txt")
    for command in re.findall(r"^  ((?:python3|maas-image-mirror) .*)$", summary, re.MULTILINE):
        machine.output(command)
    assert "noble/amd64/20250624/squashfs" in machine.fetch(f"{BASE}/stable/{IMAGES}")[1]
    assert machine.fetch(f"{BASE}/stable/noble/amd64/20250624/squashfs")[0] == 200


def test_remove_takes_everything_back(machine):
    machine.demo("--remove")
    assert machine.run(f"ls -d {' '.join(LEFTOVERS)} 2>/dev/null").stdout == ""
    assert machine.installed() == machine.packages
    assert machine.run("getent passwd maas-mirror").returncode == 2
    assert machine.run("cd /proc; grep -lE '[n]ginx|[c]ron|[m]aas.py' [0-9]*/cmdline").stdout == ""


def test_there_is_nothing_to_remove_twice(machine):
    again = machine.run("/root/checkout/bin/demo --remove")
    assert (again.returncode, again.stdout) == (
        1, "bin/demo: there is no demo on this machine: /srv/imagemirror-demo is not there\n")


def test_a_mirror_host_is_not_taken_over(machine):
    machine.output("mkdir /etc/maas-image-mirror")
    refused = machine.run("/root/checkout/bin/demo")
    assert refused.returncode == 1
    assert "this machine is a mirror host already: /etc/maas-image-mirror is there" in refused.stdout
    assert machine.installed() == machine.packages
