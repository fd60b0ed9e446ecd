"""What others change of ours: repaired within a pass, told once with the name of who did it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest

from tests.stage import AGENT, DEPLOYMENTS, KEY, NAMESPACE, ROUTES, Stage

RULES = f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/destinationrules"
JSON = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


def told(stage: Stage, reason: str) -> list[str]:
    """The messages of the Release's events of this reason, each as often as it was recorded."""
    return [
        one["message"]
        for one in stage.objects("events")
        if one["involvedObject"]["kind"] == "Release" and one["reason"] == reason
        for _ in range(one.get("count", 1))
    ]


def condition(stage: Stage, kind: str) -> tuple[str, str]:
    found = {one["type"]: one for one in stage.status()["conditions"]}
    return found[kind]["status"], found[kind].get("message", "")


async def edit(stage: Stage, path: str, patch: Any, manager: str, form: str = MERGE) -> None:
    await stage.client.patch(f"{path}?fieldManager={manager}", patch, form)


@pytest.mark.parametrize(
    ("how", "who"),
    [
        ("apply", "by argocd-controller"),
        ("rollout resume", "by somebody, as `kubectl rollout resume` does (its managedFields name nobody)"),
    ],
)
@pytest.mark.parametrize(
    "image", [pytest.param("x:1", id="idle", marks=pytest.mark.scenario), pytest.param("x:2", id="in a release")]
)
async def test_a_template_that_is_resumed_is_paused_again_at_once(stage: Stage, how: str, who: str, image: str) -> None:
    await stage.idle()
    if image == "x:2":
        await stage.push(image)
        await stage.until(lambda: stage.share(image) == 50)
    assert condition(stage, "TemplateResumed")[0] == "False"
    if how == "apply":
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"paused": False}}
        await edit(stage, f"{DEPLOYMENTS}/podinfo", body, "argocd-controller&force=true", APPLY)
    else:
        await edit(stage, f"{DEPLOYMENTS}/podinfo", {"spec": {"paused": None}}, "kubectl-rollout")
    await stage.settled()
    own = own_set(stage)
    await stage.client.create(f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets", own)
    await stage.until(lambda: stage.get("deployments.apps")["spec"].get("paused"), seconds=1)
    assert condition(stage, "TemplateResumed") == (
        "True",
        f"Deployment shop/podinfo was resumed {who}: it is paused again, and the pods that it started go",
    )
    await stage.until(lambda: not stage.owning(), seconds=1)
    subsets = stage.get("destinationrules.networking.istio.io")["spec"]["subsets"]
    pods = own["spec"]["template"]["metadata"]["labels"]
    assert not any(entry["labels"].items() <= pods.items() for entry in subsets), "no subset may choose its pods"
    assert len(subsets) == (2 if image == "x:2" else 1)
    await stage.rest()
    assert condition(stage, "TemplateResumed")[0] == "False"
    await stage.finish()
    assert told(stage, "TemplateResumed") == [f"Deployment shop/podinfo was resumed {who}: it is paused again"]


def own_set(stage: Stage) -> dict[str, Any]:
    """What the Deployment controller makes of a template that is not paused."""
    template = stage.get("deployments.apps")
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo", "uid": template["metadata"]["uid"]}
    spec = {key: template["spec"][key] for key in ("replicas", "selector", "template")}
    metadata = {"name": "podinfo-resumed", "ownerReferences": [owner | {"controller": True}]}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}


async def put_back(stage: Stage, manager: str = "argocd-controller") -> None:
    """What a sync does: the routes as they stand in Git."""
    route = {"name": "podinfo", "route": [{"destination": {"host": "podinfo"}}]}
    await edit(stage, f"{ROUTES}/podinfo", {"spec": {"http": [route]}}, manager)


@pytest.fixture
async def half(stage: Stage) -> Stage:
    """A release at its second step, in effect, over a user's own VirtualService."""
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "podinfo"},
        "spec": {"hosts": ["podinfo"], "http": [{"name": "podinfo", "route": [{"destination": {"host": "podinfo"}}]}]},
    }
    await stage.client.create(ROUTES, body)
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 50 and "inEffectSince" in stage.status().get("step", {}))
    return stage


async def test_routes_that_a_sync_put_back_are_drift_and_no_error(half: Stage) -> None:
    await put_back(half)
    assert half.share("x:2") == 0
    await half.until(lambda: half.share("x:2") == 50, seconds=1)
    what = (
        "VirtualService shop/podinfo was changed: route 'podinfo' goes to podinfo without a subset by argocd-controller"
    )
    assert condition(half, "Drift") == ("True", what)
    await half.until(lambda: condition(half, "Drift")[0] == "False", seconds=1)
    assert half.phase() == "Progressing"
    await half.until(lambda: half.serves("x:2"))
    await half.finish()
    assert told(half, "Drift") == [f"{what}: it is written again"]


async def test_a_change_that_cannot_be_repaired_yet_is_told_once(half: Stage) -> None:
    fault = half.api.faults.add(verb="patch", resource="virtualservices", agent=AGENT, status=500, times=None)
    await put_back(half)
    for _ in range(4):
        half.clock.now += 1
        half.dates.add(KEY)
        await half.turn()
        assert condition(half, "Drift")[0] == "True"
    fault.remove()
    await half.until(lambda: half.share("x:2") == 50, seconds=5)
    await half.until(lambda: condition(half, "Drift")[0] == "False", seconds=5)
    await half.finish()
    assert len(told(half, "Drift")) == 1


async def subset_taken_away(stage: Stage) -> str:
    candidate = stage.revision("x:2")
    entries = stage.get("destinationrules.networking.istio.io")["spec"]["subsets"]
    left = [one for one in entries if one["name"] != f"r-{candidate}"]
    await edit(stage, f"{RULES}/podinfo", {"spec": {"subsets": left}}, "flux")
    return f"DestinationRule shop/podinfo has lost what routes need: subset r-{candidate} was taken away by flux"


async def subset_changed(stage: Stage) -> str:
    candidate = stage.revision("x:2")
    entries = stage.get("destinationrules.networking.istio.io")["spec"]["subsets"]
    wrong = [{**one, "labels": {"app": "y"}} if one["name"] == f"r-{candidate}" else one for one in entries]
    await edit(stage, f"{RULES}/podinfo", {"spec": {"subsets": wrong}}, "flux")
    return f"DestinationRule shop/podinfo has lost what routes need: subset r-{candidate} was changed by flux"


async def rule_deleted(stage: Stage) -> str:
    await stage.client.delete(f"{RULES}/podinfo")
    return "DestinationRule shop/podinfo was deleted by somebody (its managedFields name nobody)"


async def revision_scaled(stage: Stage) -> str:
    name = f"podinfo-{stage.revision('x:1')}"
    await edit(stage, f"{DEPLOYMENTS}/{name}/scale", {"spec": {"replicas": 1}}, "kubectl")
    return f"Deployment shop/{name} was scaled from 3 to 1 by kubectl"


async def revision_edited(stage: Stage) -> str:
    """The candidate's is made again of the Deployment as it is."""
    name = f"podinfo-{stage.revision('x:2')}"
    image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "y:9"}]
    await edit(stage, f"{DEPLOYMENTS}/{name}", image, "kubectl-set", JSON)
    what = "was edited: its pods would be of another version than it was made for"
    return f"Deployment shop/{name} {what} by kubectl-set"


async def revision_deleted(stage: Stage) -> str:
    name = f"podinfo-{stage.revision('x:2')}"
    await stage.client.delete(f"{DEPLOYMENTS}/{name}")
    return f"Deployment shop/{name} was deleted by somebody (its managedFields name nobody)"


CHANGES = [subset_taken_away, subset_changed, rule_deleted, revision_scaled, revision_edited, revision_deleted]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_what_somebody_changed_is_written_again_and_told(half: Stage, change: Any) -> None:
    before, weights = half.end(), list(half.weights)
    what = await change(half)
    assert half.end() != before
    await half.settled()
    half.dates.add(KEY)
    await half.turn()
    assert condition(half, "Drift") == ("True", what)
    if change is revision_deleted:  # nobody serves: the release is over
        await half.until(lambda: half.phase() == "Failed", seconds=30)
    else:
        await half.until(lambda: condition(half, "Drift")[0] == "False", seconds=1)
        assert half.weights == weights, "no route moved"
        await half.until(lambda: half.serves("x:2"))
    await half.finish()
    assert told(half, "Drift") == [f"{what}: it is written again"]


async def test_stable_that_was_deleted_in_a_release_is_made_again_of_a_template_put_back_to_it(half: Stage) -> None:
    """Nothing but its Deployment said what its pods were."""
    lost = half.revision("x:1")
    await half.client.delete(f"{DEPLOYMENTS}/podinfo-{lost}")
    await half.settled()
    half.dates.add(KEY)
    await half.turn()
    assert half.status()["message"].endswith(f"; stable {lost} (x:1) is gone: promote-full takes all requests off it")
    await half.push("x:1")
    await half.until(lambda: half.phase() == "Idle" and half.serves("x:1"))
    assert half.revision("x:1") == lost
    await half.finish()
    (once,) = told(half, "Drift")
    assert once.endswith(": it can only be made again of a template that is its version")


async def test_a_copy_of_configuration_that_was_deleted_is_made_again(stage: Stage) -> None:
    core = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    await stage.client.create(core, {"metadata": {"name": "colours"}, "data": {"sky": "blue"}})
    source = [{"configMapRef": {"name": "colours"}}]
    add = [{"op": "add", "path": "/spec/template/spec/containers/0/envFrom", "value": source}]
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", add, JSON)
    await stage.idle()
    name, copy = stage.revision("x:1"), f"colours-{stage.revision('x:1')}"
    await stage.client.delete(f"{core}/{copy}")
    await stage.until(lambda: any(one["metadata"]["name"] == copy for one in stage.objects("configmaps")), seconds=1)
    await stage.rest()
    assert condition(stage, "Drift")[0] == "False"
    await stage.finish()
    (one,) = told(stage, "Drift")
    assert one.startswith(f"ConfigMap shop/{copy} was deleted, and pods of {name} cannot start without it by somebody")


@pytest.mark.parametrize("stops", [(3, 8), pytest.param(range(1, 12), marks=pytest.mark.scenario)], ids=["few", "all"])
async def test_our_own_writes_are_nobodys_drift(stage: Stage, stops: Iterable[int]) -> None:
    """Releases, scaling by the user, a restart after every write: nothing of it is told as somebody's doing."""
    await stage.idle()
    for writes in stops:
        stage.stop_after(writes)
        await stage.push(f"x:{writes + 1}")
        await stage.client.patch(f"{DEPLOYMENTS}/podinfo", {"spec": {"replicas": 1 + writes % 5}}, MERGE)
        await stage.until(partial(stage.serves, f"x:{writes + 1}"))
    await stage.rest()
    await stage.finish()
    assert told(stage, "Drift") == []
    assert told(stage, "TemplateResumed") == []


class Syncer:
    """A GitOps controller that puts its routes back as soon as they are written over."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.done = 0
        self.off = False

    async def go(self) -> None:
        routes = self.stage.get("virtualservices.networking.istio.io")["spec"]["http"]
        if not self.off and any(entry["destination"].get("subset") for entry in routes[-1]["route"]):
            await put_back(self.stage)
            self.done += 1

    async def until(self, true: Any, seconds: float) -> None:
        """As the stage's, with the sync in between."""
        end = self.stage.clock.now + seconds
        while not true():
            await self.go()
            if not await self.stage.turn():
                assert self.stage.clock.now < end, self.stage.told()
                self.stage.advance()


async def test_a_sync_that_puts_its_routes_back_ends_the_release(half: Stage) -> None:
    syncer = Syncer(half)
    await syncer.until(lambda: half.phase() == "Failed", seconds=10)
    status = half.status()
    assert status["failed"]["reason"] == "Fight"
    assert "argocd-controller has changed VirtualService shop/podinfo back 3 times" in status["message"]
    writes = len(half.writes())
    begun, done = half.clock.now, syncer.done
    await syncer.until(lambda: half.clock.now > begun + 600, seconds=1200)
    assert condition(half, "Drift")[0] == "True"
    assert syncer.done - done <= 600 / 30 + 1, "two controllers that do not spin"
    assert len(half.writes()) - writes < 80
    assert half.phase() == "Failed"
    syncer.off = True
    await half.rest()
    assert condition(half, "Drift")[0] == "False"
    await half.say("retry")
    await half.until(lambda: half.serves("x:2"))


async def test_a_fight_is_counted_over_a_restart(half: Stage) -> None:
    for restart in (False, True, False):
        assert half.phase() == "Progressing"
        await put_back(half)
        await half.until(lambda: half.phase() == "Failed" or condition(half, "Drift")[0] == "True", seconds=5)
        await half.until(lambda: condition(half, "Drift")[0] == "False" or half.phase() == "Failed", seconds=5)
        if restart:
            await half.restart()
    await half.until(lambda: half.phase() == "Failed", seconds=5)
    assert half.status()["failed"]["reason"] == "Fight"
    assert half.share("x:2") == 0


async def test_conflicts_of_our_own_writes_are_no_fight(half: Stage) -> None:
    """One change, and then each repair meets another version of the object."""
    fault = half.api.faults.add(verb="patch", resource="virtualservices", agent=AGENT, status=409, times=6)
    await put_back(half)
    await half.until(lambda: half.share("x:2") == 50, seconds=60)
    assert fault.hits == 6
    assert half.phase() == "Progressing"
    await half.until(lambda: half.serves("x:2"))
    await half.finish()
    assert len(told(half, "Drift")) == 1
