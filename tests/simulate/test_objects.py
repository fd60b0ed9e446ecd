"""The cluster of objects: writes take effect as the API server would let them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.core.objects import difference
from controller.simulate import ObjectCluster
from controller.simulate.objects import merged

VALUES = st.recursive(
    st.integers(0, 3) | st.booleans() | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=10,
)
MAPS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@given(MAPS, MAPS)
def test_merging_a_difference_gives_what_was_wanted(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    before = repr(found)
    assert merged(found, difference(found, wanted)) == wanted
    assert repr(found) == before


def deployment(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "a", "namespace": "b"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 2, **spec}}


def test_an_object_keeps_its_uid_and_counts_its_generations() -> None:
    cluster = ObjectCluster([deployment()])
    first = cluster.held["Deployment", "b", "a"]
    cluster.put(deployment(replicas=5))
    second = cluster.held["Deployment", "b", "a"]
    assert first["metadata"]["uid"] == second["metadata"]["uid"]
    assert [one["metadata"]["generation"] for one in (first, second)] == [1, 2]
    assert [one["status"]["availableReplicas"] for one in (first, second)] == [2, 5]


def test_a_paused_deployment_starts_no_pod() -> None:
    cluster = ObjectCluster([deployment(paused=True)])
    assert "status" not in cluster.held["Deployment", "b", "a"]
