# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an AnsibleModule to a use case and back: one try, one except, one exit."""

from __future__ import annotations

import os

from ansible_collections.imagemirror.maas.plugins.module_utils._maas.client import Client
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.errors import MaasError
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.oauth import parse_api_key
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.transport import ReadOnlyTransport, Transport
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.url import api_root, password_of
from ansible_collections.imagemirror.maas.plugins.module_utils._maas.words import long_enough


def run(module, use_case):
    """End the module with what `use_case(client, options, check_mode)` returns, or with its error."""
    try:
        client = connect(module)
        client.check_version()  # first of all, so that a URL that is no MAAS is told as such
        result = use_case(client, module.params, module.check_mode)
    except MaasError as error:
        module.fail_json(msg=str(error), **error.data)
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    module.exit_json(**result)


def connect(module):
    """The Client that the module's options describe; one that can't write in check mode."""
    options = module.params
    if options["timeout"] < 1:
        raise MaasError("timeout is %d; it must be at least 1 second." % options["timeout"])
    if options["ca_path"] and not os.path.isfile(options["ca_path"]):
        raise MaasError("ca_path %s is no file on the host that runs the module." % options["ca_path"])
    key = parse_api_key(options["api_key"])
    # A server may repeat one part of the key, or a password in a URL, where no_log knows only the whole.
    passwords = [password_of(options.get(name)) for name in ("url", "match_url", "boot_source_url", "http_proxy")]
    module.no_log_values.update(long_enough(list(key) + passwords))
    transport = Transport(options["timeout"], options["validate_certs"], options["ca_path"])
    if module.check_mode:
        transport = ReadOnlyTransport(transport)
    return Client(api_root(options["api_url"]), key, transport)
