# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of the MAAS API 2.0 for images; `maas.py --help` says what it can do."""
from __future__ import annotations

import sys

from maas_api.command import main

if __name__ == "__main__":
    sys.exit(main())
