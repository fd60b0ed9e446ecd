"""Custom resources: which checks follow which, and what a write of the status is judged by."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controller.sandbox.api.schema.custom import Custom, check_custom

Object = dict[str, Any]
_SCHEMA: Object = {
    "type": "object",
    "x-kubernetes-validations": [{"rule": "!has(self.status) || self.status.ready <= self.spec.size"}],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {"size": {"type": "integer", "maximum": 9}, "name": {"type": "string"}},
        },
        "status": {"type": "object", "properties": {"ready": {"type": "integer", "minimum": 0}}},
    },
}
KIND = Custom(_SCHEMA, namespaced=True, scale={"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.ready"})
GOOD: Object = {
    "apiVersion": "example.com/v1",
    "kind": "Widget",
    "metadata": {"name": "a", "namespace": "b", "uid": "1", "resourceVersion": "5"},
    "spec": {"size": 3},
}


def told(obj: Object, old: Object | None = None, subresource: str = "") -> list[str]:
    return [str(error) for error in check_custom(KIND, obj, old, subresource=subresource)]


def changed(**parts: Any) -> Object:
    return copy.deepcopy(GOOD) | parts


def test_a_good_one() -> None:
    assert told(GOOD) == []
    assert told(changed(status={"ready": 3}), GOOD, "status") == []


def test_rules_wait_for_the_shape() -> None:
    first, second = told(changed(spec={}, status={"ready": 1}))
    assert first == "spec.size: Required value"
    assert second.startswith("<nil>: Invalid value: null: some validation rules were not checked")


def test_rules_follow_values_that_are_only_too_big() -> None:
    found = told(changed(spec={"size": 10}, status={"ready": 11}))
    assert found[0] == "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9"
    assert found[1].endswith("failed rule: !has(self.status) || self.status.ready <= self.spec.size")


def test_what_did_not_change_is_not_judged_again() -> None:
    old = changed(spec={"size": 10})
    assert told(changed(spec={"size": 10, "name": "new"}), old) == []
    assert len(told(changed(spec={"size": 11}), old)) == 1


def test_the_status_is_judged_by_its_part_and_by_the_rules() -> None:
    old = changed(spec={"size": 10})
    (error, *_) = told(changed(spec={"size": 10}, status={"ready": -1}), old, "status")
    assert error == "status.ready: Invalid value: -1: ready in body should be greater than or equal to 0"
    (error,) = told(changed(status={"ready": 4}), GOOD, "status")
    assert "failed rule" in error


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (-1, ".spec.size: Invalid value: -1: should be a non-negative integer"),
        (2**31, ".spec.size: Invalid value: 2147483648: should be less than or equal to 2147483647"),
    ],
)
def test_replicas_fit_the_scale_subresource(size: int, text: str) -> None:
    assert text in told(changed(spec={"size": size}))
