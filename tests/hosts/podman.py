# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How podman has to be told to run hosts with systemd on this machine."""
from __future__ import annotations

import os
import resource
from pathlib import Path

CAP_SYS_RESOURCE = 24


def has_capability(number: int, status: str = "/proc/self/status") -> bool:
    """Whether this process holds the capability (its number as in linux/capability.h)."""
    for line in Path(status).read_text(encoding="utf-8").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def containers_conf() -> str:
    """The text of a containers.conf that this machine needs; empty where podman's own settings do."""
    containers, engine = [], []
    if not has_capability(CAP_SYS_RESOURCE):
        # podman would raise the limits above the hard ones, which takes this capability
        nofile = min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        nproc = min(32768, resource.getrlimit(resource.RLIMIT_NPROC)[1])
        containers = [f'default_ulimits = ["nofile={nofile}:{nofile}", "nproc={nproc}:{nproc}"]']
    if not os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        engine.append('runtime = "runc"')  # crun refuses hybrid cgroups
    if not os.path.isdir("/run/systemd/system"):
        engine += ['cgroup_manager = "cgroupfs"', 'events_logger = "file"']
    if not containers and not engine:
        return ""
    return "\n".join(["[containers]", *containers, "[network]", 'network_backend = "netavark"', "[engine]", *engine, ""])


def environment(directory: Path) -> dict[str, str]:
    """The variables that podman needs here; writes its settings below directory where there are any."""
    text = containers_conf()
    if "CONTAINERS_CONF" in os.environ or not text:
        return {}
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "containers.conf"
    path.write_text(text, encoding="utf-8")
    return {"CONTAINERS_CONF": str(path)}
