# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every difference between the versions of MAAS, as data."""
from __future__ import annotations

from dataclasses import dataclass, replace

_SETTINGS = """
maas_name theme kernel_opts enable_http_proxy maas_proxy_port use_peer_proxy prefer_v4_proxy http_proxy default_dns_ttl
upstream_dns dnssec_validation maas_internal_domain dns_trusted_acl ntp_servers ntp_external_only
allow_only_trusted_transfers remote_syslog maas_syslog_port network_discovery active_discovery_interval
default_boot_interface_link_type default_osystem default_distro_series default_min_hwe_kernel enable_kernel_crash_dump
default_storage_layout commissioning_distro_series enable_third_party_drivers windows_kms_host
enable_disk_erasing_on_release disk_erase_with_secure_erase disk_erase_with_quick_erase boot_images_auto_import
boot_images_no_proxy curtin_verbose force_v1_network_yaml enable_analytics experimental_switch_provisioning
completed_intro max_node_commissioning_results max_node_testing_results max_node_installation_results
max_node_release_results subnet_ip_exhaustion_threshold_count refresh_token_duration release_notifications
use_rack_proxy node_timeout prometheus_enabled prometheus_push_gateway prometheus_push_interval promtail_enabled
promtail_port enlist_commissioning maas_auto_ipmi_user maas_auto_ipmi_user_privilege_level maas_auto_ipmi_k_g_bmc_key
maas_auto_ipmi_cipher_suite_id maas_auto_ipmi_workaround_flags vcenter_server vcenter_username vcenter_password
vcenter_datacenter hardware_sync_interval tls_cert_expiration_notification_enabled
tls_cert_expiration_notification_interval session_length auto_vlan_creation
""".split()
_SINCE_3_8 = {"experimental_switch_provisioning", "refresh_token_duration"}
_SINCE_3_5 = {"allow_only_trusted_transfers", "default_boot_interface_link_type", "enable_kernel_crash_dump",
              "max_node_release_results"}

# An object's names come in the order of the model, which changed; clients must not care, and this stand-in does not.
_DEPRECATED = (
    ("MD6", "DHCP snippets are deprecated and will be removed in the next major release.",
     "How to replace DHCP snippets...", True),
    ("MD5", "The PostgreSQL version in use is older than 16.", "How to upgrade the PostgreSQL server...", False),
)
_NO_DHCP = ("DHCP is not enabled on any VLAN.  This will prevent machines from being able to PXE boot, unless an "
            "external DHCP server is being used.")


@dataclass(frozen=True)
class Version:
    """How one version of MAAS behaves where they differ."""

    name: str  # as it says itself
    commissioning: str  # the release that it commissions with when nobody has said
    settings: tuple[str, ...]
    resource_types: tuple[str, ...] = ("synced", "uploaded")
    date_suffix: str = "Z"
    deprecations: str = ""  # where its notifications about deprecated things point, or none
    dhcp_warning: bool = False
    images_link: str = "/MAAS/r/images"
    # the error of deleting the commissioning release's selection; None: it may be deleted
    undeletable: str | None = "Unable to delete {os} {release}. It is the operating system used for commissioning."
    entitlements: bool = False  # 3.8: rights by entitlement, and 401 for the anonymous everywhere
    many_sources: bool = False  # 3.8: names, priorities, one source at a time, no default made again, no slash kept
    follows_redirects: bool = False  # of files; of metadata always
    filename_on_disk: bool = True
    on_bad_file: str = "retry"  # drop: forget the resource; retry: try again for hours; report: end and say so
    drops_incomplete: bool = False  # what a stopped import had not finished is deleted
    v3: str = "absent"  # the other API: no server, a server without sources, or one that wants a login
    terse_404: bool = False  # up to 3.2 what is missing is not named
    last_deployed: bool = True  # of an image

    @property
    def numbers(self) -> tuple[int, ...]:
        """To compare by: (3, 8)."""
        return tuple(int(part) for part in self.name.split(".")[:2])


def _settings(*without: set[str]) -> tuple[str, ...]:
    return tuple(name for name in _SETTINGS if not any(name in names for names in without))


VERSIONS = {
    "3.4": Version(
        "3.4.10", "focal", _settings(_SINCE_3_5, _SINCE_3_8), resource_types=("synced", "generated", "uploaded"),
        date_suffix="", dhcp_warning=True, images_link="http://{host}/MAAS/r/images",
        undeletable="Unable to delete %s %s. It is the operating system used in ephemeral environments.",
        follows_redirects=True, filename_on_disk=False, on_bad_file="drop", drops_incomplete=True, v3="none"),
    "3.7": Version("3.7.3", "noble", _settings(_SINCE_3_8), deprecations="https://maas.io/deprecations"),
    "3.8": Version(
        "3.8.0~beta6", "noble", _settings(), deprecations="https://canonical.com/maas/deprecations", dhcp_warning=True,
        undeletable=None, entitlements=True, many_sources=True, on_bad_file="report", v3="login"),
}

# Not recorded: what is known of their differences was read in MAAS' source
VERSIONS.update({name: replace(VERSIONS["3.4"], name=full, terse_404=True, last_deployed=False)
                 for name, full in (("2.7", "2.7.3"), ("2.8", "2.8.2"), ("2.9", "2.9.2"), ("3.2", "3.2.11"))})


def first_notifications(version: Version, host: str) -> list[dict[str, object]]:
    """What a fresh installation of this version tells its users."""
    told: list[dict[str, object]] = []
    for ident, words, link, dismissable in _DEPRECATED if version.deprecations else ():
        anchor = f"<a class='p-link--external' href='{version.deprecations}/{ident}'>{link}</a>"
        same = {"category": "warning", "dismissable": dismissable}
        told.append({"ident": f"deprecation_{ident}_users", "users": True, "admins": False, **same,
                     "message": f"{words}<br>Please contact your MAAS administrator.<br>{anchor}"})
        told.append({"ident": f"deprecation_{ident}_admins", "users": False, "admins": True, **same,
                     "message": f"{words}<br>{anchor}"})
    link = version.images_link.format(host=host)
    told.append({"ident": "maas-import-pxe-files script", "users": False, "admins": True,
                 "category": "error", "dismissable": True,
                 "message": "Boot image import process not started. Machines will not be able to\nprovision without "
                            f'boot images. Visit the\n<a href="{link}">boot images</a> page to start the import.\n'})
    if version.dhcp_warning:
        told.append({"ident": "dhcp_disabled_all_vlans", "users": False, "admins": True,
                     "category": "warning", "dismissable": True, "message": _NO_DHCP})
    return told
