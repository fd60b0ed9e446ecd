"""What a body must be to become an object: its type, its known fields, its defaults, its checks."""

from __future__ import annotations

from functools import cache

from controller.sandbox.api.content import Unreadable, decode, encode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.request import Call, WriteOptions
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.schema import checks, errors, metadata
from controller.sandbox.api.schema.custom import Custom, check_custom
from controller.sandbox.api.schema.decode import DecodeError, decode_builtin, decode_custom
from controller.sandbox.api.schema.defaults import set_defaults
from controller.sandbox.client import Object


def read_object(call: Call, resource: Resource) -> tuple[Object, list[str]]:
    """The body as an object of this kind, and a sentence for each field that stands twice. Raises Failure(400, 415)."""
    try:
        value, doubles = decode(call.body, call.content_type)
        if not isinstance(value, dict):
            raise Unreadable(f"this is not an object but a {type(value).__name__}")
    except Unreadable as error:
        why = f"couldn't get version/kind; json parse error: {error}"
        raise Failure.bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): {why}"
        ) from None
    if resource.custom and not value.get("kind"):
        text = call.body.decode(errors="replace")
        raise _unrecognized(resource, f"Object 'Kind' is missing in '{text}'")
    return checked_type(value, resource), doubles


def checked_type(value: Object, resource: Resource) -> Object:
    """The value, if it is an object of this kind and version. Raises Failure(400), or 422 for a custom resource."""
    given, kind = value.get("apiVersion") or "", value.get("kind") or ""
    if resource.custom:
        if given != resource.api_version:
            why = f"does not match the expected API version ({resource.api_version})"
            raise Failure.bad_request(f"the API version in the data ({given}) {why}")
        if kind != resource.kind:
            fault = errors.invalid("kind", kind, f"must be {resource.kind}")
            raise Failure.invalid(resource.group, kind, (value.get("metadata") or {}).get("name", ""), [fault])
    elif (given or resource.api_version, kind or resource.kind) != (resource.api_version, resource.kind):
        version = (given or resource.api_version).rpartition("/")[2]
        why = f'the path is that of a {resource.kind} in version "{resource.api_version}"'
        if given not in ("", resource.api_version):
            why = f'no kind "{kind}" is registered for version "{given}" here'
        raise Failure.bad_request(
            f'{kind or resource.kind} in version "{version}" cannot be handled as a {resource.kind}: {why}'
        )
    value["apiVersion"], value["kind"] = resource.api_version, resource.kind
    if not isinstance(value.get("metadata", {}), dict | None):
        wrong = _JSON_NAMES.get(type(value["metadata"]), "number")
        why = f"json: cannot unmarshal {wrong} into Go struct field {resource.kind}.metadata of type v1.ObjectMeta"
        raise _unusable(resource, why)
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
            # What comes of an apply is not decoded again: its nulls are told, not dropped.
            unknown = decode_custom(resource.schema(), item, keep_nulls=call.applies)
        else:
            unknown = decode_builtin(resource.group, resource.version, resource.kind, item)
    except DecodeError as error:
        if call.verb == "patch":
            raise Failure.invalid("", "", "", [errors.invalid("patch", encode(item).decode(), str(error))]) from None
        raise _unusable(resource, str(error)) from None
    found = doubles + [f'unknown field "{path}"' for path in unknown]
    if found and options.validation == "Strict":
        why = f"strict decoding error: {', '.join(found)}"
        if call.verb == "patch":
            fault = errors.invalid("patch", encode(item).decode(), why)
            raise Failure.invalid("", "", "", [fault])
        raise _unusable(resource, why)
    if options.validation == "Warn":
        call.warnings += found


@cache
def first_status(group: str, version: str, kind: str) -> Object:
    """The status of a built-in kind before anybody wrote it; the caller copies it."""
    item: Object = {"metadata": {}, "status": {}}
    decode_builtin(group, version, kind, item)
    return item.get("status") or {}


_JSON_NAMES = {bool: "bool", str: "string", list: "array"}


def _unrecognized(resource: Resource, why: str) -> Failure:
    return Failure.bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {why}")


def _unusable(resource: Resource, why: str) -> Failure:
    kind = resource.kind
    return Failure.bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}')


def check(call: Call, resource: Resource, item: Object, old: Object | None) -> None:
    """Raises Failure(422) with everything that is wrong; what is only odd is added to the call's warnings."""
    if resource.custom:
        call.warnings += metadata.finalizer_warnings(item["metadata"], None if old is None else old["metadata"])
        kind = Custom(resource.schema(), resource.namespaced, resource.scale_texts)
        faults = check_custom(kind, item, old, subresource=call.target.subresource)
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
    if not resource.custom:
        call.warnings += checks.warnings(resource.group, resource.kind, item, old)
