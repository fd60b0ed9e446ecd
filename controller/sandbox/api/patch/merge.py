"""JSON Merge Patch, RFC 7386."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.patch.errors import PatchError
from controller.sandbox.api.patch.go_text import cannot_unmarshal
from controller.sandbox.api.patch.values import duplicate


def merge_patch(target: Any, patch: Any) -> Any:
    """``target`` with ``patch`` merged into it; both stay untouched and the result shares nothing with them.

    The function of RFC 7386, section 2: null removes, objects merge, anything else (lists too) replaces.
    """
    if not isinstance(patch, dict):
        return duplicate(patch)
    result = duplicate(target) if isinstance(target, dict) else {}
    _merge_into(result, patch)
    return result


def merge_patch_object(target: dict[str, Any], patch: Any) -> dict[str, Any]:
    """:func:`merge_patch` for a stored object. Raises PatchError(400) for a patch that is no object."""
    if not isinstance(patch, dict):
        message = cannot_unmarshal(patch, "value of type map[string]interface {}")
        raise PatchError(400, "BadRequest", f"error decoding patch: {message}")
    result: dict[str, Any] = merge_patch(target, patch)
    return result


def _merge_into(result: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            inner = result.get(name)
            if not isinstance(inner, dict):
                inner = result[name] = {}
            _merge_into(inner, value)
        else:
            result[name] = duplicate(value)
