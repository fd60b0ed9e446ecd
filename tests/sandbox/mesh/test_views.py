from __future__ import annotations

import time
from pathlib import Path

import pytest

from controller.errors import SandboxError
from controller.sandbox.mesh import SidecarClient
from controller.sandbox.mesh.files import Files
from controller.sandbox.mesh.translate.world import World, read
from controller.sandbox.mesh.views import Views, chosen
from tests.sandbox.mesh.backends import endpoint_slice, service
from tests.sandbox.mesh.translate.worlds import WEB, plain_pod, snapshot

BATCH = SidecarClient("batch", "shop")
POD = plain_pod("one", {"app": "a"})


def world(*names: str) -> World:
    slices = [endpoint_slice(name, [POD]) for name in names]
    for name, one in zip(names, slices, strict=True):
        one["metadata"]["name"] = name
    return read(snapshot(POD, *(service(name) for name in names), *slices))


@pytest.fixture
def views(tmp_path: Path) -> Views:
    found = Views(Files(tmp_path), world("a"))
    found.add(WEB, 15001)
    found.add(BATCH, 15002)
    return found


def known(views: Views) -> dict[str, set[str]]:
    """Which Services each source knows."""
    found: dict[str, set[str]] = {}
    for name in views.resources().clusters:
        if "|outbound|" in name:
            key, _, rest = name.partition("|outbound|")
            found.setdefault(key.split(".")[-1], set()).add(rest.split("|")[-1].split(".")[0])
    return found


def test_every_source_learns_a_new_world_at_once(views: Views) -> None:
    assert known(views) == {"web": {"a"}, "batch": {"a"}}
    views.show(world("a", "b"))
    assert known(views) == {"web": {"a", "b"}, "batch": {"a", "b"}}
    assert views.due() is None


def test_a_frozen_source_learns_later_everything_at_once(views: Views) -> None:
    (batch,) = chosen(views, BATCH)
    batch.frozen_until = time.monotonic() + 1000
    views.show(world("b"))
    views.show(world("c"))
    assert known(views) == {"web": {"c"}, "batch": {"a"}}
    due = views.due()
    assert due is not None
    assert due == pytest.approx(batch.frozen_until)
    batch.frozen_until = 0.0
    views.deliver()
    assert known(views) == {"web": {"c"}, "batch": {"c"}}
    assert views.due() is None


def test_with_a_lag_each_change_arrives_in_its_own_time(views: Views) -> None:
    (batch,) = chosen(views, BATCH)
    batch.lag = 1000.0
    views.show(world("b"))
    views.show(world("c"))
    assert known(views)["batch"] == {"a"}
    arrivals = [at for at, _ in batch.coming]
    batch.coming[0] = (0.0, batch.coming[0][1])
    views.deliver()
    assert known(views)["batch"] == {"b"}
    assert views.due() == arrivals[1]


def test_a_pods_own_sidecar_knows_at_once_what_a_frozen_source_does_not(views: Views) -> None:
    for proxy in chosen(views, None):
        proxy.frozen_until = time.monotonic() + 1000
    another = plain_pod("two", {"app": "a"})
    views.show(read(snapshot(POD, another)))
    assert sorted(views.resources().inbound) == ["inbound|shop/one|8080", "inbound|shop/two|8080"]


def test_a_late_source_goes_on_calling_a_pod_that_is_gone_in_vain(views: Views) -> None:
    (batch,) = chosen(views, BATCH)
    batch.frozen_until = time.monotonic() + 1000
    views.show(read(snapshot(service("a"))))
    endpoints = {
        name: cluster["load_assignment"]["endpoints"]
        for name, cluster in views.resources().clusters.items()
        if "|outbound|" in name
    }
    (late,) = endpoints.pop("sidecar.shop.batch|outbound|80||a.shop.svc.cluster.local")
    (host,) = late["lb_endpoints"]
    assert host["endpoint"]["address"]["envoy_internal_address"] == {
        "server_listener_name": "nowhere",
        "endpoint_id": "shop/one",
    }
    assert endpoints == {"sidecar.shop.web|outbound|80||a.shop.svc.cluster.local": []}


def test_a_source_is_asked_for_by_name_and_there_is_one_of_each(views: Views) -> None:
    with pytest.raises(SandboxError, match=r"the mesh has no source sidecar\.shop\.late: add it first"):
        list(chosen(views, SidecarClient("late", "shop")))
    with pytest.raises(SandboxError, match=r"two sources are called sidecar\.shop\.web"):
        views.add(WEB, 1)
