"""ObjectMeta is judged as the real server judges it; the wording is that of its Go code."""

from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.api.schema import metadata

Object = dict[str, Any]
GOOD: Object = {"name": "a", "namespace": "b"}
STORED: Object = {**GOOD, "uid": "1", "resourceVersion": "5"}


def test_good_metadata() -> None:
    assert metadata.check_create(GOOD, namespaced=True) == []
    assert metadata.check_create({"name": "a.b"}, namespaced=False) == []
    assert metadata.check_update(STORED, STORED) == []


@pytest.mark.parametrize(
    ("given", "namespaced", "told"),
    [
        ({}, False, ["metadata.name: Required value: name or generateName is required"]),
        ({"name": "a"}, True, ["metadata.namespace: Required value"]),
        ({"name": "a", "namespace": "b"}, False, ["metadata.namespace: Forbidden: not allowed on this type"]),
        (
            {**GOOD, "generation": -1},
            True,
            ["metadata.generation: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {**GOOD, "finalizers": ["orphan", "foregroundDeletion"]},
            True,
            [
                (
                    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: '
                    "finalizer orphan and foregroundDeletion cannot be both set"
                )
            ],
        ),
    ],
)
def test_refused_on_creation(given: Object, namespaced: bool, told: list[str]) -> None:
    assert [str(error) for error in metadata.check_create(given, namespaced=namespaced)] == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"resourceVersion": ""}, ['metadata.resourceVersion: Invalid value: "": must be specified for an update']),
        ({"uid": "2"}, ['metadata.uid: Invalid value: "2": field is immutable']),
        ({"name": "c"}, ['metadata.name: Invalid value: "c": field is immutable']),
    ],
)
def test_refused_on_update(change: Object, told: list[str]) -> None:
    assert [str(error) for error in metadata.check_update({**STORED, **change}, STORED)] == told


def test_no_new_finalizers_while_it_is_being_deleted() -> None:
    going = {**STORED, "deletionTimestamp": "2025-01-01T00:00:00Z", "finalizers": ["a/b"]}
    assert metadata.check_update({**going, "finalizers": []}, going) == []
    (error,) = metadata.check_update({**going, "finalizers": ["a/b", "c/d"]}, going)
    assert str(error) == (
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"c/d"}'
    )
