"""Others at work in the mesh: what they do to the objects, and what the mesh does by itself, ends a release safely."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.scenarios.stories import release

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120)]
Stage = Any  # the class is in conftest.py, which no module can import

ISTIO = "/apis/networking.istio.io/v1"
ROUTES, RULES = (f"{ISTIO}/namespaces/shop/{plural}" for plural in ("virtualservices", "destinationrules"))
MERGE = "application/merge-patch+json"
ORIGINAL = [{"name": "all", "route": [{"destination": {"host": "podinfo"}}]}]
STEPS = [{"weight": "50%", "for": "60s"}]
LIMIT = {"compare": {"none": True}, "limits": [{"name": "ok", "successRate": {"min": "99%"}, "minRequests": 50}]}


async def adopted(stage: Stage, rate: float = 200.0) -> None:
    sandbox = stage.sandbox
    await sandbox.load.set_group(sandbox.users("users", rate))
    await stage.create(release(STEPS, LIMIT))
    await stage.promoted("v1", 30)
    await stage.drained()


async def in_effect(stage: Stage) -> None:
    await stage.until(lambda s: (s.get("step") or {}).get("inEffectSince"), 60)


@contextlib.asynccontextmanager
async def again_and_again(turn: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Somebody who looks ten times a second, and does it whenever it is undone."""

    async def work() -> None:
        while True:
            await turn()
            await asyncio.sleep(0.1)

    task = asyncio.create_task(work(), name="somebody")
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_one_who_puts_the_original_routes_back_ends_the_release_and_stable_serves(stage: Stage) -> None:
    client = stage.sandbox.client
    body = {"metadata": {"name": "podinfo"}, "spec": {"hosts": ["podinfo"], "http": ORIGINAL}}
    await client.create(ROUTES, {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", **body})
    await adopted(stage)

    async def sync() -> None:
        if (await client.get(f"{ROUTES}/podinfo"))["spec"]["http"] != ORIGINAL:
            await client.patch(f"{ROUTES}/podinfo?fieldManager=argocd-controller", {"spec": {"http": ORIGINAL}}, MERGE)

    await stage.push("v2")
    await in_effect(stage)
    async with again_and_again(sync):
        status = await stage.failed(30)
        assert status["failed"]["reason"] == "Fight"
        assert "argocd-controller has changed VirtualService shop/podinfo back 3 times" in status["message"]
        await stage.drained_of("v2")
        mark = await stage.sandbox.load.mark()
        await asyncio.sleep(2)
        assert (await stage.sandbox.load.account(mark)).versions().keys() == {"v1"}
    account = await stage.account()
    assert account.codes().keys() == {200}, account.failures


async def test_a_selector_that_leaves_the_candidates_pods_out_ends_the_release(stage: Stage) -> None:
    """Its subset is empty then: the mesh answers with 503 UH, which is counted at neither revision.

    A subset that is taken away is no such case: it is there again before the mesh has learned of it.
    """
    client = stage.sandbox.client
    await adopted(stage)
    stable = (await stage.status())["stable"]["revision"]
    await stage.push("v2")
    await in_effect(stage)
    narrow = {"spec": {"selector": {"sluice.dev/revision": stable}}}
    await client.patch("/api/v1/namespaces/shop/services/podinfo", narrow, MERGE)
    status = await stage.failed(30)
    assert status["failed"]["reason"] == "NoHealthyUpstream"
    assert "no pod was found for" in status["message"]
    assert "before the release it was 0" in status["message"]
    mark = await stage.sandbox.load.mark()
    await asyncio.sleep(1)
    home = await stage.sandbox.load.account(mark)
    assert set(home.codes()) == {200}, home.failures
    assert set(home.versions()) == {"v1"}
    failures = list((await stage.account()).select(version=""))
    assert {tally.code for tally in failures} == {503}
    assert max(tally.last for tally in failures) - min(tally.first for tally in failures) <= 20


async def test_a_candidate_that_the_mesh_ejects_after_errors_is_out_at_the_next_look(stage: Stage) -> None:
    outliers = {"consecutive5xxErrors": 5, "interval": "1s", "baseEjectionTime": "30s", "maxEjectionPercent": 100}
    spec = {"host": "podinfo", "trafficPolicy": {"outlierDetection": outliers}}
    body = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "podinfo"}}
    await stage.sandbox.client.create(RULES, {**body, "spec": spec})
    await adopted(stage)
    await stage.push("v2")
    await in_effect(stage)
    await asyncio.sleep(3)
    await stage.sandbox.pods.behave("shop", "v2", errorEvery=1, status=503)
    status = await stage.failed(30)
    assert status["failed"]["reason"] == "Ejected", status["message"]
    assert "the mesh has ejected its pods" in status["message"]
