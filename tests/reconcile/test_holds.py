"""Something is wrong in the middle of a release: it is held, it is still judged, and people still bring it home."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from controller.crd import unpack_spec
from tests.stage import AGENT, DEPLOYMENTS, KEY, NAMESPACE, RELEASES, ROUTES, Stage

GOOD = 'failures{revision="{{ candidate.revision }}"}'
SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services/podinfo"
VIRTUAL_SERVICES = "virtualservices.networking.istio.io"


async def spec(stage: Stage, change: dict[str, Any]) -> None:
    await stage.client.patch(f"{RELEASES}/podinfo", {"spec": change})


def limits(query: str) -> dict[str, Any]:
    return {"gates": {"limits": [{"name": "failures", "prometheus": {"query": query, "max": 0.1}}]}}


async def add_foreign(stage: Stage) -> None:
    """Somebody gives 20 % of the route to another Service."""
    (route,) = copy.deepcopy(stage.get(VIRTUAL_SERVICES)["spec"]["http"])
    for entry in route["route"]:
        entry["weight"] = entry["weight"] * 8 // 10
    route["route"].append({"destination": {"host": "other"}, "weight": 20})
    await stage.client.patch(f"{ROUTES}/podinfo", {"spec": {"http": [route]}})


async def take_foreign_out(stage: Stage) -> None:
    (route,) = copy.deepcopy(stage.get(VIRTUAL_SERVICES)["spec"]["http"])
    route["route"] = [entry for entry in route["route"] if entry["destination"]["host"] != "other"]
    for entry, weight in zip(route["route"], [90, 10], strict=False):
        entry["weight"] = weight
    await stage.client.patch(f"{ROUTES}/podinfo", {"spec": {"http": [route]}})


async def bad_spec(stage: Stage) -> None:
    await spec(stage, limits("failures{{ nope }}"))


async def good_spec(stage: Stage) -> None:
    await spec(stage, limits(GOOD))


async def host_port(stage: Stage) -> None:
    await ports(stage, [{"containerPort": 80, "hostPort": 80}])


async def no_host_port(stage: Stage) -> None:
    await ports(stage, None)


async def ports(stage: Stage, ports: Any) -> None:
    body = stage.get("deployments.apps")["spec"]["template"]["spec"]["containers"][0] | {"ports": ports}
    patch = {"spec": {"template": {"spec": {"containers": [body]}}}}
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", patch)


async def no_service(stage: Stage) -> None:
    await stage.client.delete(SERVICE)


async def a_service(stage: Stage) -> None:
    body = {"metadata": {"name": "podinfo"}, "spec": {"selector": {"app": "podinfo"}, "ports": [{"port": 80}]}}
    await stage.client.create(SERVICE.rpartition("/")[0], body)


Do = Callable[[Stage], Awaitable[None]]
KINDS: dict[str, tuple[Do, Do, str]] = {
    "spec": (bad_spec, good_spec, "spec.gates.limits[0].prometheus.query: 'nope' is undefined; a query may use"),
    "foreign": (add_foreign, take_foreign_out, "spec.traffic.istio.routes: "),
    "service": (no_service, a_service, "spec.traffic.service: there is no Service shop/podinfo; create it"),
    "template": (host_port, no_host_port, "Deployment shop/podinfo: container app has hostPort 80"),
}


def routed(stage: Stage) -> dict[str, int]:
    """The weight of each subset, by image; of each other host, by its name."""
    (route,) = [one for one in stage.get(VIRTUAL_SERVICES)["spec"]["http"] if not one["name"].startswith("sluice-")]
    return {
        stage.image(subset.removeprefix("r-"))
        if (subset := entry["destination"].get("subset"))
        else entry["destination"]["host"]: entry.get("weight", 100)
        for entry in route["route"]
    }


@pytest.fixture
async def first(stage: Stage) -> Stage:
    """At the first step, in effect. The VirtualService is a user's own."""
    route = {"name": "primary", "route": [{"destination": {"host": "podinfo"}}]}
    body = {"metadata": {"name": "podinfo"}, "spec": {"hosts": ["podinfo"], "http": [route]}}
    body |= {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService"}
    await stage.client.create(ROUTES, body)
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10 and "inEffectSince" in stage.status().get("step", {}))
    return stage


OURS = {"releases", "releaserecords"}
"""What says how it stands; everything else would be touched."""


async def held(stage: Stage, kind: str) -> None:
    await KINDS[kind][0](stage)
    await stage.until(lambda: stage.phase() == "Invalid")


async def passing(stage: Stage, seconds: float) -> None:
    """Time goes by, with a pass every now and then."""
    end = stage.clock.now + seconds
    while stage.clock.now < end:
        stage.dates.add(KEY)
        await stage.turn()
        stage.clock.now += 7


@pytest.mark.parametrize(
    "kind", ["spec", "template", *(pytest.param(kind, marks=pytest.mark.scenario) for kind in ("foreign", "service"))]
)
async def test_it_is_held_and_goes_on_once_mended(first: Stage, kind: str) -> None:
    await held(first, kind)
    writes = [write for write in first.writes() if write[1] not in OURS]
    before, status = routed(first), first.status()
    assert KINDS[kind][2] in status["message"]
    assert status["message"].endswith(
        "until then " + first.revision("x:2") + " is held at 10%, which only harm, a newer template or abort change"
    )
    assert status["observedGeneration"] == first.get("releases.sluice.dev")["metadata"]["generation"]
    assert status["weight"] == "10%"
    await passing(first, 300)
    assert routed(first) == before
    assert [write for write in first.writes() if write[1] not in OURS] == writes
    await KINDS[kind][1](first)
    await first.until(lambda: first.serves("x:2"))
    await first.rest()
    shares = [weights.get("x:2", 0) for weights in first.weights if weights.get("x:2") != 8]
    assert [share for share, _ in itertools.groupby(shares)] == [0, 10, 50, 100]
    assert "accepted" not in first.status()
    await first.finish()
    assert first.events().count(("Invalid", "Warning")) == 1


@pytest.mark.parametrize(
    ("kind", "restarted"),
    [
        ("spec", True),
        ("foreign", True),
        *(pytest.param(kind, False, marks=pytest.mark.scenario) for kind in ("service", "template")),
    ],
)
async def test_it_is_aborted_while_it_is_held(first: Stage, kind: str, restarted: bool) -> None:
    await held(first, kind)
    await passing(first, 30)
    if restarted:
        await first.restart()
        await first.turn()
        assert first.phase() == "Invalid"
    passes = first.dates.passes.get(KEY, 0)
    await first.say("abort", by="eve")
    await first.until(lambda: "x:2" not in routed(first), seconds=2)
    assert first.dates.passes[KEY] - passes <= 2
    home = {"x:1": 80, "other": 20} if kind == "foreign" else {"x:1": 100}
    assert routed(first) == home
    await first.until(lambda: first.phase() == "Invalid")
    await passing(first, 60)
    assert routed(first) == home
    assert "rolled back before: aborted by eve" in first.status()["message"]
    assert first.annotations() == {}
    await KINDS[kind][1](first)
    await first.until(lambda: first.phase() != "Invalid")
    await first.rest()
    if kind == "spec":  # a spec that is edited after a failure tries again
        assert first.serves("x:2")
        return
    assert first.phase() == "Failed"
    assert first.status()["failed"]["reason"] == "Aborted"
    assert routed(first) == {"x:1": 100}
    assert first.emptied("x:2")


@pytest.mark.parametrize(
    ("kind", "restarted"),
    [
        ("spec", True),
        ("foreign", True),
        *(pytest.param(kind, False, marks=pytest.mark.scenario) for kind in ("service", "template")),
    ],
)
async def test_harm_takes_it_out_while_it_is_held(first: Stage, kind: str, restarted: bool) -> None:
    await held(first, kind)
    if restarted:
        await first.restart()
    await passing(first, 30)
    assert first.phase() == "Invalid"
    first.provider.bad = lambda _: True
    await first.until(lambda: "x:2" not in routed(first), seconds=15)
    assert first.status()["failed"]["reason"] == "GateFailed"


async def test_the_spec_that_was_accepted_is_kept_while_a_release_is_in_progress(first: Stage) -> None:
    packed = first.status()["accepted"]
    obj = first.get("releases.sluice.dev")
    assert unpack_spec(packed, obj) is not None
    assert len(packed) < 1000
    await bad_spec(first)
    await first.until(lambda: first.phase() == "Invalid")
    assert first.status()["accepted"] == packed
    await good_spec(first)
    await first.until(lambda: first.serves("x:2"))
    assert "accepted" not in first.status()


async def test_without_the_accepted_spec_a_new_leader_touches_nothing_and_says_so(first: Stage) -> None:
    await held(first, "spec")
    await first.kill()
    await first.client.patch(f"{RELEASES}/podinfo/status", {"status": {"accepted": None}})
    await first.start()
    before, writes = routed(first), first.writes()
    await first.rest()
    await first.say("abort")
    await first.until(lambda: first.annotations() == {})
    await first.rest()
    assert routed(first) == before
    assert {write[1] for write in first.writes()[len(writes) :]} == OURS
    await good_spec(first)
    await first.until(lambda: first.serves("x:2"))
    await first.finish()
    assert first.events().count(("CommandIgnored", "Warning")) == 1


async def test_other_words_about_what_is_wrong_are_news(first: Stage) -> None:
    await held(first, "spec")
    await spec(first, limits("failures{{ no"))
    await first.until(lambda: "unexpected" in first.status()["message"], seconds=1)


async def test_what_mends_a_held_release_wakes_it_though_its_spec_cannot_be_read(first: Stage) -> None:
    """Its objects are those of the accepted spec; of what stands there now, nothing can be read."""
    first.api.faults.add(verb="write", resource="virtualservices", agent=AGENT, status=500, times=2)
    await held(first, "spec")
    await first.push("x:1")
    await first.until(lambda: "x:2" not in routed(first), seconds=5)
    assert first.phase() == "Invalid"


async def test_it_comes_home_though_neither_the_status_nor_the_spec_can_be_used(first: Stage) -> None:
    await held(first, "spec")
    fault = first.api.faults.add(
        verb="patch", resource="releases", subresource="status", agent=AGENT, status=500, times=None
    )
    await first.say("abort", by="eve")
    await first.until(lambda: "x:2" not in routed(first), seconds=2)
    assert first.phase() == "Invalid"
    fault.remove()
    await first.until(lambda: "rolled back before" in first.status()["message"])


async def test_a_version_that_the_service_does_not_select_gets_no_request(stage: Stage) -> None:
    """Its pods would be ready and none of the endpoints: its subset would be empty."""
    labels = {"spec": {"template": {"metadata": {"labels": {"version": "v1"}}}}}
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", labels)
    await stage.client.patch(SERVICE, {"spec": {"selector": {"app": "podinfo", "version": "v1"}}})
    await stage.idle()
    labels["spec"]["template"]["metadata"]["labels"]["version"] = "v2"
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", labels)
    await stage.until(lambda: stage.phase() == "Invalid")
    assert "Service shop/podinfo: it selects pods with version=v1" in stage.status()["message"]
    await passing(stage, 100)
    assert len(stage.objects("deployments.apps")) == 2
    await stage.client.patch(SERVICE, {"spec": {"selector": {"version": None}}})
    await stage.until(lambda: stage.phase() == "Progressing")
