"""How endpoints are spread over slices."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.client import Object
from controller.sandbox.workloads.endpoints import SLICE_LIMIT, ports_for, wanted_slices, wanted_subsets

SERVICE: Object = {
    "metadata": {"name": "web", "namespace": "shop", "uid": "s"},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
}


def pod(number: int, port: int = 8080) -> Object:
    return {
        "metadata": {"name": f"web-{number:04}", "namespace": "shop", "uid": f"u{number}", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "ports": [{"name": "http", "containerPort": port}]}]},
        "status": {"podIP": f"10.244.{number // 250}.{number % 250 + 1}", "phase": "Running"},
    }


def stored(slices: list[Object]) -> list[Object]:
    """As the API keeps them: with names."""
    result = []
    for number, item in enumerate(slices):
        name = item["metadata"].get("name") or f"web-{number}-{len(slices)}"
        result.append({**item, "metadata": {**item["metadata"], "name": name}})
    return result


def members(slices: list[Object]) -> dict[str, str]:
    """uid of a pod -> name of its slice; a pod in two slices fails."""
    found: dict[str, str] = {}
    for item in slices:
        for endpoint in item["endpoints"]:
            assert endpoint["targetRef"]["uid"] not in found
            found[endpoint["targetRef"]["uid"]] = item["metadata"].get("name", "")
    return found


@given(st.lists(st.sets(st.integers(0, 260)), min_size=1, max_size=4))
def test_each_pod_is_in_one_slice_and_stays_there(rounds: list[set[int]]) -> None:
    slices: list[Object] = []
    for numbers in rounds:
        before = members(slices)
        slices = stored(wanted_slices(SERVICE, [pod(number) for number in sorted(numbers)], slices))
        after = members(slices)
        assert set(after) == {f"u{number}" for number in numbers}
        assert all(len(item["endpoints"]) <= SLICE_LIMIT for item in slices)
        assert len({item["metadata"]["name"] for item in slices}) == len(slices)
        assert slices
        assert all(after[one] == before[one] for one in after if one in before)


def test_pods_are_grouped_by_what_their_ports_resolve_to() -> None:
    slices = wanted_slices(SERVICE, [pod(1), pod(2, 9090), pod(3)], [])
    found = sorted((item["ports"][0]["port"], len(item["endpoints"])) for item in slices)
    assert found == [(8080, 2), (9090, 1)]


def test_a_slice_is_used_again_for_other_ports() -> None:
    before = stored(wanted_slices(SERVICE, [pod(1)], []))
    (after,) = wanted_slices(SERVICE, [pod(2, 9090)], before)
    assert after["metadata"]["name"] == before[0]["metadata"]["name"]
    assert after["ports"][0]["port"] == 9090


def test_without_pods_one_empty_slice_is_left() -> None:
    before = stored(wanted_slices(SERVICE, [pod(number) for number in range(150)], []))
    assert len(before) == 2
    (after,) = wanted_slices(SERVICE, [], before)
    assert after["endpoints"] == []


def test_ports() -> None:
    def resolved(port: dict[str, Any]) -> list[dict[str, Any]]:
        service = {"spec": {"ports": [port]}}
        return [dict(one) for one in ports_for(service, pod(1))]

    assert resolved({"port": 80}) == [{"name": "", "port": 80, "protocol": "TCP"}]
    assert resolved({"port": 80, "targetPort": 8081})[0]["port"] == 8081
    assert resolved({"port": 80, "targetPort": "http"})[0]["port"] == 8080
    assert resolved({"port": 80, "targetPort": "none"}) == []
    assert resolved({"port": 80, "targetPort": "http", "protocol": "UDP"}) == []
    assert resolved({"name": "a", "port": 80, "appProtocol": "http"})[0]["appProtocol"] == "http"


def test_the_older_object_has_no_pod_that_is_being_deleted() -> None:
    leaving = pod(2)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    (subset,) = wanted_subsets(SERVICE, [pod(1), leaving])
    assert [one["ip"] for one in subset["notReadyAddresses"]] == ["10.244.0.2"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
