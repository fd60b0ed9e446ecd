"""What happens when the mesh cannot do what its objects say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from controller.errors import SandboxError
from tests.sandbox.mesh.backends import destination_rule, service, virtual_service
from tests.sandbox.mesh.cluster import Cluster
from tests.sandbox.mesh.podinfo import BATCH, VERSIONS, to, when

pytestmark = pytest.mark.envoy


async def test_envoy_refuses_and_the_old_configuration_stays(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    await cluster.put(virtual_service("podinfo", [to("v2")]))
    with pytest.raises(
        SandboxError, match=r"routes of sidecar\.shop\.web: Envoy refused it, and keeps the version before: missing"
    ):
        await cluster.put(virtual_service("podinfo", [when("v1", uri={"regex": "("}), to("v1")]))
    assert "Envoy refused it" in caplog.text
    assert await cluster.who(3) == ["podinfo-v2-1"] * 3
    with pytest.raises(SandboxError, match="VirtualService shop/podinfo cannot be read: 'soon' is not a duration"):
        await cluster.put(virtual_service("podinfo", [to("v1", timeout="soon")]))
    assert await cluster.who(3) == ["podinfo-v2-1"] * 3
    await cluster.put(virtual_service("podinfo", [to("v2")]))
    with pytest.raises(SandboxError, match="clusters: Envoy refused it"):
        await cluster.put(
            destination_rule("podinfo", VERSIONS, trafficPolicy={"connectionPool": {"tcp": {"maxConnections": -1}}})
        )
    await cluster.put(destination_rule("podinfo", VERSIONS), virtual_service("podinfo", [to("v1")]))
    assert cluster.mesh.error == ""
    assert await cluster.who(3) == ["podinfo-v1-1"] * 3


async def test_an_unreadable_object_stays_an_error_and_costs_nothing(cluster: Cluster) -> None:
    await cluster.put(service("empty"), virtual_service("podinfo", [to("v2")]))
    cluster.mesh.delay_propagation(0.5, BATCH)
    with pytest.raises(SandboxError, match="VirtualService shop/podinfo cannot be read"):
        await cluster.put(virtual_service("podinfo", [to("v1", timeout="soon")]))
    passes = 0
    apply = cluster.mesh._writer.apply

    async def counting(wanted: Any) -> None:
        nonlocal passes
        passes += 1
        await apply(wanted)

    cluster.mesh._writer.apply = counting  # type: ignore[method-assign]
    with pytest.raises(SandboxError, match="VirtualService shop/podinfo cannot be read"):
        await cluster.remove(service("empty"))
    await asyncio.sleep(0.6)  # the time in which it could spin: the frozen source's time is over after it
    assert passes <= 2
    assert "VirtualService shop/podinfo cannot be read" in cluster.mesh.error
    assert await cluster.who(2, source=BATCH) == ["podinfo-v2-1"] * 2


async def test_a_mistake_of_the_meshs_own_is_told(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise RuntimeError("a bug")

    cluster.mesh.check()
    monkeypatch.setattr(cluster.mesh, "_world", broken)
    await cluster.client.create("/api/v1/namespaces/shop/services", service("another"))
    async with asyncio.timeout(10):
        while not cluster.mesh.error:
            await asyncio.sleep(0.01)
    with pytest.raises(SandboxError, match=r"the mesh stopped: RuntimeError\('a bug'\)"):
        cluster.mesh.check()


async def test_the_end_of_envoy_is_told(cluster: Cluster) -> None:
    await cluster.mesh.envoy.child.stop()
    async with asyncio.timeout(10):
        while not cluster.mesh.error:
            await asyncio.sleep(0.01)
    assert "Envoy ended with status" in cluster.mesh.error
    with pytest.raises(SandboxError):
        await cluster.mesh.settled()
