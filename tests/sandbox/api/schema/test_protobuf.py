"""Bodies in Kubernetes' protobuf. The encoder here is the tests' own; that of real kubectl is tried in test_kubectl."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.api.schema import builtins
from controller.sandbox.api.schema.protobuf import UnknownKind, read_protobuf

NUMBERS: dict[str, dict[str, Any]] = json.loads(
    resources.files("controller.sandbox.api.schema").joinpath("numbers.json").read_text()
)
NOT_IN_MESSAGES = {"apiVersion", "kind", "selfLink"}


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def body(api_version: str, kind: str, message: bytes) -> bytes:
    return b"k8s\0" + field(1, field(1, api_version) + field(2, kind)) + field(2, message) + field(3, "") + field(4, "")


def names(table: dict[str, Any]) -> set[str]:
    inner = (names(value) if isinstance(value, dict) else {value} for value in table.values())
    return set().union(*inner)


@pytest.mark.parametrize("definition", sorted(NUMBERS))
def test_every_field_has_its_number(definition: str) -> None:
    types = builtins.raw_definitions()[definition]["fields"]
    whole = {kind.definition for kind in builtins.kinds()} | {"DeleteOptions"}
    missing = set(types) - names(NUMBERS[definition]) - (NOT_IN_MESSAGES if definition in whole else {"selfLink"})
    assert not missing
    refers = {short.strip("[]{}") for short in types.values()} & set(builtins.raw_definitions())
    assert refers <= set(NUMBERS)


def test_a_config_map_with_bytes_and_labels() -> None:
    metadata = field(1, "c") + field(3, "") + field(8, b"") + field(11, field(1, "app") + field(2, "web"))
    message = (
        field(1, metadata) + field(2, field(1, "a") + field(2, "ä")) + field(3, field(1, "b") + field(2, b"\0\xff"))
    )
    assert read_protobuf(body("v1", "ConfigMap", message)) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "", "creationTimestamp": None, "labels": {"app": "web"}},
        "data": {"a": "ä"},
        "binaryData": {"b": "AP8="},
    }


def test_inlined_messages_numbers_and_quantities() -> None:
    secret = field(1, "s") + field(2, field(1, "k") + field(2, "f") + field(3, 0o400))
    volume = field(1, "v") + field(2, field(6, secret))
    action = field(1, "/") + field(2, field(1, 1) + field(2, 0) + field(3, "http"))
    probe = field(1, field(2, action)) + field(2, 5)
    limits = field(8, field(1, field(1, "cpu") + field(2, field(1, "200m"))))
    container = field(1, "a") + limits + field(11, probe) + field(7, field(1, "E") + field(2, ""))
    spec = field(1, volume) + field(2, container) + field(22, field(2, field(1, "key") + field(4, "NoExecute")))
    found = read_protobuf(body("v1", "Pod", field(2, spec) + field(99, "of a later release")))["spec"]
    assert found["volumes"] == [
        {"name": "v", "secret": {"secretName": "s", "items": [{"key": "k", "path": "f", "mode": 256}]}}
    ]
    (container_found,) = found["containers"]
    assert container_found["resources"] == {"limits": {"cpu": "200m"}}
    assert container_found["readinessProbe"] == {"httpGet": {"path": "/", "port": "http"}, "initialDelaySeconds": 5}
    assert container_found["env"] == [{"name": "E", "value": ""}]


def test_negative_numbers_times_and_either_or() -> None:
    lease = field(2, field(1, "me") + field(3, field(1, 1_700_000_000) + field(2, 123_456_000)))
    assert read_protobuf(body("coordination.k8s.io/v1", "Lease", lease))["spec"] == {
        "holderIdentity": "me",
        "acquireTime": "2023-11-14T22:13:20.123456Z",
    }
    budget = field(2, field(1, field(1, 0) + field(2, -1) + field(3, "")))
    assert read_protobuf(body("policy/v1", "PodDisruptionBudget", budget))["spec"] == {"minAvailable": -1}
    deletion = field(1, 0) + field(4, "Background")
    assert read_protobuf(body("v1", "DeleteOptions", deletion)) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Background",
    }


def test_who_may_what_of_somebody_with_extra_words() -> None:
    extra = field(4, field(1, "scopes") + field(2, field(1, "a") + field(1, "b")))
    found = read_protobuf(body("authorization.k8s.io/v1", "SubjectAccessReview", field(2, field(3, "bob")) + b""))
    assert found["spec"] == {"user": "bob"}
    table = NUMBERS["SubjectAccessReviewSpec"]
    number = next(int(key) for key, name in table.items() if name == "extra")
    message = field(2, extra.replace(varint(4 << 3 | 2), varint(number << 3 | 2), 1))
    found = read_protobuf(body("authorization.k8s.io/v1", "SubjectAccessReview", message))
    assert found["spec"] == {"extra": {"scopes": ["a", "b"]}}


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("example.com/v1", "Widget"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("apps/v2", "Deployment"),
        ("", ""),
    ],
)
def test_kinds_that_are_not_spoken(api_version: str, kind: str) -> None:
    with pytest.raises(UnknownKind):
        read_protobuf(body(api_version, kind, b""))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"{}", "does not begin with"),
        (b"k8s\0" + b"\x0a\xff\x01", "unexpected EOF"),
        (b"k8s\0" + b"\x0a" + b"\xff" * 11, "integer overflow"),
        (b"k8s\0" + b"\x0b", "illegal wireType 3"),
        (body("v1", "ConfigMap", field(1, 5)), "bytes were expected"),
        (body("v1", "ConfigMap", field(4, "x")), "a whole number was expected"),
        (body("v1", "ConfigMap", field(1, field(1, b"\xff"))), "utf-8"),
        (body("v1", "ConfigMap", field(1, field(8, field(1, 1 << 60)))), "no time"),
    ],
)
def test_broken_bodies_are_refused(message: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_protobuf(message)


@given(st.binary(max_size=60), st.sampled_from(["Pod", "Secret", "Event"]))
def test_any_bytes_are_an_object_or_an_error_with_a_name(data: bytes, kind: str) -> None:
    try:
        found = read_protobuf(body("v1", kind, data))
    except (ValueError, UnknownKind):
        return
    assert found["kind"] == kind
