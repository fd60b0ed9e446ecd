"""What a body must be to become an object: its type, its known fields, its defaults, its checks."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.content import decode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.request import Call, WriteOptions
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.schema import structural
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
    """Unknown fields away and defaults in, in place; fieldValidation says what becomes of unknown fields."""
    schema = resource.schema()
    unknown = doubles + [f'unknown field "{path}"' for path in structural.prune(schema, item)]
    if unknown and options.validation == "Strict":
        version = resource.api_version.rpartition("/")[2]
        raise Failure.bad_request(
            f'{resource.kind} in version "{version}" cannot be handled as a {resource.kind}: '
            f"strict decoding error: {', '.join(unknown)}"
        )
    if options.validation == "Warn":
        call.warnings += unknown
    structural.default(schema, item)


def check(resource: Resource, item: Object, old: Object | None) -> None:
    """Raises Failure(422) with everything that is wrong."""
    schema = resource.schema()
    faults = structural.validate(schema, item) if old is None else structural.validate(schema, item, old)
    faults += structural.check_lists(schema, item)
    if faults:
        raise Failure.invalid(resource.group, resource.kind, item["metadata"].get("name", ""), faults)
