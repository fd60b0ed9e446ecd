from __future__ import annotations

from typing import Any

from controller.sandbox.api.scaleowners import to_object, to_scale

PATH = ("spec", "size")


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    base = {"manager": manager, "operation": "Update", "apiVersion": "x.io/v1", "fieldsType": "FieldsV1"}
    return {**base, "fieldsV1": fields, **more}


def test_only_owners_of_the_replicas_are_owners_of_the_scale() -> None:
    entries = [entry("a", {"f:spec": {"f:size": {}, "f:x": {}}}), entry("b", {"f:spec": {"f:x": {}}})]
    found = to_scale(entries, PATH)
    assert [(one["manager"], one["apiVersion"]) for one in found] == [("a", "autoscaling/v1")]
    assert found[0]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}


def test_who_loses_the_replicas_keeps_the_rest() -> None:
    entries = [entry("a", {"f:spec": {"f:size": {}, "f:x": {}}}), entry("b", {"f:spec": {".": {}, "f:size": {}}})]
    taken = [entry("c", {"f:spec": {"f:replicas": {}}}, apiVersion="autoscaling/v1", subresource="scale")]
    found = {one["manager"]: one for one in to_object(entries, taken, PATH, "x.io/v1")}
    assert set(found) == {"a", "c"}
    assert found["a"]["fieldsV1"] == {"f:spec": {"f:x": {}}}
    assert found["c"]["fieldsV1"] == {"f:spec": {"f:size": {}}}
    assert (found["c"]["subresource"], found["c"]["apiVersion"]) == ("scale", "x.io/v1")
    assert "time" not in found["c"]


def test_nothing_changes_when_nobody_new_wrote() -> None:
    entries = [entry("a", {"f:spec": {"f:size": {}}}, time="2026-01-01T00:00:00Z")]
    assert to_object(entries, to_scale(entries, PATH), PATH, "x.io/v1") == entries
