"""The spec is edited in the middle of a release, over HTTP: also where the controller dies in between."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controller.sandbox.api.store import Change
from controller.sandbox.client import Object
from tests.stage import KEY, NAMESPACE, RELEASES, ROUTES, Stage

VIRTUAL_SERVICES = "virtualservices.networking.istio.io"


async def spec(stage: Stage, change: dict[str, Any]) -> None:
    await stage.client.patch(f"{RELEASES}/podinfo", {"spec": change})


def steps(*weights: str) -> dict[str, Any]:
    return {"strategy": {"canary": {"steps": [{"weight": weight, "for": "10s"} for weight in weights]}}}


def mesh(**istio: str) -> dict[str, Any]:
    return {"traffic": {"istio": istio}}


@pytest.fixture
async def half(stage: Stage) -> Stage:
    """A release at its second step, in effect."""
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 50 and "inEffectSince" in stage.status().get("step", {}))
    return stage


async def followed(stage: Stage, restarted: bool) -> list[int]:
    """To the end; the shares that the candidate had after each write of any route."""
    if restarted:
        await stage.turn()
        await stage.restart()
    await stage.until(lambda: stage.serves("x:2"))
    await stage.rest()
    return [weights.get("x:2", 0) for weights in stage.weights]


@pytest.mark.parametrize("restarted", [True, pytest.param(False, marks=pytest.mark.scenario)])
@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        (("10%", "50%", "80%"), [0, 10, 50, 80, 100]),
        (("20%", "30%"), [0, 10, 50, 30, 100]),
        (("60%",), [0, 10, 50, 0, 60, 100]),
    ],
)
async def test_the_weights_after_an_edit_of_the_steps(
    half: Stage, weights: tuple[str, ...], shares: list[int], restarted: bool
) -> None:
    await spec(half, steps(*weights))
    assert await followed(half, restarted) == shares


def routed(stage: Stage, name: str) -> dict[str, int]:
    """The weights in a VirtualService's only route, by image, percent."""
    (route,) = stage.get(VIRTUAL_SERVICES, name)["spec"]["http"]
    return {
        stage.image(entry["destination"].get("subset", "r-nothing").removeprefix("r-")): entry.get("weight", 100)
        for entry in route["route"]
    }


@pytest.mark.parametrize("restarted", [True, pytest.param(False, marks=pytest.mark.scenario)])
async def test_other_objects_follow_once_all_requests_are_home(half: Stage, restarted: bool) -> None:
    """Ours is handed over for one of the user's own, which other requests use too."""
    other = {"name": "mine", "route": [{"destination": {"host": "podinfo"}}]}
    hosts = {"hosts": ["podinfo.example.com"], "gateways": ["edge"], "http": [other]}
    body: Object = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "other"}}
    await half.client.create(ROUTES, body | {"spec": hosts})
    before = copy.deepcopy(half.get(VIRTUAL_SERVICES, "other")["spec"])
    await spec(half, {"traffic": {"unsplit": "allow", "istio": {"virtualService": "other"}}})
    await half.until(lambda: routed(half, "podinfo") == {"x:1": 100})
    assert half.get(VIRTUAL_SERVICES, "other")["spec"] == before, "home comes first, over the former objects"
    if restarted:
        await half.restart()
    await half.until(lambda: "x:2" in routed(half, "other"))
    there = {one["metadata"]["name"] for one in half.objects(VIRTUAL_SERVICES)}
    assert there == {"other"}, "what was made for the release is gone before the first step"
    assert routed(half, "other") == {"x:1": 90, "x:2": 10}
    await half.until(lambda: half.serves("x:2"))
    await half.rest()
    assert routed(half, "other") == {"x:2": 100}


async def test_objects_that_cannot_be_used_hold_the_release_over_the_former_ones(half: Stage) -> None:
    foreign = {"name": "mine", "route": [{"destination": {"host": "elsewhere"}}]}
    body: Object = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "other"}}
    await half.client.create(ROUTES, body | {"spec": {"hosts": ["podinfo"], "http": [foreign]}})
    await spec(half, mesh(virtualService="other"))
    await half.until(lambda: half.phase() == "Invalid")
    assert "VirtualService shop/other: route 'mine' also goes to elsewhere" in half.status()["message"]
    await half.restart()
    for _ in range(3):
        half.dates.add(KEY)
        await half.turn()
    assert routed(half, "podinfo") == {"x:1": 50, "x:2": 50}
    await half.say("abort", by="eve")
    await half.until(lambda: routed(half, "podinfo") == {"x:1": 100}, seconds=2)


async def test_another_deployment_is_refused_until_the_release_is_over(half: Stage) -> None:
    await spec(half, {"workload": {"deployment": "second"}})
    await half.until(lambda: half.phase() == "Invalid")
    assert "spec.workload.deployment: a release of Deployment podinfo is in progress" in half.status()["message"]
    await spec(half, {"workload": {"deployment": "podinfo"}})
    assert await followed(half, restarted=False) == [0, 10, 50, 100]


async def test_a_spec_and_a_template_of_one_apply(half: Stage) -> None:
    await spec(half, steps("30%"))
    await half.push("x:3")
    await half.until(lambda: half.serves("x:3"))
    assert [weights.get("x:3", 0) for weights in half.weights if "x:2" not in weights][-3:] == [0, 30, 100]
    assert [weights.get("x:2", 0) for weights in half.weights][:4] == [0, 10, 50, 0]


async def test_a_virtual_service_that_we_made_takes_another_name(half: Stage) -> None:
    await spec(half, mesh(virtualService="renamed"))
    await half.until(lambda: half.serves("x:2"))
    await half.rest()
    assert [one["metadata"]["name"] for one in half.objects(VIRTUAL_SERVICES)] == ["renamed"]
    assert [weights.get("x:2", 0) for weights in half.weights] == [0, 10, 50, 0, 10, 50, 100]


async def test_another_service_with_a_rule_of_its_own(half: Stage) -> None:
    """No route names a subset of the new rule before the mesh has had the time to learn of it."""
    seen: dict[str, float] = {}

    def note(change: Change) -> None:
        one = change.new.object
        seen.setdefault(f"{one['kind']} {one['metadata']['name']}", half.clock.now)

    for kind in ("destinationrules", "virtualservices"):
        half.api.store.listen(f"{kind}.networking.istio.io", note)
    service = {"metadata": {"name": "front"}, "spec": {"selector": {"app": "podinfo"}, "ports": [{"port": 80}]}}
    await half.client.create(f"/api/v1/namespaces/{NAMESPACE}/services", service)
    front = {"virtualService": "front", "destinationRule": "front"}
    await spec(half, {"traffic": {"service": "front", "istio": front}})
    await half.until(lambda: half.serves("x:2"))
    await half.rest()
    assert seen["VirtualService front"] - seen["DestinationRule front"] >= 2
    assert routed(half, "front") == {"x:2": 100}
    assert [weights.get("x:2", 0) for weights in half.weights] == [0, 10, 50, 0, 10, 50, 100]
    await half.finish()
    assert "Drift" not in [reason for reason, _ in half.events()]
