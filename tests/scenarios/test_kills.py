"""A controller that is killed again and again: the same release, the same weights in the same order, nothing lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from typing import Any

import pytest

from tests.scenarios.stories import release

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
Stage = Any  # the class is in conftest.py, which no module can import

ROUTES = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/podinfo"
LIMIT = {"compare": {"none": True}, "limits": [{"name": "ok", "successRate": {"min": "99%"}, "minRequests": 20}]}
KILLS = 5


async def weights(stage: Stage, seen: list[dict[str, int]]) -> None:
    """Every set of weights that the routes have, in order."""
    while True:
        (route,) = (await stage.sandbox.client.get(ROUTES))["spec"]["http"]
        shares = {one["destination"]["subset"]: one.get("weight", 100) for one in route["route"]}
        if not seen or seen[-1] != shares:
            seen.append(shares)
        await asyncio.sleep(0.05)


async def test_a_release_whose_controller_is_killed_at_any_moment_goes_up_in_order_and_loses_nothing(
    stage: Stage,
) -> None:
    moments = random.Random(7)
    await stage.sandbox.load.set_group(stage.sandbox.users("users", 50.0))
    await stage.create(release([{"weight": "20%", "for": "5s"}, {"weight": "60%", "for": "5s"}], LIMIT))
    await stage.promoted("v1", 60)
    seen: list[dict[str, int]] = []
    watching = asyncio.create_task(weights(stage, seen))
    await stage.push("v2")
    for _ in range(KILLS):
        await asyncio.sleep(moments.uniform(0.0, 4.0))
        os.kill(stage.controller.pid, signal.SIGKILL)
        await stage.controller.wait()
        await stage.controller_again()
    status = await stage.promoted("v2", 120)
    await stage.drained()
    watching.cancel()
    (old,), new = seen[0], f"r-{status['stable']['revision']}"
    assert [(one.get(old, 0), one.get(new, 0)) for one in seen] == [(100, 0), (80, 20), (40, 60), (0, 100)]
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
