"""A Release is deleted that shares objects with another one; and the controller is away meanwhile."""

from __future__ import annotations

from typing import Any

from tests.handback import (
    RULES,
    SERVICES,
    at,
    delete,
    deleted,
    edit,
    gone,
    names,
)
from tests.stage import NAMESPACE, RELEASES, ROUTES, Stage, release, workload

# ---- with others


def routes(*services: str) -> dict[str, Any]:
    http = [
        {
            "name": one,
            "match": [{"uri": {"prefix": f"/{one}"}}],
            "route": [{"destination": {"host": one}, "weight": 100}],
        }
        for one in services
    ]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "shared", "namespace": NAMESPACE},
        "spec": {"hosts": ["shop.example.com"], "gateways": ["istio-system/public"], "http": http},
    }


async def test_of_what_two_releases_share_only_its_own_part_is_given_back(stage: Stage) -> None:
    await workload(stage.client, "other")
    made = await stage.client.create(ROUTES, routes("podinfo", "other"))
    for name in ("podinfo", "other"):
        istio = {"virtualService": "shared", "routes": [name], "destinationRule": name}
        traffic = {"service": name, "propagation": "2s", "drain": "5s", "unsplit": "allow", "istio": istio}
        body = release(workload={"deployment": name}, traffic=traffic)
        await stage.create(body | {"metadata": {"name": name, "namespace": NAMESPACE}})
        await stage.until(lambda name=name: stage.status(name).get("phase") == "Idle")  # type: ignore[misc]
    await stage.rest()
    both = stage.get(SERVICES, "shared")["spec"]["http"]
    await deleted(stage)
    mine, theirs = stage.get(SERVICES, "shared")["spec"]["http"]
    assert mine == made["spec"]["http"][0]
    assert theirs == both[1]
    assert names(stage, RULES) == ["other"]
    assert stage.status("other")["phase"] == "Idle"
    await delete(stage, "other")
    await gone(stage, "other")
    assert stage.get(SERVICES, "shared")["spec"] == made["spec"]
    assert "annotations" not in stage.get(SERVICES, "shared")["metadata"]


async def test_one_that_came_to_claim_what_another_has_touches_nothing_of_it(stage: Stage) -> None:
    await stage.idle()
    stage.clock.now += 5
    await workload(stage.client, "other")
    traffic = {
        "service": "other",
        "propagation": "2s",
        "drain": "5s",
        "istio": {"virtualService": "other", "destinationRule": "other"},
    }
    body = release(workload={"deployment": "other"}, traffic=traffic)
    await stage.create(body | {"metadata": {"name": "other", "namespace": NAMESPACE}})
    await stage.until(lambda: stage.status("other").get("phase") == "Idle")
    await stage.rest()
    before = [stage.get(SERVICES)["spec"], stage.get(RULES)["spec"], stage.get("deployments.apps")["spec"]]
    istio = {"virtualService": "podinfo", "destinationRule": "podinfo"}
    spec = {"workload": {"deployment": "podinfo"}, "traffic": {"service": "podinfo", "istio": istio}}
    await edit(stage, spec, f"{RELEASES}/other")
    await stage.until(lambda: stage.status("other").get("phase") == "Invalid")
    await stage.restart()
    await delete(stage, "other")
    await gone(stage, "other")
    assert [stage.get(SERVICES)["spec"], stage.get(RULES)["spec"], stage.get("deployments.apps")["spec"]] == before
    assert names(stage, SERVICES) == ["podinfo"], "what carries its own marks is given back"
    await stage.promote("x:2")


# ---- the controller is away


async def test_the_controller_goes_and_comes_back_in_the_middle_of_a_release(stage: Stage) -> None:
    """Removed with all its replicas, and installed again an hour later: it goes on where it was."""
    await stage.idle()
    for share in (10, 50):
        await at(stage, share)
        seen = stage.status()["step"]["index"]
        await (stage.finish() if share == 10 else stage.kill())
        stage.clock.now += 3600
        await stage.start()
        assert stage.status()["step"]["index"] == seen
    await stage.until(lambda: stage.serves("x:2"))
    assert [weights.get("x:2", 0) for weights in stage.weights] == [0, 10, 50, 100]
    assert stage.status()["release"] == 2


async def test_the_controller_is_away_while_pods_are_to_come(stage: Stage) -> None:
    """Nobody asked for them in that hour: they are not late."""
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.phase() == "Preparing")
    stage.pods = False
    await stage.kill()
    stage.clock.now += 3600
    await stage.start()
    stage.pods = True
    await stage.until(lambda: stage.serves("x:2"))
    assert [weights.get("x:2", 0) for weights in stage.weights] == [0, 10, 50, 100]
