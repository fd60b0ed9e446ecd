"""The way up, whole and real: a user changes an image, and no request is lost."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from tests.scenarios import stories

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
Stage = Any  # the class is in conftest.py, which no module can import

STEPS = ({"weight": "10%", "for": "10s"}, {"weight": "50%", "for": "10s"})
GATES: dict[str, Any] = {
    "compare": {"none": True},
    "limits": [
        {"name": "success-rate", "successRate": {"min": "99%"}, "minRequests": 50},
        {"name": "p99", "latency": {"quantile": 0.99, "max": "500ms"}, "minRequests": 50},
        {"name": "throughput", "requestRate": {"min": 5}},
        {
            "name": "own",
            "prometheus": {
                "query": 'count(istio_requests_total{destination_workload="{{ candidate.workload }}"})',
                "min": 1,
            },
        },
    ],
}


def release(**gates: Any) -> dict[str, Any]:
    return stories.release(STEPS, GATES | gates, testers=[{"headers": {"x-canary": {"exact": "always"}}}])


async def test_adoption_two_promotions_and_one_that_supersedes(stage: Stage) -> None:
    """At 300 requests a second no request fails because traffic moved, and the pods that were judged serve."""
    sandbox = stage.sandbox
    await sandbox.load.set_group(sandbox.users("users", 300.0))
    await stage.create(release())
    await stage.promoted("v1", 30)

    await stage.push("v2")
    status = await stage.until(lambda s: (s.get("step") or {}).get("label") == "50%", 60)
    judged = await pods_of(stage, status["candidate"]["deployment"])
    await stage.promoted("v2")
    assert judged.items() <= (await stage.pods()).items(), "a pod that was judged is gone, or was restarted"

    await stage.push("v3")
    await stage.until(lambda s: (s.get("step") or {}).get("label") == "50%", 60)
    await stage.push("v4")
    await stage.promoted("v4")
    await stage.drained()

    account = await stage.account()
    assert account.count(version="") == 0, account.failures
    assert set(account.versions()) == {"v1", "v2", "v3", "v4"}
    assert account.count() > 300 * 60


async def test_one_as_good_as_stable_is_promoted_though_both_have_an_outage(stage: Stage) -> None:
    """For a minute about a third of the answers of both fail; before and after it nobody's do."""
    sandbox = stage.sandbox
    await sandbox.load.set_group(sandbox.users("users", 200.0))
    await stage.create(stories.release([{"weight": "50%", "for": "70s"}], {"compare": {"budget": "4%"}}))
    await stage.promoted("v1", 30)
    await stage.push("v2")
    await stage.until(lambda s: (s.get("step") or {}).get("inEffectSince"), 60)
    for version in ("v1", "v2"):
        await sandbox.pods.behave("shop", version, errorEvery=3, status=503)
    await asyncio.sleep(60)
    assert (await stage.status())["phase"] == "Progressing"
    for version in ("v1", "v2"):
        await sandbox.pods.behave("shop", version)
    await stage.promoted("v2", 150)
    codes = (await stage.account()).codes()
    assert codes[503] > 3000
    assert set(codes) == {200, 503}


async def test_a_fix_gets_past_a_stable_version_that_fails_always(stage: Stage) -> None:
    await stage.sandbox.load.set_group(stage.sandbox.users("users", 100.0))
    await stage.create(stories.release([{"weight": "20%"}, {"weight": "50%"}], {"compare": {"budget": "5%"}}))
    await stage.promoted("v1", 60)
    await stage.sandbox.pods.behave("shop", "v1", errorEvery=1)
    await stage.push("v2")
    await stage.promoted("v2", 120)
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
    assert account.count(version="v2") == account.count(version="v2", code=200)


async def test_testers_reach_the_candidate_at_every_weight(stage: Stage) -> None:
    sandbox = stage.sandbox
    testers = sandbox.users("testers", 10.0, headers={"x-canary": "always"})
    await sandbox.load.set_group(sandbox.users("users", 50.0))
    await stage.create(release(limits=GATES["limits"][:1]))
    await stage.promoted("v1", 30)
    await stage.push("v2")
    await stage.until(lambda s: (s.get("step") or {}).get("inEffectSince"), 30)
    await sandbox.load.set_group(testers)
    await stage.promoted("v2")
    account = await stage.account()
    assert account.versions(group="testers").keys() == {"v2"}
    assert set(account.versions(group="users")) == {"v1", "v2"}


async def test_an_idle_release_asks_nothing_of_anybody(stage: Stage) -> None:
    """In 60 s no request to the API and no query, renewals of a lease and watches opened anew excepted."""
    await stage.create(release())
    await stage.promoted("v1", 30)
    await stage.drained()
    await asyncio.sleep(1)  # the pass that saw the last of it go
    before = await asked(stage)
    begun = time.time()
    await asyncio.sleep(60)
    newer = [entry for entry in stage.sandbox.api.audit.entries(agent="sluice") if entry.time > begun]
    assert [entry for entry in newer if entry.verb != "watch"] == []
    assert await asked(stage) == before


async def asked(stage: Stage) -> tuple[int, float]:
    """The controller's requests to the API, watches excepted, and all queries of Prometheus, so far."""
    audit, agent = stage.sandbox.api.audit, "sluice"
    requests = audit.count(agent=agent) - audit.count(agent=agent, verb="watch")
    assert requests > 0, "the controller is known to the audit by another name"
    async with aiohttp.ClientSession() as client, client.get(f"{stage.sandbox.prometheus.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    queries = [line for line in lines if "http_requests_total" in line and 'handler="/api/v1/query"' in line]
    return requests, sum(float(line.rpartition(" ")[2]) for line in queries)


async def pods_of(stage: Stage, deployment: str) -> dict[str, int]:
    return {name: restarts for name, restarts in (await stage.pods()).items() if name.startswith(f"{deployment}-")}
