"""JSON Merge Patch, RFC 7386."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.patch.values import duplicate


def merge_patch(target: Any, patch: Any) -> Any:
    """``target`` with ``patch`` merged into it; both stay untouched and the result shares nothing with them.

    The function of RFC 7386, section 2: null removes, objects merge, anything else (lists too) replaces. Whether a
    patch that is no object is acceptable is for the caller: an API server refuses it.
    """
    if not isinstance(patch, dict):
        return duplicate(patch)
    result = duplicate(target) if isinstance(target, dict) else {}
    _merge_into(result, patch)
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
