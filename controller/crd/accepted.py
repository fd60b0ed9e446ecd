"""The spec that a release in progress follows, as one versioned string for its status, and back.

A new leader may find a spec that cannot be read any more; this is what it holds, judges and aborts with. It is the spec
as the user wrote it, not our types: whoever reads it parses and defaults it as always.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from controller.core.release import Release
from controller.crd.parse import parse_release
from controller.crd.status.types import ACCEPTED_LIMIT
from controller.errors import InvalidRelease

_MARK = "1:"
"""The version of this form."""
_MOST_BYTES = 1 << 20
"""Of the spec itself: what is longer was not packed here."""


def pack_spec(obj: Mapping[str, Any]) -> str:
    """The spec of a Release (the whole object as JSON), at most ACCEPTED_LIMIT characters.

    One that takes more is kept without its limits: it can be held and aborted, but not be judged by them. "" when even
    that takes more.
    """
    spec = obj["spec"]
    lean = {**spec, "gates": {"none": True}}
    return next((text for text in map(_packed, (spec, lean)) if len(text) <= ACCEPTED_LIMIT), "")


def unpack_spec(text: str, obj: Mapping[str, Any]) -> Release | None:
    """The Release ``obj`` as if it had the spec in ``text``; None for what cannot be read."""
    if not text.startswith(_MARK):
        return None
    try:
        reader = zlib.decompressobj()
        spec = json.loads(reader.decompress(base64.b64decode(text.removeprefix(_MARK), validate=True), _MOST_BYTES))
        return parse_release({**obj, "spec": spec})
    except (binascii.Error, zlib.error, ValueError, InvalidRelease):
        return None


def _packed(spec: Mapping[str, Any]) -> str:
    plain = json.dumps(spec, sort_keys=True, separators=(",", ":")).encode()
    return _MARK + base64.b64encode(zlib.compress(plain, 9)).decode()
