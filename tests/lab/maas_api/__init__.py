# Copyright (c) 2026, imagemirror.maas contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of the MAAS API 2.0 for images: it answers, reads mirrors and imports as MAAS 3.4, 3.7 and 3.8 do.

What it answers was recorded from real servers (tests/lab/transcripts); tests/contract holds it to that.

    request  -> answer       what comes in, what goes out
    auth                     who is asking
    sources selections resources settings notices events about    the endpoints
    region                   routes, permissions, and the one lock
    cache importer           what runs in the background, over mirror (metadata), gpgv and wire (HTTP)
    versions                 every difference between the versions of MAAS
    lab                      what tests may ask of it, outside /MAAS
"""
