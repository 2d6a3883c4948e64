# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module boot_source_probe: whether MAAS would get from a mirror all that it has selected."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import keyring as keyrings
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.mirror import Mirror, MirrorError, downloaded
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.stream import places
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import check_source_url, without_password
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.web import Web

_AT_ONCE = 4  # files
_SHOWN = 10  # faults put into words; more would hide the first ones
_NO_REDIRECTS = (3, 6, 2)  # from here on MAAS follows none of a file (LP 2121474)
_STRICT = (3, 8)  # refuses a whole source for one product that is not as it should be
# Here MAAS fetches files through its proxy in spite of boot_images_no_proxy (LP 2130037)
_PROXIES_FILES = (((3, 5), (3, 5, 9)), ((3, 6), (3, 6, 3)))
# The bootloaders without which machines of an architecture don't boot from the network
_BOOTLOADERS = {"amd64": {"grub-efi-signed", "pxelinux"}, "arm64": {"grub-efi"}, "ppc64el": {"grub-ieee1275"}}


@dataclass
class Findings:
    """What was seen: `products` that MAAS would take, what is wrong, and what only deserves a warning."""

    products: list = field(default_factory=list)
    failures: list = field(default_factory=list)  # (what, words)
    warnings: list = field(default_factory=list)


def run(options):
    """The module's result (a dict) for its options; MirrorError if MAAS could not use the mirror."""
    url = check_source_url(options["url"])
    version = numbers(options["maas_version"])
    selections = [selection.from_options(one) for one in options["selections"]]
    with _keyring(options, url) as path:
        mirror = Mirror(url, _web(options, version), path)
        offered = mirror.products()
    found = wanted(offered, selections, options, version)
    if version >= _STRICT:
        found.failures += [("streams/v1", words) for words in mirror.complaints]
    files = {file.path: file for product in found.products for file in downloaded(product)}
    found.failures += _not_served(mirror, files.values(), options["verify_items"] == "full")
    if found.failures:
        raise MirrorError(
            _message(url, found.failures), failures=[{"what": what, "error": words} for what, words in found.failures]
        )
    return {
        "images": images(found.products),
        "files": len(files),
        "bytes": sum(file.size for file in files.values()),
        "warnings": found.warnings,
    }


def numbers(text):
    """The numbers of a version to compare by, (3, 6, 2) of "3.6.2~rc1"; empty of none."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in match.group(0).split(".")) if match else ()


def _web(options, version):
    proxy = options["proxy"]
    direct = not proxy or options["no_proxy"]
    files_direct = direct and not (proxy and any(since <= version < until for since, until in _PROXIES_FILES))
    return Web(
        proxy="" if direct else proxy,
        file_proxy="" if files_direct else proxy,
        follow=() < version < _NO_REDIRECTS,
        timeout=options["timeout"],
    )


@contextlib.contextmanager
def _keyring(options, url):
    """The path of the keyring that MAAS would verify with, or None where it would not."""
    if not places(url)[1].endswith(".sjson") or options["skip_keyring_verification"]:
        yield None
    elif options["keyring_data"] is not None:
        with tempfile.NamedTemporaryFile(suffix=".gpg") as written:
            written.write(keyrings.decode(options["keyring_data"]))
            written.flush()
            yield written.name
    elif options["keyring_file"] is None:
        raise InputError("The stream is signed, so keyring_file or keyring_data is needed.")
    else:
        keyrings.load(options["keyring_file"])  # says more of a bad one than gpgv does
        yield os.path.abspath(options["keyring_file"])


def wanted(offered, selections, options, version):
    """The Findings of what MAAS would take of the offered products for its selections: images, and always all bootloaders."""
    found = Findings()
    usable = [one for one in offered if one.needs <= version or not version]
    too_new = [one for one in offered if one not in usable]
    for one in selections:
        _choose(found, one, usable, too_new, version)
    bootloaders = [one for one in usable if one.bootloader]
    found.products += bootloaders
    if options["bootloaders"]:
        arches = {one.arch for one in found.products if not one.bootloader}
        for arch in sorted(arches):
            for name in sorted(_BOOTLOADERS.get(arch, set()) - {one.os for one in bootloaders}):
                found.failures.append((name, "machines of %s can't boot without this bootloader, which is not offered" % arch))
    release = options["commissioning_release"]
    if release and not any((one.os, one.release) == ("ubuntu", release) for one in found.products):
        found.failures.append((
            "ubuntu/%s" % release,
            "MAAS commissions machines with it, but %s" % (
                "does not select it" if any((one.os, one.release) == ("ubuntu", release) for one in usable)
                else "it is not offered"
            ),
        ))
    if too_new:
        found.warnings.append(
            "MAAS %s is too old for %d products, and will ignore them: %s."
            % (options["maas_version"], len(too_new), _few(sorted({"%s (needs MAAS %s)" % (_image(one), _dotted(one.needs))
                                                                   for one in too_new})))
        )
    return found


def _choose(found, one, usable, too_new, version):
    """Add what MAAS takes for one selection. Each of its architectures has to be there: MAAS would keep the old one."""
    name = "%s/%s" % one.key
    offered = [product for product in usable if _is_of(product, one)]
    if not offered:
        releases = sorted({product.release for product in usable if product.os == one.os and not product.bootloader})
        why = "selected, but not offered"
        if any(_is_of(product, one) for product in too_new):
            why = "selected, but this MAAS is too old for it"
        found.failures.append((name, "%s. Of %s there is: %s" % (why, one.os, ", ".join(releases) or "nothing")))
        return
    taken = [product for product in offered if _fits(product, one, version)]
    for arch in one.arches:
        if arch != "*" and not any(product.arch == arch for product in taken):
            found.failures.append((
                "%s %s" % (name, arch),
                "selected, but not offered%s. There is: %s" % (_narrowed(one), _few(sorted(
                    {"%s %s (%s)" % (product.arch, product.subarch, product.label) for product in offered}))),
            ))
    if not taken and "*" in one.arches:
        found.failures.append((name, "nothing of it is offered%s" % _narrowed(one)))
    found.products += [product for product in taken if product not in found.products]


def _is_of(product, one):
    return not product.bootloader and (product.os, product.release) == one.key


def _fits(product, one, version):
    if not _in(product.arch, one.arches):
        return False
    # MAAS 3.8 heeds neither
    return version >= _STRICT or (_in(product.subarch, one.subarches) and _in(product.label, one.labels))


def _in(value, several):
    return value in several or "*" in several


def _narrowed(one):
    parts = [
        "%s %s" % (name, ", ".join(values))
        for name, values in (("subarches", one.subarches), ("labels", one.labels))
        if "*" not in values
    ]
    return " with %s" % " and ".join(parts) if parts else ""


def _not_served(mirror, files, whole):
    """[(path, words)] of the files that MAAS could not take."""
    files = sorted(files, key=lambda file: file.path)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        words = list(pool.map(lambda file: mirror.fault(file, whole), files))
    return [(file.path, fault) for file, fault in zip(files, words) if fault]


def images(products):
    """What would be imported: one dict for each image or bootloader and version, without its kernels one by one."""
    grouped = {}
    for one in products:
        grouped.setdefault((one.os, one.release, one.arch, one.label, one.newest), []).extend(downloaded(one))
    return [
        dict(zip(("os", "release", "arch", "label", "version"), key),
             files=len({file.path for file in files}), bytes=sum({file.path: file.size for file in files}.values()))
        for key, files in sorted(grouped.items())
    ]


def _message(url, failures):
    shown = ["  %s: %s" % failure for failure in failures[:_SHOWN]]
    if len(failures) > _SHOWN:
        shown.append("  and %d more" % (len(failures) - _SHOWN))
    return "MAAS could not use %s as it is:\n%s" % (without_password(url), "\n".join(shown))


def _image(product):
    return "%s/%s %s" % (product.os, product.release, product.arch)


def _few(names):
    return ", ".join(names[:_SHOWN]) + (" and %d more" % (len(names) - _SHOWN) if len(names) > _SHOWN else "")


def _dotted(version):
    return ".".join(str(part) for part in version)
