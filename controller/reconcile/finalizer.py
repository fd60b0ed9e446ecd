"""The finalizer: a Release that may own anything is not gone before it was handed back.

It is set before the first object is touched, and taken off last; a Release without it owns nothing.
"""

from __future__ import annotations

from typing import Any

from controller.cluster import Object

FINALIZER = "sluice.dev/hand-back"


def is_held(obj: Object) -> bool:
    """Whether a Release has our finalizer."""
    return FINALIZER in _all(obj)


def held(obj: Object) -> dict[str, Any]:
    """The patch that sets it, beside those of others."""
    return {"metadata": {"finalizers": [*_all(obj), FINALIZER]}}


def released(obj: Object) -> dict[str, Any]:
    """The patch that takes it off and leaves those of others."""
    return {"metadata": {"finalizers": [one for one in _all(obj) if one != FINALIZER]}}


def _all(obj: Object) -> list[str]:
    return list(obj["metadata"].get("finalizers") or [])
