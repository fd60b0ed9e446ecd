"""The way out, whole and real: a Release is deleted under load, and the application goes on serving without it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.scenarios import stories

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
Stage = Any  # the class is in conftest.py, which no module can import

STEPS = ({"weight": "50%", "for": "10m"},)
GATES = {"compare": {"none": True}, "limits": [{"name": "success-rate", "successRate": {"min": "99%"}}]}
RELEASES = "/apis/sluice.dev/v1alpha1/namespaces/shop/releases"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
MESH = "/apis/networking.istio.io/v1/namespaces/shop"


async def deleted(stage: Stage, seconds: float = 60) -> None:
    """In the foreground, as Argo CD prunes; until the Release is gone."""
    client = stage.sandbox.client
    await client.delete(f"{RELEASES}/podinfo", propagation="Foreground")
    async with asyncio.timeout(seconds):
        while await client.get_or_none(f"{RELEASES}/podinfo") is not None:
            stage.controller.check()
            await asyncio.sleep(0.1)


async def names(stage: Stage, collection: str) -> list[str]:
    found, _ = await stage.sandbox.client.list(collection)
    return sorted(one["metadata"]["name"] for one in found)


async def test_a_release_is_deleted_idle_and_another_in_its_middle(stage: Stage) -> None:
    """At 300 requests a second no request fails, and nobody reaches a version that was not vetted for them."""
    await stage.sandbox.load.set_group(stage.sandbox.users("users", 300.0))
    await stage.create(stories.release(STEPS, GATES))
    await stage.promoted("v1", 30)
    await stage.drained()
    await deleted(stage)
    await asyncio.sleep(5)  # without any route, through the Service alone
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
    assert account.versions().keys() == {"v1"}
    assert await names(stage, f"{MESH}/virtualservices") == await names(stage, f"{MESH}/destinationrules") == []
    assert await names(stage, DEPLOYMENTS) == ["podinfo"]

    await stage.create(stories.release(STEPS, GATES))
    await stage.promoted("v1", 30)
    await stage.push("v2")
    await stage.until(lambda s: (s.get("step") or {}).get("inEffectSince"), 30)
    await deleted(stage)
    before = (await stage.account()).versions()
    await asyncio.sleep(5)
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
    assert account.versions()["v2"] == before["v2"], "requests of v2 after the Release was gone"
    assert account.versions()["v1"] > before["v1"]
    await stage.drained_of("v2")
    assert len(await stage.pods()) == 2
