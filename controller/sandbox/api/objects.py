"""What a body must be to become an object: its type, its known fields, its defaults, its checks."""

from __future__ import annotations

from functools import cache
from typing import Any

from controller.sandbox.api.content import decode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.request import Call, WriteOptions
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.schema import checks, metadata, structural
from controller.sandbox.api.schema.decode import DecodeError, decode_builtin, decode_custom
from controller.sandbox.api.schema.defaults import set_defaults
from controller.sandbox.api.schema.errors import FieldError
from controller.sandbox.client import Object


def read_object(call: Call, resource: Resource) -> tuple[Object, list[str]]:
    """The body as an object of this kind, and the fields that stand twice. Raises Failure(400, 415)."""
    value, doubles = decode(call.body, call.content_type)
    return checked_type(value, resource), doubles


def checked_type(value: Any, resource: Resource) -> Object:
    """The value, if it is an object of this kind and version. Raises Failure(400)."""
    if not isinstance(value, dict):
        raise Failure.bad_request(f"a {resource.kind} is an object, not {type(value).__name__}")
    given, kind = value.get("apiVersion") or resource.api_version, value.get("kind") or resource.kind
    if kind != resource.kind or given.rpartition("/")[0] != resource.group:
        version = given.rpartition("/")[2]
        raise Failure.bad_request(
            f'{kind} in version "{version}" cannot be handled as a {resource.kind}: '
            f"the path is that of {resource.kind} in {resource.api_version}"
        )
    if given != resource.api_version:
        raise Failure.bad_request(
            f"the API version in the data ({given}) does not match the expected API version ({resource.api_version})"
        )
    if not isinstance(value.get("metadata", {}), dict | None):
        raise Failure.bad_request("metadata: must be an object")
    value["apiVersion"], value["kind"] = resource.api_version, resource.kind
    value["metadata"] = value.get("metadata") or {}
    return value


def settle(call: Call, resource: Resource, item: Object, options: WriteOptions, doubles: list[str]) -> None:
    """Unknown fields away and defaults in, in place; fieldValidation says what becomes of unknown fields.

    Raises Failure(400) for a value of a wrong type, and for unknown fields where they are to be refused.
    """
    decoded(call, resource, item, options, doubles)
    set_defaults(resource.group, resource.kind, item)


def decoded(call: Call, resource: Resource, item: Object, options: WriteOptions, doubles: list[str]) -> None:
    """The first half of :func:`settle`: without a built-in kind's defaults."""
    try:
        if resource.custom:
            unknown = decode_custom(resource.schema(), item)
        else:
            unknown = decode_builtin(resource.group, resource.version, resource.kind, item)
    except DecodeError as error:
        raise _unusable(resource, str(error)) from None
    found = doubles + [f'unknown field "{path}"' for path in unknown]
    if found and options.validation == "Strict":
        raise _unusable(resource, f"strict decoding error: {', '.join(found)}")
    if options.validation == "Warn":
        call.warnings += found


@cache
def first_status(group: str, version: str, kind: str) -> Object:
    """The status of a built-in kind before anybody wrote it; the caller copies it."""
    item: Object = {"metadata": {}, "status": {}}
    decode_builtin(group, version, kind, item)
    return item.get("status") or {}


def _unusable(resource: Resource, why: str) -> Failure:
    kind = resource.kind
    return Failure.bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}')


def check(call: Call, resource: Resource, item: Object, old: Object | None) -> None:
    """Raises Failure(422) with everything that is wrong."""
    if resource.custom:
        call.warnings += metadata.finalizer_warnings(item["metadata"], None if old is None else old["metadata"])
        faults = _check_custom(resource, item, old)
    else:
        faults = checks.check(
            resource.group,
            resource.kind,
            item,
            old,
            namespaced=resource.namespaced,
            subresource=call.target.subresource,
        )
    if faults:
        raise Failure.invalid(resource.group, resource.kind, item["metadata"].get("name", ""), faults)


def _check_custom(resource: Resource, item: Object, old: Object | None) -> list[FieldError]:
    schema = resource.schema()
    if old is None:
        faults = metadata.check_create(item["metadata"], namespaced=resource.namespaced)
        faults += structural.validate(schema, item)
    else:
        faults = metadata.check_update(item["metadata"], old["metadata"])
        faults += structural.validate(schema, item, old)
    return faults + structural.check_lists(schema, item)
