"""EndpointSlices and Endpoints while pods come, change and go."""

from __future__ import annotations

import pytest

from controller.sandbox.client import Object
from controller.sandbox.workloads.kinds import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE
from tests.sandbox.lab import Lab, is_ready, pod_spec

pytestmark = pytest.mark.asyncio(loop_scope="module")


def ready(endpoints: list[Object]) -> list[Object]:
    return [one for one in endpoints if one["conditions"]["ready"]]


async def test_pods_become_endpoints_with_their_named_ports(lab: Lab) -> None:
    await lab.service()
    await lab.deploy(replicas=2)
    found = await lab.endpoints("web", lambda all: len(ready(all)) == 2)
    pods = {pod["metadata"]["name"]: pod for pod in await lab.all(POD)}
    for one in found:
        pod = pods[one["targetRef"]["name"]]
        assert one["addresses"] == [pod["status"]["podIP"]]
        assert one["targetRef"]["uid"] == pod["metadata"]["uid"]
        assert one["nodeName"] == "sandbox-node"
        assert one["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert len({one["addresses"][0] for one in found}) == 2
    (only,) = await lab.all(ENDPOINT_SLICE)
    assert [(port["name"], port["port"], port["protocol"]) for port in only["ports"]] == [("http", 9898, "TCP")]
    assert only["metadata"]["ownerReferences"][0]["kind"] == "Service"


async def test_a_pod_that_is_deleted_serves_on_but_is_not_ready(lab: Lab) -> None:
    await lab.service("one")
    await lab.pod("one", **pod_spec("podinfo:v1", DEMO_DRAIN="60s"))
    await lab.endpoints("one", lambda all: len(ready(all)) == 1)
    await lab.delete(POD, "one")
    (left,) = await lab.endpoints("one", lambda all: all and all[0]["conditions"]["terminating"])
    assert left["conditions"] == {"ready": False, "serving": True, "terminating": True}
    older = await lab.until_one(ENDPOINTS, "one", lambda item: not item.get("subsets"))
    assert older["metadata"]["name"] == "one"
    await lab.delete(POD, "one", grace=0)
    await lab.endpoints("one", lambda all: not all)


async def test_an_unready_pod_is_there_but_not_ready(lab: Lab) -> None:
    await lab.service("one")
    await lab.pod("one", "podinfo:v1-unready")
    (found,) = await lab.endpoints("one", lambda all: all)
    assert found["conditions"] == {"ready": False, "serving": False, "terminating": False}
    older = await lab.until_one(ENDPOINTS, "one", lambda item: item.get("subsets"))
    (subset,) = older["subsets"]
    assert "addresses" not in subset
    assert subset["notReadyAddresses"][0]["targetRef"]["name"] == "one"


async def test_not_ready_addresses_can_be_published(lab: Lab) -> None:
    await lab.service("one", publishNotReadyAddresses=True, clusterIP="None")
    await lab.pod("one", "podinfo:v1-unready")
    (found,) = await lab.endpoints("one", ready)
    assert found["conditions"]["serving"] is False
    (only,) = await lab.all(ENDPOINT_SLICE)
    assert only["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


async def test_pods_with_different_port_numbers_are_in_different_slices(lab: Lab) -> None:
    await lab.service("any", selector={"app": "any"})
    for name, number in (("one", 8080), ("two", 9090)):
        spec = pod_spec("podinfo:v1")
        spec["containers"][0]["ports"] = [{"name": "http", "containerPort": number}]
        await lab.create(POD, {"metadata": {"name": name, "labels": {"app": "any"}}, "spec": spec})
    slices = await lab.until(
        ENDPOINT_SLICE,
        lambda items: items if sum(len(ready(item.get("endpoints") or [])) for item in items) == 2 else None,
    )
    found = {item["endpoints"][0]["targetRef"]["name"]: item["ports"][0]["port"] for item in slices}
    assert found == {"one": 8080, "two": 9090}


async def test_a_pod_is_no_endpoint_any_more_without_the_label(lab: Lab) -> None:
    await lab.service("one")
    await lab.pod("one")
    await lab.endpoints("one", ready)
    await lab.patch(POD, "one", {"metadata": {"labels": {"app": "else"}}})
    await lab.endpoints("one", lambda all: not all)


async def test_a_service_without_selector_is_left_alone(lab: Lab) -> None:
    port = {"name": "http", "port": 80}
    await lab.create(SERVICE, {"metadata": {"name": "outside"}, "spec": {"ports": [port]}})
    mine = {
        "metadata": {"name": "outside-1", "labels": {"kubernetes.io/service-name": "outside"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.1"]}],
        "ports": [port],
    }
    await lab.create(ENDPOINT_SLICE, mine)
    await lab.service("one")
    await lab.pod("one")
    await lab.endpoints("one", ready)
    names = {item["metadata"]["name"]: item for item in await lab.all(ENDPOINT_SLICE)}
    assert names["outside-1"]["endpoints"][0]["addresses"] == ["192.0.2.1"]
    assert [name for name in names if name.startswith("outside")] == ["outside-1"]


async def test_endpoints_go_with_their_service(lab: Lab) -> None:
    await lab.service("one")
    await lab.pod("one")
    await lab.endpoints("one", ready)
    await lab.until(ENDPOINTS, lambda items: items)
    await lab.delete(SERVICE, "one")
    await lab.until(ENDPOINT_SLICE, lambda items: not items)
    await lab.until(ENDPOINTS, lambda items: not items)


async def test_a_slice_that_somebody_deletes_or_changes_is_mended(lab: Lab) -> None:
    await lab.service("one")
    await lab.pod("one")
    pod = await lab.until_one(POD, "one", is_ready)
    await lab.endpoints("one", ready)
    (only,) = await lab.all(ENDPOINT_SLICE)
    await lab.patch(ENDPOINT_SLICE, only["metadata"]["name"], {"endpoints": []})
    await lab.endpoints("one", ready)
    (only,) = await lab.all(ENDPOINT_SLICE)
    await lab.delete(ENDPOINT_SLICE, only["metadata"]["name"])
    await lab.until(ENDPOINT_SLICE, lambda items: items and items[0]["metadata"]["uid"] != only["metadata"]["uid"])
    (found,) = await lab.endpoints("one", ready)
    assert found["addresses"] == [pod["status"]["podIP"]]
