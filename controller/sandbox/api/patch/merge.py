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
    """:func:`merge_patch` as an API server does it to a stored object.

    In one thing it goes beyond the RFC, as its library does: null members of objects in lists are dropped.
    Raises PatchError(400) for a patch that is no object.
    """
    if not isinstance(patch, dict):
        message = cannot_unmarshal(patch, "value of type map[string]interface {}")
        raise PatchError(400, "BadRequest", f"error decoding patch: {message}")
    result: dict[str, Any] = merge_patch(target, _without_nulls_in_lists(patch, in_list=False))
    return result


def _without_nulls_in_lists(value: Any, *, in_list: bool) -> Any:
    if isinstance(value, list):
        return [_without_nulls_in_lists(inner, in_list=True) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_nulls_in_lists(inner, in_list=in_list)
        for name, inner in value.items()
        if not (in_list and inner is None)
    }


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
