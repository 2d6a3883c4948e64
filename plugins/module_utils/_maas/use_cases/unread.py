# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that MAAS has not read yet: tell a wrong name from one not read, see to it that it is read, say why not."""

from __future__ import annotations

from ansible_collections.imagemirror.maas.plugins.module_utils._maas import notifications, stream
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.entities import boot_source, image, offer, selection
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import InputError, MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.reconcile import Unread
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import without_password
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.words import scrub

# An import that runs already may have read the sources before the change: one more, after it, has not
_MOST_IMPORTS = 2


class UnreadSource(Unread):
    """Of one source, for the selections made in it."""

    def __init__(self, client, source, may_import=False):
        """`source` is the BootSource; `may_import`: start an import where nothing else makes MAAS read it."""
        self._client = client
        self._source = source
        self._may_import = may_import
        self._imports = 0
        self._products = None
        self._why_not = ""

    @property
    def import_started(self):
        """True if an import was started."""
        return self._imports > 0

    @property
    def products(self):
        """[Product] that the stream offers, read once; None if it can't be read from here."""
        if self._products is None and not self._why_not:
            try:
                self._products = stream.read(self._client.fetch, self._source.url)
            except MaasError as error:
                self._why_not = scrub(str(error), self._client.secrets)
        return self._products

    def check(self, wanted):
        """InputError if the stream, where it can be read from here, has not what the selection `wanted` wants."""
        refusal = self.products is not None and offer.refusal(wanted, self.products, self._client.version)
        if refusal:
            raise InputError("%s (read from %s)" % (refusal, without_password(self._source.url)))

    def refused(self, step, error):
        """As Unread.refused. The source that MAAS does not read by itself is read by an import."""
        self.check(selection.from_options(step.fields))
        if not self._needs_import() or self._imports >= _MOST_IMPORTS:
            return
        if not self._may_import:
            raise MaasError(
                "%s MAAS %s reads the boot source with id %d again only when an import runs. Start one "
                "(imagemirror.maas.boot_resource_import), or set import_unread."
                % (error, self._client.version, boot_source.FIRST_ID),
                **error.data,
            )
        if not self._client.get(image.PATH, op="is_importing"):
            self._imports += 1
            self._client.post(image.START)

    def _needs_import(self):
        return self._source.id == boot_source.FIRST_ID and not self._client.version.several_sources

    def over(self, step, error):
        """As Unread.over, with what else is known."""
        told = notifications.read(self._client)
        parts = [
            "%s MAAS says this also of a source that it has not read, and it has not read %s within %d s (wait_timeout)."
            % (error, without_password(self._source.url), step.patience),
            notifications.explanation(told, self._client.version),
        ]
        if self._why_not:
            parts.append("From here the stream can't be read either: %s" % self._why_not)
        elif self._products is not None:
            parts.append("From here the stream can be read, and it offers what was asked for.")
        return MaasError(" ".join(parts), **dict(error.data, notifications=notifications.texts(told)))
