from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import objects

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "podinfo",
        "namespace": "shop",
        "uid": "u1",
        "generation": 3,
        "resourceVersion": "12",
        "labels": {"a": "b"},
        "annotations": {"c": "d"},
    },
    "status": {"conditions": [{"type": "Progressing", "status": "True"}, {"type": "Available", "status": "False"}]},
}


def test_what_an_object_says_of_itself() -> None:
    assert objects.name(DEPLOYMENT) == "podinfo"
    assert objects.namespace(DEPLOYMENT) == "shop"
    assert objects.uid(DEPLOYMENT) == "u1"
    assert objects.generation(DEPLOYMENT) == 3
    assert objects.resource_version(DEPLOYMENT) == "12"
    assert objects.labels(DEPLOYMENT) == {"a": "b"}
    assert objects.annotations(DEPLOYMENT) == {"c": "d"}
    assert objects.where(DEPLOYMENT) == "Deployment shop/podinfo"
    assert objects.where({"kind": "Namespace", "metadata": {"name": "shop"}}) == "Namespace shop"
    assert not objects.deleting(DEPLOYMENT)
    assert objects.deleting({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
    available = objects.condition(DEPLOYMENT, "Available")
    assert available is not None
    assert available["status"] == "False"
    assert objects.condition(DEPLOYMENT, "ReplicaFailure") is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["metadata", "name", "ownerReferences", "status", "conditions", "generation", "labels"]),
            inner,
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["metadata", "status", "kind"]), json_values))
def test_a_half_filled_object_never_raises(obj: dict[str, Any]) -> None:
    assert isinstance(objects.name(obj), str)
    assert isinstance(objects.generation(obj), int)
    assert isinstance(objects.labels(obj), dict)
    assert isinstance(objects.where(obj), str)
    assert objects.condition(obj, "no such type") is None
    assert not objects.is_owned_by(obj, DEPLOYMENT)


def test_owners_are_told_by_uid() -> None:
    owned = {"metadata": {"ownerReferences": [objects.owner_reference(DEPLOYMENT)]}}
    assert objects.is_owned_by(owned, DEPLOYMENT)
    again = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "uid": "u2"}}  # type: ignore[dict-item]
    assert not objects.is_owned_by(owned, again)
    reference = objects.controller_reference(owned)
    assert reference is not None
    assert (reference["kind"], reference["name"], reference["blockOwnerDeletion"]) == ("Deployment", "podinfo", False)
    beside = {"metadata": {"ownerReferences": [objects.owner_reference(DEPLOYMENT, controller=False)]}}
    assert objects.is_owned_by(beside, DEPLOYMENT)
    assert objects.controller_reference(beside) is None


def test_what_has_no_uid_owns_nothing() -> None:
    unsaved = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "podinfo", "namespace": "shop"}}
    with pytest.raises(ValueError, match="Deployment shop/podinfo has no uid yet"):
        objects.owner_reference(unsaved)
    assert not objects.is_owned_by({"metadata": {"ownerReferences": [{"name": "podinfo"}]}}, unsaved)
