# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make signed image streams that look like https://images.maas.io/ephemeral-v3/stable.

A stream is a pure function of its `Spec`: the same spec gives the same paths, bytes and hashes on every machine (only
the key differs). To publish is to change the spec and to render it again.

    python3 stream.py make DIR                     a small `stable`: noble and jammy, amd64 and arm64, two versions
    python3 stream.py publish DIR --keep 2         upstream publishes one more version and drops the oldest

    DIR/ephemeral-v3/NAME/     what a web server serves
    DIR/keyring.gpg            the public key (binary, as gpgv wants it)
    DIR/gnupg/, DIR/NAME.json  private: the signing key, and the spec of each stream

Needs Python 3.9 and gpg.
"""
from __future__ import annotations

import argparse
import dataclasses
import datetime
import email.utils
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

# Sizes are bytes upstream had on 2025-07-24 (noble, jammy), or rounded guesses of the same order (older releases).
# code: (version, title, code name, end of support, end of extended support, {ftype: size of amd64}, arches)
RELEASES = {
    "bionic": ("18.04", "18.04 LTS", "Bionic Beaver", "2023-05-31", "2028-04-26",
               {"squashfs": 191_000_000, "boot-initrd": 61_000_000, "boot-kernel": 8_400_000, "manifest": 15_000},
               "amd64 arm64 armhf i386 ppc64el s390x"),
    "focal": ("20.04", "20.04 LTS", "Focal Fossa", "2025-05-31", "2030-04-23",
              {"squashfs": 412_000_000, "boot-initrd": 89_000_000, "boot-kernel": 13_700_000, "manifest": 16_500},
              "amd64 arm64 armhf ppc64el s390x"),
    "jammy": ("22.04", "22.04 LTS", "Jammy Jellyfish", "2027-04-21", "2032-04-21",
              {"squashfs": 455_462_912, "boot-initrd": 115_876_578, "boot-kernel": 11_708_744, "manifest": 17_741},
              "amd64 arm64 armhf ppc64el s390x"),
    "noble": ("24.04", "24.04 LTS", "Noble Numbat", "2029-05-31", "2034-04-25",
              {"squashfs": 271_732_736, "boot-initrd": 78_320_319, "boot-kernel": 15_010_184, "manifest": 18_932},
              "amd64 arm64 armhf ppc64el s390x"),
    "plucky": ("25.04", "25.04", "Plucky Puffin", "2026-01-15", "2026-01-15",
               {"squashfs": 290_000_000, "boot-initrd": 82_000_000, "boot-kernel": 15_400_000, "manifest": 19_000},
               "amd64 arm64 armhf ppc64el s390x"),
}
LOWLATENCY_ARCHES = ("amd64", "arm64", "i386")
KERNELS = ("ga", "ga-lowlatency", "hwe", "hwe-edge", "hwe-lowlatency", "hwe-lowlatency-edge")
# What a product supports: every kernel up to its own.
SUBARCHES = ["generic", *(f"hwe-{letter}" for letter in "pqrstuvw"),
             *(f"ga-{year}.{month}" for year in range(16, 26) for month in ("04", "10"))]

# release: (version, directory and release in the stream, title, end of support, size of root-tgz, size of manifest)
CENTOS = {
    "7.0": ("centos70", "CentOS 7", "2024-06-30", 542_967_263, 10_801),
    "8": ("8", "CentOS 8", "2029-05-31", 655_801_637, 14_332),
}

# (os, type, arch, arches, {package: (size, version)}, release of the packages). pxelinux boots amd64 too, but upstream
# lists the one MAAS takes as i386.
BOOTLOADERS = (
    ("grub-efi-signed", "uefi", "amd64", "amd64",
     {"grub2-signed": (1_228_336, "1.187.6+2.06-2ubuntu14.4"), "shim-signed": (321_940, "1.51.3+15.7-0ubuntu1")},
     "jammy"),
    ("grub-efi", "uefi", "arm64", "arm64",
     {"grub2-signed": (1_207_316, "1.187.6+2.06-2ubuntu14.4"), "shim-signed": (293_492, "1.51.3+15.7-0ubuntu1")},
     "jammy"),
    ("grub-ieee1275", "open-firmware", "ppc64el", "ppc64el,ppc64",
     {"grub2": (516_068, "2.02~beta2-36ubuntu3.32")}, "xenial"),
    ("pxelinux", "pxe", "amd64", "amd64, i386",
     {"syslinux": (419_944, "3:6.04~git20190206.bf6db5b4+dfsg1-3ubuntu1")}, "jammy"),
    ("pxelinux", "pxe", "i386", "i386,amd64",
     {"syslinux": (424_200, "3:6.04~git20190206.bf6db5b4+dfsg1-2")}, "focal"),
)

# Each kind of product has its own products file and its own form of version.
KINDS = {
    "ubuntu": ("com.ubuntu.maas:{name}:v3:download", "%Y%m%d"),
    "bootloaders": ("com.ubuntu.maas:{name}:1:bootloader-download", "%Y%m%d.0"),
    "centos": ("com.ubuntu.maas:{name}:centos-bases-download", "%Y%m%d_01"),
}
FIRST_PUBLICATION = datetime.datetime(2025, 6, 18, 8, 1, 49, tzinfo=datetime.timezone.utc)
DAYS_BETWEEN_PUBLICATIONS = 3
BLOCK = 1 << 20
SMALLEST_FILE = 64
SIGNER = "MAAS image lab <lab@example.com>"


class LabError(Exception):
    """What was asked for can't be made; the message says what can."""


@dataclasses.dataclass(frozen=True)
class Spec:
    """Everything a stream is made from.

    name: also its label and its directory (`stable`, `candidate`, …)
    scale: factor on upstream's sizes; 1 is the real thing
    products: when not 0, that many Ubuntu products with kernels of invented names, to measure growth
    versions: by kind, the publications (0, 1, 2, …) whose version is listed; the same number is the same date, so the
        same bytes, in every stream
    publication: the number of the newest publication; sets `updated`
    """
    name: str = "stable"
    releases: tuple[str, ...] = ("noble", "jammy")
    arches: tuple[str, ...] = ("amd64", "arm64")
    kernels: tuple[str, ...] = ("ga", "ga-lowlatency", "hwe")
    scale: float = 0.001
    products: int = 0
    versions: dict[str, list[int]] = dataclasses.field(default_factory=lambda: dict.fromkeys(KINDS, [0, 1]))
    publication: int = 1

    def check(self) -> Spec:
        """Itself, or LabError that names what there is."""
        for given, known, what in ((self.releases, RELEASES, "release"), (self.kernels, KERNELS, "kernel"),
                                   (self.arches, RELEASES["bionic"][-1].split(), "arch"),
                                   (self.versions, KINDS, "kind")):
            unknown = [value for value in given if value not in known]
            if unknown:
                raise LabError(f"unknown {what} {', '.join(unknown)}; there are: {', '.join(known)}")
        return self


# --- what a stream lists: pure ---------------------------------------------------------------------------------------

def moment(publication: int) -> datetime.datetime:
    """When upstream made the given publication (0 is the first)."""
    return FIRST_PUBLICATION + datetime.timedelta(days=DAYS_BETWEEN_PUBLICATIONS * publication)


def catalogue(spec: Spec) -> dict[str, dict]:
    """The products files of a stream by content id, as upstream writes them, without `sha256`."""
    makers = {"ubuntu": _ubuntu, "bootloaders": _bootloaders, "centos": _centos}
    files = {}
    for kind in (kind for kind in KINDS if kind in spec.versions):
        content_id, version_format = KINDS[kind]
        content_id = content_id.format(name=spec.name)
        versions = [moment(publication).strftime(version_format) for publication in spec.versions[kind]]
        products = {}
        for product, keys, items in makers[kind](spec):
            products[product] = {**keys, "label": spec.name,
                                 "versions": {version: {"items": items(version)} for version in versions}}
        files[content_id] = {"content_id": content_id, "datatype": "image-ids", "format": "products:1.0",
                             "products": products, "updated": email.utils.format_datetime(moment(spec.publication))}
    return files


def index(files: dict[str, dict], updated: str, suffix: str) -> dict:
    """The index of products files, whose paths end in `suffix` (`sjson` where it will be signed)."""
    entries = {content_id: {"datatype": "image-ids", "format": "products:1.0", "products": sorted(products["products"]),
                            "path": f"streams/v1/{content_id}.{suffix}", "updated": updated}
               for content_id, products in files.items()}
    return {"format": "index:1.0", "index": entries, "updated": updated}


def _ubuntu(spec: Spec):
    targets = [(release, arch) for release in spec.releases for arch in spec.arches
               if arch in RELEASES[release][-1].split()]
    if not targets:
        raise LabError(f"no release of {', '.join(spec.releases)} has any of the arches {', '.join(spec.arches)}")
    for number, (release, arch) in enumerate(targets):
        version, title, codename, eol, esm_eol, sizes, _arches = RELEASES[release]
        if spec.products:
            count = len(range(number, spec.products, len(targets)))
            kernels = [f"ga-x{kernel:04d}" for kernel in range(count)]
        else:
            kernels = [kernel for kernel in spec.kernels if "lowlatency" not in kernel or arch in LOWLATENCY_ARCHES]
        for kernel in kernels:
            channel, _dash, variant = kernel.partition("-")
            subarch = "-".join(filter(None, (channel, version, variant)))
            flavor = variant.replace("-edge", "").replace("edge", "") or "generic"
            subarches = SUBARCHES[:SUBARCHES.index(f"ga-{version}") + 1]
            keys = {"arch": arch, "kflavor": flavor, "krel": release, "os": "ubuntu", "release": release,
                    "release_codename": codename, "release_title": title, "subarch": subarch,
                    "subarches": ",".join(dict.fromkeys([*subarches, subarch])), "support_eol": eol,
                    "support_esm_eol": esm_eol, "version": version}
            yield (f"com.ubuntu.maas.{spec.name}:v3:boot:{version}:{arch}:{subarch}", keys,
                   _ubuntu_items(spec.scale, release, arch, subarch, flavor, sizes))


def _ubuntu_items(scale, release, arch, subarch, flavor, sizes):
    channel = subarch.replace(f"-{flavor}", "")
    package = f"linux-{flavor}" + (f"-{channel}" if channel.startswith("hwe") else "")

    def items(version):
        base = f"{release}/{arch}/{version}"
        found = {}
        for ftype in ("boot-initrd", "boot-kernel"):
            path = f"{base}/{channel}/{flavor}/{ftype}"
            found[ftype] = {"ftype": ftype, "kpackage": package, "path": path, "size": _size(path, sizes[ftype], scale)}
        for ftype, path in (("manifest", f"{base}/squashfs.manifest"), ("squashfs", f"{base}/squashfs")):
            found[ftype] = {"ftype": ftype, "path": path, "size": _size(path, sizes[ftype], scale)}
        return found
    return items


def _bootloaders(spec: Spec):
    for os_name, kind, arch, arches, packages, release in BOOTLOADERS:
        def items(version, kind=kind, arch=arch, packages=tuple(packages.items()), release=release):
            found = {}
            for package, (size, package_version) in packages:
                path = f"bootloaders/{kind}/{arch}/{version}/{package}.tar.xz"
                found[package] = {"ftype": "archive.tar.xz", "path": path, "size": _size(path, size, spec.scale),
                                  "src_package": package, "src_release": release, "src_version": package_version}
            return found
        yield (f"com.ubuntu.maas.{spec.name}:1:{os_name}:{kind}:{arch}",
               {"arch": arch, "arches": arches, "bootloader-type": kind, "os": os_name}, items)


def _centos(spec: Spec):
    for version, (release, title, eol, image_size, manifest_size) in CENTOS.items():
        def items(date, release=release, image_size=image_size, manifest_size=manifest_size):
            path = f"centos/{release}/amd64/{date}/root-tgz"
            sizes = {"manifest": (f"{path}.manifest", manifest_size), "root-tgz": (path, image_size)}
            return {ftype: {"ftype": ftype, "path": path, "size": _size(path, size, spec.scale)}
                    for ftype, (path, size) in sizes.items()}
        yield (f"com.ubuntu.maas.{spec.name}:centos-bases:{version}:amd64",
               {"arch": "amd64", "os": "centos", "release": release, "release_title": title, "subarch": "generic",
                "subarches": "generic", "support_eol": eol, "version": version}, items)


def _seed(path: str) -> bytes:
    # Upstream's edge kernel is most of the time the very kernel of the plain one: two paths, one content.
    return hashlib.sha256(path.replace("-edge/", "/").encode()).digest()


def _size(path: str, upstream: int, scale: float) -> int:
    """Upstream's size scaled, give or take 0.4 % so that the sizes of versions and arches differ."""
    wobble = 1 + (_seed(path)[0] - 128) / 32_000
    return max(SMALLEST_FILE + _seed(path)[1] % 32, round(upstream * scale * wobble))


def content(path: str, size: int):
    """Yield the bytes of an item, at most 1 MiB at a time.

    They are incompressible, differ between paths, and no two blocks of one file are the same, so that a mix-up of files
    or of ranges shows.
    """
    block = random.Random(_seed(path)).randbytes(min(size, BLOCK))
    for start in range(0, size, BLOCK):
        stamp = start.to_bytes(8, "big") if start else b""
        yield (stamp + block[len(stamp):])[:size - start]


# --- making it: the disk and gpg -------------------------------------------------------------------------------------

def make(directory: str | os.PathLike, spec: Spec) -> pathlib.Path:
    """Write the stream of `spec` below `directory`, beside the streams that are there; the path of its root.

    In upstream's order, so that a client never sees a list of what is not there yet: new files, products, index; files
    no longer listed go last. Each file appears whole.
    """
    directory = pathlib.Path(directory).absolute()
    root = stream_root(directory, spec.name)
    files = catalogue(spec.check())
    before = {item["path"]: item["sha256"] for item in items(directory, spec.name)} if root.exists() else {}
    _folder(root / "streams/v1")
    hashes = {path: digest for path, digest in before.items() if (root / path).exists()}
    for item in _all_items(files):
        path = item["path"]
        if path not in hashes:
            hashes[path] = _write_item(root / path, path, item["size"])
        item["sha256"] = hashes[path]
    updated = email.utils.format_datetime(moment(spec.publication))
    with _Signer(directory) as signer:
        for content_id, products in files.items():
            _write_metadata(root / f"streams/v1/{content_id}", products, products, signer)
        plain, signed = (index(files, updated, suffix) for suffix in ("json", "sjson"))
        _write_metadata(root / "streams/v1/index", plain, signed, signer)
    _write_whole(directory / f"{spec.name}.json", _json(dataclasses.asdict(spec)))
    for path in before.keys() - {item["path"] for item in _all_items(files)}:
        _remove_item(root, path)
    return root


def publish(directory: str | os.PathLike, name: str = "stable", keep: int = 0,
            kinds: tuple[str, ...] = ("ubuntu",)) -> pathlib.Path:
    """One more version of the products of `kinds`; with `keep`, only the newest so many versions stay."""
    spec = load(directory, name)
    number = spec.publication + 1
    versions = {kind: [*listed, number][-keep:] if kind in kinds else listed for kind, listed in spec.versions.items()}
    return make(directory, dataclasses.replace(spec, publication=number, versions=versions))


def load(directory: str | os.PathLike, name: str = "stable") -> Spec:
    """The spec from which a stream was made last."""
    path = pathlib.Path(directory, f"{name}.json")
    if not path.exists():
        raise LabError(f"there is no stream {name!r} in {directory}: "
                       f"make it first (stream.py make {directory} --name {name})")
    saved = json.loads(path.read_text())
    return Spec(**{key: tuple(value) if isinstance(value, list) else value for key, value in saved.items()})


def items(directory: str | os.PathLike, name: str = "stable") -> list[dict]:
    """The files a stream lists now, each path once: what a client may fetch, with `size` and `sha256`."""
    lists = sorted(stream_root(directory, name).glob("streams/v1/com.*.json"))
    files = [json.loads(path.read_text()) for path in lists]
    by_path = {item["path"]: item for item in _all_items({products["content_id"]: products for products in files})}
    return [by_path[path] for path in sorted(by_path)]


def stream_root(directory: str | os.PathLike, name: str = "stable") -> pathlib.Path:
    return pathlib.Path(directory, "ephemeral-v3", name)


def keyring(directory: str | os.PathLike) -> pathlib.Path:
    return pathlib.Path(directory, "keyring.gpg")


def _all_items(files: dict[str, dict]):
    for products in files.values():
        for product in products["products"].values():
            for version in product["versions"].values():
                yield from version["items"].values()


def _folder(path: pathlib.Path) -> None:
    """Make a directory that everyone may read, whatever the umask."""
    if not path.is_dir():
        _folder(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(0o755)


def _write_item(path: pathlib.Path, key: str, size: int) -> str:
    """Write the content that belongs to `key`; its sha-256."""
    digest = hashlib.sha256()
    part = path.with_name(f"{path.name}.part")
    _folder(path.parent)
    with open(part, "wb") as stream:
        for block in content(key, size):
            digest.update(block)
            stream.write(block)
    part.chmod(0o644)
    part.rename(path)
    return digest.hexdigest()


def _remove_item(root: pathlib.Path, path: str) -> None:
    (root / path).unlink(missing_ok=True)
    for folder in (root / path).parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()


def _json(data: dict) -> str:
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def _write_whole(path: pathlib.Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    temporary.chmod(0o644)
    temporary.rename(path)


def _write_metadata(stem: pathlib.Path, plain: dict, signed: dict, signer: _Signer) -> None:
    _write_whole(stem.with_name(f"{stem.name}.json"), _json(plain))
    _write_whole(stem.with_name(f"{stem.name}.sjson"), signer.clearsign(_json(signed)))


class _Signer:
    """gpg with the key in DIR/gnupg, which is made at the first use; no agent outlives the `with` block.

    gpg reaches its home by a short link below /tmp: the path of the agent's socket may have 107 bytes at most.
    """

    def __init__(self, directory: pathlib.Path):
        self._home = directory / "gnupg"
        self._keyring = keyring(directory)

    def __enter__(self) -> _Signer:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._short = tempfile.TemporaryDirectory(prefix="lab-", dir="/tmp")
        os.symlink(self._home, f"{self._short.name}/g")
        if not self._keyring.exists():
            self._gpg("--quick-generate-key", SIGNER, "ed25519", "sign", "never")
            self._keyring.write_bytes(self._gpg("--export", SIGNER))
            self._keyring.chmod(0o644)
        return self

    def __exit__(self, *_exception) -> None:
        subprocess.run(["gpgconf", "--homedir", f"{self._short.name}/g", "--kill", "gpg-agent"], check=False)
        self._short.cleanup()

    def clearsign(self, text: str) -> str:
        return self._gpg("--digest-algo", "SHA512", "--clearsign", stdin=text.encode()).decode()

    def _gpg(self, *arguments: str, stdin: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", f"{self._short.name}/g", "--batch", "--quiet", "--no-tty",
                   "--pinentry-mode", "loopback", "--passphrase", "", *arguments]
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        except FileNotFoundError:
            raise LabError("gpg is not installed (apt-get install gnupg)") from None
        if done.returncode:
            raise LabError(f"{' '.join(command)} failed:\n{done.stderr.decode(errors='replace')}")
        return done.stdout


# --- command line ----------------------------------------------------------------------------------------------------

def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.command == "publish":
            publish(options.directory, options.name, options.keep, options.kinds)
        else:
            make(options.directory, _spec(options))
        listed = items(options.directory, options.name)
    except LabError as error:
        print(f"stream.py: {error}", file=sys.stderr)
        return 1
    print(f"{stream_root(options.directory, options.name)}: {len(listed)} files, "
          f"{sum(item['size'] for item in listed)} bytes; keyring {keyring(options.directory)}")
    return 0


def _spec(options: argparse.Namespace) -> Spec:
    publications = list(range(options.ahead, options.ahead + options.versions))
    kinds = [kind for kind in KINDS if getattr(options, kind, True)]
    return Spec(options.name, options.releases, options.arches, options.kernels, options.scale, options.products,
                dict.fromkeys(kinds, publications), publications[-1])


def _parser() -> argparse.ArgumentParser:
    def names(text: str) -> tuple[str, ...]:
        return tuple(name.strip() for name in text.split(",") if name.strip())

    parser = argparse.ArgumentParser(description="Make signed sample streams of MAAS images.")
    commands = parser.add_subparsers(dest="command", required=True)

    new = commands.add_parser("make", help="make a stream")
    new.add_argument("--releases", type=names, default=Spec.releases, help=f"of {','.join(RELEASES)}")
    new.add_argument("--arches", type=names, default=Spec.arches)
    new.add_argument("--kernels", type=names, default=Spec.kernels, help=f"of {','.join(KERNELS)}")
    new.add_argument("--scale", type=float, default=Spec.scale,
                     help="factor on upstream's sizes (default: %(default)s)")
    new.add_argument("--versions", type=int, default=2, choices=range(1, 100), metavar="N",
                     help="versions of each product (default: %(default)s)")
    new.add_argument("--ahead", type=int, default=0, metavar="N",
                     help="start N versions later; a candidate is ahead of stable by 1 and shares the other versions")
    new.add_argument("--products", type=int, default=0, metavar="N", help="N Ubuntu products with invented kernels")
    new.add_argument("--centos", action=argparse.BooleanOptionalAction, default=True)
    new.add_argument("--bootloaders", action=argparse.BooleanOptionalAction, default=True)

    more = commands.add_parser("publish", help="publish one more version in a stream that was made before")
    more.add_argument("--keep", type=int, default=0, metavar="N", help="list the newest N versions only (default: all)")
    more.add_argument("--kinds", type=names, default=("ubuntu",), help=f"of {','.join(KINDS)} (default: ubuntu)")

    for command in (new, more):
        command.add_argument("directory", metavar="DIR")
        command.add_argument("--name", default="stable", help="also the label (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
