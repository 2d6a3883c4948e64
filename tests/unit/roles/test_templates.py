# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles' templates, rendered and compared whole with the files in expected/."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

HERE = Path(__file__).resolve().parent
ROLES = HERE.parents[2] / "roles"

STABLE = {"name": "stable"}
CANDIDATE = {"name": "candidate", "on_calendar": "Sat 04:00", "cron": "@weekly", "verify_on_calendar": "Sat 12:00", "verify_cron": "@monthly"}
SYNC = {
    "mirror_sync_user": "maas-mirror",
    "mirror_sync_root": "/var/www/html/maas/images",
    "mirror_sync_on_failure": "",
    "mirror_sync_verify_on_calendar": "Sun *-*-* 05:00:00",
    "mirror_sync_verify_cron": "0 5 * * 0",
    "__mirror_sync_jobs": ["sync", "verify"],
    "__mirror_sync_services": {"sync": "maas-image-mirror", "verify": "maas-image-mirror-verify"},
    "mirror_sync_on_calendar": "*-*-* 03:00:00",
    "mirror_sync_cron": "0 3 * * *",
    "mirror_sync_splay": 1800,
    "mirror_sync_mirrors": [STABLE, CANDIDATE],
}
WEB = {
    "mirror_web_root": "/var/www/html/maas/images",
    "mirror_web_port": 80,
    "mirror_web_default_site": "keep",
    "mirror_web_aliases": {"daily": "stable"},
    "mirror_web_listing": False,
    "mirror_web_tls": "none",
    "mirror_web_tls_port": 443,
    "mirror_web_tls_certificate": "/etc/letsencrypt/live/mirror.example.com/fullchain.pem",
    "mirror_web_tls_key": "/etc/letsencrypt/live/mirror.example.com/privkey.pem",
    "mirror_web_redirect_to_https": False,
    "mirror_web_acme_root": "",
    "mirror_web_allow": [],
    "mirror_web_deny": [],
    "mirror_web_rate_limit": "",
    "mirror_web_connection_limit": 0,
    "mirror_web_log_days": 14,
    "__mirror_web_logs": "/var/log/maas-image-mirror",
    "__mirror_web_images": "/maas/images/",
    "__mirror_web_base": "/maas/images/ephemeral-v3/",
    "__mirror_web_ipv6": {"stat": {"exists": True}},
    "__mirror_web_http2_directive": False,
    "__mirror_web_server_names": ["mirror.example.com", "mirror", "localhost", "~^[0-9.]+$"],
    "__mirror_web_dns_names": ["mirror.example.com", "mirror", "localhost"],
    "__mirror_web_addresses": ["192.0.2.7", "127.0.0.1"],
    "__mirror_web_served": [
        {"name": "stable", "location": "/maas/images/ephemeral-v3/stable/", "path": "/var/www/html/maas/images/ephemeral-v3/stable"},
        {"name": "candidate", "location": "/maas/next/", "path": "/srv/candidate"},
    ],
}
ALONE = dict(WEB, mirror_web_port=8080, mirror_web_default_site="remove", mirror_web_aliases={},
             __mirror_web_ipv6={"stat": {"exists": False}}, __mirror_web_served=WEB["__mirror_web_served"][:1])
EVERYTHING = dict(ALONE, mirror_web_listing=True, mirror_web_tls="given", mirror_web_tls_port=8443, mirror_web_redirect_to_https=True,
                  mirror_web_acme_root="/var/www/acme", mirror_web_allow=["192.0.2.0/24", "2001:db8::/32"], mirror_web_deny=["192.0.2.13"],
                  mirror_web_rate_limit="20M", mirror_web_connection_limit=8, __mirror_web_http2_directive=True)


def job(name, mirror=None):
    """The variables of a unit of a job, and of a mirror."""
    return dict(SYNC, __mirror_sync_job=name, __mirror_sync_mirror=mirror)


def own(path, **settings):
    """The variables of what is a mirror's own in its services."""
    return dict(SYNC, __mirror_sync_settings=dict(settings, path=path))


CASES = {
    "maas-image-mirror@.service": ("mirror_sync", "maas-image-mirror@.service.j2", job("sync")),
    "maas-image-mirror-verify@.service": ("mirror_sync", "maas-image-mirror@.service.j2", job("verify")),
    "mirror.conf": ("mirror_sync", "mirror.conf.j2", own("/srv/candidate")),
    "mirror-at-home.conf": ("mirror_sync", "mirror.conf.j2", own("/home/images/stable")),
    "mirror-below-the-root.conf": ("mirror_sync", "mirror.conf.j2", dict(own(
        "/var/www/html/maas/images/ephemeral-v3/stable", index="trimmed", signing_home="/var/lib/maas-image-mirror/gnupg"),
        mirror_sync_on_failure="notify@%n.service")),
    "maas-image-mirror-stable.timer": ("mirror_sync", "maas-image-mirror.timer.j2", job("sync", STABLE)),
    "maas-image-mirror-candidate.timer": ("mirror_sync", "maas-image-mirror.timer.j2", job("sync", CANDIDATE)),
    "maas-image-mirror-verify@stable.timer": ("mirror_sync", "maas-image-mirror.timer.j2", job("verify", STABLE)),
    "maas-image-mirror-verify@candidate.timer": ("mirror_sync", "maas-image-mirror.timer.j2", job("verify", CANDIDATE)),
    "cron": ("mirror_sync", "cron.j2", SYNC),
    "cron-without-verification": ("mirror_sync", "cron.j2", dict(SYNC, __mirror_sync_jobs=["sync"])),
    "nginx-beside-others.conf": ("mirror_web", "maas-image-mirror.conf.j2", WEB),
    "status.json": ("mirror_web", "status.json.j2", WEB),
    "nginx-alone.conf": ("mirror_web", "maas-image-mirror.conf.j2", ALONE),
    "nginx-with-everything.conf": ("mirror_web", "maas-image-mirror.conf.j2", EVERYTHING),
    "nginx-http2-of-old.conf": ("mirror_web", "maas-image-mirror.conf.j2", dict(WEB, mirror_web_tls="self_signed")),
    "nginx.service": ("mirror_web", "nginx.service.conf.j2", {"__mirror_web_at_home": False}),
    "nginx-at-home.service": ("mirror_web", "nginx.service.conf.j2", {"__mirror_web_at_home": True}),
    "logrotate": ("mirror_web", "logrotate.j2", WEB),
    "request.cnf": ("mirror_web", "request.cnf.j2", WEB),
}


def render(role, template, variables):
    """As Ansible's template module does: a missing variable is an error, a block's newline goes, the last one stays."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROLES / role / "templates"), trim_blocks=True,
                                     keep_trailing_newline=True, undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.get_template(template).render(variables)


@pytest.mark.parametrize("expected", sorted(CASES))
def test_template(expected):
    assert render(*CASES[expected]) == (HERE / "expected" / expected).read_text(encoding="utf-8")


def test_every_template_is_rendered_and_every_expected_file_is_used():
    rendered = {(role, template) for role, template, _variables in CASES.values()}
    assert {(path.parents[1].name, path.name) for path in ROLES.glob("mirror_*/templates/*")} == rendered
    assert {path.name for path in (HERE / "expected").iterdir()} == set(CASES)
