"""Every row of the tables: what is refused, in a real server's words. test_api.py asks a server the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.sandbox.api.schema.checks import check
from controller.sandbox.api.schema.custom import Custom, check_custom
from controller.sandbox.api.schema.decode import DecodeError, decode_builtin, decode_custom
from controller.sandbox.api.schema.defaults import set_defaults

Object = dict[str, Any]
Same = Callable[[list[str], list[str]], bool]


def _prepared(obj: Object) -> str:
    """Decode and default in place; the group."""
    api_version: str = obj["apiVersion"]
    group, _, version = api_version.rpartition("/")
    decode_builtin(group, version, obj["kind"], obj)
    set_defaults(group, obj["kind"], obj)
    return group


def _told(case: Object) -> dict[str, Any]:
    first: Object = case["first"]
    first["metadata"]["uid"] = "u-1"
    try:
        group, old, obj = _prepared(first), None, first
        if "then" in case:
            first["metadata"].update(resourceVersion="1", generation=1)
            old, obj = first, case["change"](first)
            _prepared(obj)
    except DecodeError as error:
        return {"decode": str(error)}
    namespaced = obj["kind"] not in ("Namespace", "CustomResourceDefinition")
    below = case.get("subresource", "")
    found = check(group, obj["kind"], obj, old, namespaced=namespaced, subresource=below)
    return {"errors": [str(error) for error in found]}


def _compare(case: Object, told: dict[str, Any], same: Same) -> None:
    if "decode" in case:
        assert told == {"decode": case["decode"]}
    else:
        assert same(case["errors"], told.get("errors", [str(told)])), told


def test_builtin(builtin_case: Object, same_errors: Same) -> None:
    _compare(builtin_case, _told(builtin_case), same_errors)


def test_crd(crd_case: Object, same_errors: Same) -> None:
    _compare(crd_case, _told(crd_case), same_errors)


def test_custom_resource(widget_case: Object, widget_crd: Object, same_errors: Same) -> None:
    version = widget_crd["spec"]["versions"][0]
    kind = Custom(version["schema"]["openAPIV3Schema"], True, version["subresources"]["scale"])
    first: Object = widget_case["first"]
    try:
        decode_custom(kind.schema, first)
        old, obj = None, first
        if "then" in widget_case:
            first["metadata"].update(resourceVersion="1", generation=1, uid="u-1")
            old, obj = first, widget_case["change"](first)
            decode_custom(kind.schema, obj)
        errors = check_custom(kind, obj, old, subresource=widget_case.get("subresource", ""))
        told: dict[str, Any] = {"errors": [str(error) for error in errors]}
    except DecodeError as error:
        told = {"decode": str(error)}
    _compare(widget_case, told, same_errors)
