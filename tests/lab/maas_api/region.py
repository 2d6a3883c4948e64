# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The region controller: which path, method and operation is answered by whom, for whom."""
from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import about, answer, cache, importer, mirror, notices, resources, selections, settings, sources
from .answer import Answer, Refusal
from .auth import Door, User
from .jobs import Jobs
from .mirror import Product
from .request import Request
from .state import Source, State
from .versions import Version, first_notifications
from .wire import Wire

BASE = "/MAAS/api/2.0/"

_NOT_ALLOWED = "User is not allowed access to this API."
_RESERVED = "This method is reserved for admin users."
_ENTITLED = ("User does not have permission to perform this operation. The user should have permission "
             "'can_{right}'")


@dataclass
class Options:
    """What an installation is like; times in seconds."""

    install: str = "deb"
    default_url: str = "http://images.maas.io/ephemeral-v3/stable"
    default_keyring: str = ""
    arch: str = "amd64"
    host: str = "localhost:5240"
    cache_delay: float = 1.0  # until a change of a source has been read
    retry_delay: float = 2.0  # between tries of a bad file
    give_up: float = 7200.0  # of a bad file
    keyrings: dict[str, str] = field(default_factory=dict)  # path on MAAS' host -> file here
    unreachable: set[str] = field(default_factory=set)
    verbose: bool = False


@dataclass(frozen=True)
class Route:
    """An operation: `who` may use it: anyone, user, admin (for the whole endpoint), or reserved (this operation)."""

    handler: Callable[..., Answer]
    who: str = "user"
    right: str = "edit_boot_entities"  # what 3.8 asks of those who are not administrators


_VIEW = {"who": "admin", "right": "view_boot_entities"}
_EDIT = {"who": "admin"}

# path -> method -> operation -> who answers
ROUTES: dict[str, dict[str, dict[str | None, Route]]] = {
    r"boot-sources/": {
        "GET": {None: Route(sources.index, **_VIEW)},
        "POST": {None: Route(sources.create, **_EDIT)},
    },
    r"boot-sources/([^/]+)/": {
        "GET": {None: Route(sources.read, **_VIEW)},
        "PUT": {None: Route(sources.update, **_EDIT)},
        "DELETE": {None: Route(sources.delete, **_EDIT)},
    },
    r"boot-sources/([^/]+)/selections/": {
        "GET": {None: Route(selections.index, **_VIEW)},
        "POST": {None: Route(selections.create, **_EDIT)},
    },
    r"boot-sources/([^/]+)/selections/([^/]+)/": {
        "GET": {None: Route(selections.read, **_VIEW)},
        "PUT": {None: Route(selections.update, **_EDIT)},
        "DELETE": {None: Route(selections.delete, **_EDIT)},
    },
    r"boot-resources/": {
        "GET": {None: Route(resources.index), "is_importing": Route(resources.is_importing)},
        "POST": {"import": Route(resources.start, "reserved"), "stop_import": Route(resources.stop, "reserved")},
    },
    r"boot-resources/([^/]+)/": {
        "GET": {None: Route(resources.read)},
        "DELETE": {None: Route(resources.delete, "reserved")},
    },
    r"maas/": {
        "GET": {"get_config": Route(settings.get)},
        "POST": {"set_config": Route(settings.put, "reserved", "edit_configurations")},
    },
    r"notifications/": {"GET": {None: Route(notices.index)}},
    r"notifications/([^/]+)/": {"GET": {None: Route(notices.read)}, "POST": {"dismiss": Route(notices.dismiss)}},
    r"events/": {"GET": {"query": Route(notices.events)}},
    r"users/": {"GET": {"whoami": Route(about.whoami)}},
    r"version/": {"GET": {None: Route(about.version, "anyone")}},
    r"describe/": {"GET": {None: Route(about.describe, "anyone")}},
}


class Region:
    """One MAAS."""

    def __init__(self, version: Version, users: list[User], options: Options | None = None,
                 jobs: Jobs | None = None) -> None:
        self.version = version
        self.options = options or Options()
        self.lock = threading.RLock()
        self.jobs = jobs or Jobs()
        self.state = State(version)
        self.syncing = False  # 3.8: an import has read the manifests
        self._door = Door(users)
        self._importing = False
        self._stop = threading.Event()
        for told in first_notifications(version, self.options.host):
            self.state.notifications.append({"id": self.state.next_id("notification"), **told})
        sources.default(self)

    # answering

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        try:
            with self.lock:
                return self._answer(request)
        except Refusal as refusal:
            if refusal.answer.status == 404 and self.version.terse_404:
                refusal.answer.body = b"Not Found"
            return refusal.answer

    def _answer(self, request: Request) -> Answer:
        beside = about.beside(self.version, request)
        if beside:
            return beside
        for pattern, methods in ROUTES.items():
            match = re.fullmatch(BASE + pattern, request.path)
            if match:
                return self._admit(request, methods).handler(self, request, *match.groups())
        raise answer.unknown_endpoint(request.path)

    def _admit(self, request: Request, methods: dict[str, dict[str | None, Route]]) -> Route:
        """The operation, for a user who may use it. Raises Refusal."""
        if "sessionid=" in request.headers.get("cookie", "") and request.method not in ("GET", "HEAD"):
            # 3.4 names no charset here
            raise Refusal(answer.page(403, "403 Forbidden", answer.COOKIE, charset=bool(self.version.deprecations)))
        user = request.user = self._door.user(request)
        routes = methods.get(request.method, {})
        route = routes.get(request.op)
        example = route or next(iter(next(iter(methods.values())).values()))
        if example.who == "admin":
            self._check_admin(user, example)
        elif example.who != "anyone" and user is None:
            raise answer.anonymous()
        if not routes:
            raise answer.wrong_method()
        if route is None:
            raise answer.bad(f"Unrecognised signature: method={request.method} op={request.op}")
        if route.who == "reserved" and user is not None and not user.admin:
            raise answer.forbidden(_ENTITLED.format(right=route.right) if self.version.entitlements else _RESERVED)
        if request.method == "GET" and request.asked("format", "json") != "json":
            raise answer.bad_format(request.asked("format"))
        return route

    def _check_admin(self, user: User | None, route: Route) -> None:
        if self.version.entitlements:
            if user is None:
                raise answer.anonymous()
            if not user.admin:
                raise answer.forbidden(_ENTITLED.format(right=route.right))
        elif user is None or not user.admin:
            raise answer.forbidden(_NOT_ALLOWED)

    # what a request sets off

    def source_changed(self, source: Source) -> None:
        """A source was written. Up to 3.7 nothing follows from a change of the first one."""
        if self.version.many_sources:
            self.refresh(source.id)
        elif source.id != 1:
            self.refresh()

    def refresh(self, only: int | None = None) -> None:
        """Have sources read soon."""
        self.jobs.submit("cache", f"refresh {only}", lambda: self._refresh(only))

    def _refresh(self, only: int | None) -> None:
        cache.refresh(self, only, lambda: False)

    @property
    def importing(self) -> bool:
        """What is_importing says."""
        if self.version.many_sources:
            return self.syncing and not self._stop.is_set()
        return self._importing

    def start_import(self) -> None:
        """Start an import, unless one runs."""
        with self.lock:
            if self._importing:
                return
            self._importing = True
            self._stop.clear()
        self.jobs.submit("import", "import", self._import)

    def stop_import(self) -> None:
        """Have the import end before its next file."""
        if self._importing:
            self._stop.set()
            self.jobs.wake()

    def stopping(self) -> bool:
        """Whether the import that runs was told to stop."""
        return self._stop.is_set()

    def _import(self) -> None:
        try:
            importer.run(self)
        finally:
            with self.lock:
                self._importing = self.syncing = False
                self._stop.clear()

    # what background work needs

    def read(self, source: Source) -> list[Product]:
        """What a source offers now. Raises what mirror.read does."""
        return mirror.read(source, self.wire(), self.options.keyrings, self.version.many_sources, self.version.numbers)

    def wire(self) -> Wire:
        """How this host reaches mirrors now."""
        with self.lock:
            setting = self.state.setting
            hosts = {urlsplit(one.url).hostname or "" for one in self.state.sources}
            return Wire(f"maas/{self.version.name}/lab", self.options.unreachable,
                        (setting("http_proxy") or "") if setting("enable_http_proxy") else "",
                        hosts if setting("boot_images_no_proxy") else set())

    def log(self, words: str) -> None:
        """What a real one would write to its log."""
        if self.options.verbose:
            print(words, file=sys.stderr, flush=True)
