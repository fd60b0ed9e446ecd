from __future__ import annotations

from controller.cluster.patches import json_at, merge_at


def test_a_merge_patch_carries_its_version_and_leaves_the_callers_alone() -> None:
    patch = {"metadata": {"labels": {"a": "b"}}, "spec": {"x": 1}}
    assert merge_at(patch, "7") == {"metadata": {"labels": {"a": "b"}, "resourceVersion": "7"}, "spec": {"x": 1}}
    assert patch == {"metadata": {"labels": {"a": "b"}}, "spec": {"x": 1}}
    assert merge_at({"spec": {}}, "7") == {"spec": {}, "metadata": {"resourceVersion": "7"}}
    assert merge_at(patch, None) == patch


def test_a_json_patch_replaces_the_version_first() -> None:
    operations = [{"op": "remove", "path": "/spec/x"}]
    assert json_at(operations, "7") == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "remove", "path": "/spec/x"},
    ]
    assert json_at(operations, None) == operations
