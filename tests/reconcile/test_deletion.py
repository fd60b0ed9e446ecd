"""A Release is deleted: what it took over goes back, in every phase and whatever is in the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from controller.errors import InvalidRelease
from tests.handback import RULES, SERVICES, delete, deleted, gone, is_plain, kept, names, there
from tests.stage import AGENT, DEPLOYMENTS, KEY, NAME, NAMESPACE, RELEASES, ROUTES, Stage, release, workload

FINALIZER = "sluice.dev/hand-back"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
RULE = f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/destinationrules"


def finalizers(stage: Stage) -> list[str]:
    return list(stage.get("releases.sluice.dev")["metadata"].get("finalizers", []))


async def edit(stage: Stage, spec: dict[str, Any], path: str = f"{RELEASES}/{NAME}") -> None:
    await stage.client.patch(path, {"spec": spec})


async def at(stage: Stage, weight: int) -> None:
    """In the middle of a release of x:2."""
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == weight)


def messages(stage: Stage) -> list[str]:
    """Collects every message of the Release from now on."""
    told: list[str] = []

    def note(change: Any) -> None:
        message = (change.new.object.get("status") or {}).get("message", "")
        if message and (not told or told[-1] != message):
            told.append(message)

    stage.api.store.listen("releases.sluice.dev", note)
    return told


# ---- the finalizer


async def test_the_finalizer_is_there_before_any_object_is_touched(stage: Stage) -> None:
    await stage.idle()
    writes = stage.writes()
    first = next(number for number, (_, resource, _, _) in enumerate(writes) if resource != "releases")
    assert ("patch", "releases", "", "podinfo") in writes[:first]
    assert finalizers(stage) == [FINALIZER]


async def test_one_that_adopted_nothing_goes_at_once(stage: Stage) -> None:
    """Also one that cannot be followed; and nobody writes anything about it."""
    await stage.client.delete(f"{CORE}/services/podinfo")
    await stage.create()
    await stage.until(lambda: stage.phase() == "Invalid")
    assert finalizers(stage) == []
    writes = stage.writes()
    await delete(stage)
    assert not there(stage)
    await stage.rest()
    assert stage.writes() == writes
    assert stage.app.reconciler._memory == {}


async def test_a_release_without_our_finalizer_that_others_hold_is_left_alone(stage: Stage) -> None:
    body = release()
    body["metadata"]["finalizers"] = ["example.com/theirs"]
    await stage.client.delete(f"{CORE}/services/podinfo")
    await stage.create(body)
    await stage.until(lambda: stage.phase() == "Invalid")
    await delete(stage)
    await workload(stage.client, "other")
    ports = [{"name": "http", "port": 80}]
    spec = {"selector": {"app": "podinfo"}, "ports": ports}
    await stage.client.create(f"{CORE}/services", {"metadata": {"name": "podinfo"}, "spec": spec})
    await stage.rest()
    assert names(stage, SERVICES) == []
    assert finalizers(stage) == ["example.com/theirs"]


async def test_the_finalizers_of_others_stay(stage: Stage) -> None:
    body = release()
    body["metadata"]["finalizers"] = ["example.com/theirs"]
    await stage.push("x:1")
    await stage.create(body)
    await stage.until(lambda: stage.serves("x:1"))
    await stage.rest()
    assert finalizers(stage) == ["example.com/theirs", FINALIZER]
    await delete(stage)
    await stage.until(lambda: finalizers(stage) == ["example.com/theirs"])
    await stage.rest()
    assert is_plain(stage)
    assert stage.app.reconciler._memory == {}


# ---- the Deployment is what stable is


async def test_an_idle_release_gives_everything_back(stage: Stage) -> None:
    await stage.idle()
    await stage.promote("x:2")
    told = messages(stage)
    await deleted(stage)
    assert is_plain(stage)
    await stage.finish()
    assert {("HandingBack", "Normal"), ("HandedBack", "Normal")} <= set(stage.events())
    assert any("Deployment podinfo starts its own pods (0 of 3 available)" in text for text in told)
    assert any("routes are as they were; requests on their way end until" in text for text in told)


async def test_no_pod_goes_before_the_routes_have_left_it_and_none_is_named_before_it_is_there(stage: Stage) -> None:
    """The order, write by write, with the moments."""
    await stage.idle()
    steps: list[tuple[str, float]] = []

    def note(what: str) -> Callable[[Any], None]:
        def changed(change: Any) -> None:
            steps.append((f"{what} {'gone' if change.deleted else 'changed'}", stage.clock.now))

        return changed

    for table in ("deployments.apps", SERVICES, RULES):
        stage.api.store.listen(table, note(table.partition(".")[0]))
    stage.pods = False
    await delete(stage)
    await stage.until(lambda: not stage.get("deployments.apps")["spec"].get("paused"))
    for _ in range(5):
        stage.clock.now += 60
        stage.dates.add(KEY)
        await stage.rest()
    assert len(names(stage, SERVICES)) == 1, "the Deployment has no pod that could answer"
    assert "starts its own pods (0 of 3 available)" in stage.status()["message"]
    stage.pods = True
    steps.clear()
    started = stage.clock.now
    await gone(stage)
    moments = {what: moment for what, moment in steps if what.endswith("gone")}
    order = sorted(moments, key=lambda what: moments[what])
    assert order == ["virtualservices gone", "deployments gone", "destinationrules gone"]
    assert moments["virtualservices gone"] >= started + 2, "the mesh learns of the Deployment's pods"
    assert moments["deployments gone"] >= moments["virtualservices gone"] + 2 + 5


async def test_the_number_of_the_release_goes_to_the_deployment(stage: Stage) -> None:
    await stage.idle()
    await edit(stage, {"replicas": 5})
    await edit(stage, {"replicas": 0}, f"{DEPLOYMENTS}/podinfo")
    await stage.rest()
    await deleted(stage)
    assert stage.get("deployments.apps")["spec"]["replicas"] == 5
    assert is_plain(stage)


async def test_configuration_goes_after_the_revisions_that_read_it(stage: Stage) -> None:
    await stage.client.create(f"{CORE}/configmaps", {"metadata": {"name": "colours"}, "data": {"sky": "blue"}})
    env = {"op": "add", "path": "/spec/template/spec/containers/0/envFrom"}
    patch = [env | {"value": [{"configMapRef": {"name": "colours"}}]}]
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", patch, "application/json-patch+json")
    await stage.idle()
    assert len(names(stage, "configmaps")) == 2
    await deleted(stage)
    assert names(stage, "configmaps") == ["colours"]
    assert is_plain(stage)


async def test_in_the_middle_of_a_release_that_was_taken_back(stage: Stage) -> None:
    """The Deployment is stable's again: the candidate's pods are gone before the Service as a whole is named."""
    await stage.idle()
    await at(stage, 50)
    candidate = f"podinfo-{stage.revision('x:2')}"
    await stage.push("x:1")
    await delete(stage)
    await stage.until(lambda: not names(stage, SERVICES))
    assert not stage.get("deployments.apps", candidate)["status"].get("readyReplicas")
    await gone(stage)
    assert is_plain(stage)
    assert [weights.get("x:2", 0) for weights in stage.weights] == [0, 10, 50, 0]


async def test_a_previous_revision_that_is_still_warm_goes_before_the_routes_do(stage: Stage) -> None:
    await stage.idle()
    await edit(stage, {"workload": {"keepPrevious": "1h"}})
    await stage.push("x:2")
    await stage.until(lambda: stage.serves("x:2"))
    previous = f"podinfo-{stage.revision('x:1')}"
    assert stage.get("deployments.apps", previous)["spec"]["replicas"] == 3
    await delete(stage)
    await stage.until(lambda: not names(stage, SERVICES))
    assert not stage.get("deployments.apps", previous)["status"].get("readyReplicas")
    await gone(stage)
    assert is_plain(stage)


@pytest.mark.parametrize("moment", ["preparing", "routed"])
async def test_in_the_middle_of_an_adoption(stage: Stage, moment: str) -> None:
    await stage.play()
    stage.pods = moment == "routed"
    await stage.create()
    await stage.until(lambda: stage.share("x:1") if stage.pods else stage.revision("x:1"))
    assert "stable" not in stage.status()
    await deleted(stage)
    stage.pods = True
    await stage.play()
    assert is_plain(stage)


async def test_a_deployment_that_changes_while_it_starts_its_pods_is_not_served(stage: Stage) -> None:
    await stage.idle()
    stage.pods = False
    await delete(stage)
    await stage.until(lambda: not stage.get("deployments.apps")["spec"].get("paused"))
    await stage.push("x:2")
    stage.pods = True
    await gone(stage)
    assert kept(stage) == "x:1"


# ---- the Deployment is something else


async def in_preparation(stage: Stage) -> None:
    stage.pods = False
    await stage.push("x:2")
    await stage.until(lambda: stage.revision("x:2"))
    stage.pods = True


async def at_10(stage: Stage) -> None:
    await at(stage, 10)


async def at_50(stage: Stage) -> None:
    await at(stage, 50)


async def paused(stage: Stage) -> None:
    await at(stage, 50)
    await stage.say("pause")
    await stage.until(lambda: stage.phase() == "Paused")


async def promoting(stage: Stage) -> None:
    await at(stage, 100)


async def baking(stage: Stage) -> None:
    await edit(stage, {"strategy": {"canary": {"bake": {"weight": "100%", "for": "10m"}}}})
    await at(stage, 100)
    await stage.until(lambda: stage.phase() == "Baking")


async def rolling_back(stage: Stage) -> None:
    await at(stage, 50)
    await stage.say("abort")
    await stage.until(lambda: stage.phase() == "RollingBack")


async def failed(stage: Stage) -> None:
    await stage.fail("x:bad")


async def superseded(stage: Stage) -> None:
    await at(stage, 10)
    await stage.push("x:3")
    await stage.until(lambda: stage.share("x:3") == 10)


async def invalid(stage: Stage) -> None:
    await at(stage, 50)
    await edit(stage, {"gates": {"limits": [{"name": "failures", "prometheus": {"query": "{{ nope }}", "max": 0.1}}]}})
    await stage.until(lambda: stage.phase() == "Invalid")


MOMENTS = [in_preparation, at_10, at_50, paused, promoting, baking, rolling_back, failed, superseded, invalid]
FEW = (in_preparation, at_50, promoting, failed)
"""Those in `make test`; the others with the scenarios."""


@pytest.mark.parametrize(
    ("moment", "restarted"),
    [
        *(pytest.param(moment, False, marks=() if moment in FEW else pytest.mark.scenario) for moment in MOMENTS),
        (at_50, True),
        pytest.param(failed, True, marks=pytest.mark.scenario),
    ],
)
async def test_stable_stays_where_the_deployment_says_something_else(
    stage: Stage, moment: Callable[[Stage], Awaitable[None]], restarted: bool
) -> None:
    """In every phase; also with a controller that was away meanwhile."""
    await stage.idle()
    await moment(stage)
    weights = len(stage.weights)
    if restarted:
        await stage.kill()
        await delete(stage)
        stage.clock.now += 3600
        await stage.start()
    else:
        await delete(stage)
    await gone(stage)
    assert kept(stage) == "x:1"
    assert stage.share("x:1") == 100
    assert len(stage.weights) <= weights + 1, "home in one move"
    await stage.finish()
    assert {("HandingBack", "Normal"), ("HandedBack", "Warning")} <= set(stage.events())


async def test_what_stays_keeps_its_configuration_and_says_what_to_do_next(stage: Stage) -> None:
    await stage.client.create(f"{CORE}/configmaps", {"metadata": {"name": "colours"}, "data": {"sky": "blue"}})
    env = {"op": "add", "path": "/spec/template/spec/containers/0/envFrom"}
    patch = [env | {"value": [{"configMapRef": {"name": "colours"}}]}]
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", patch, "application/json-patch+json")
    await stage.idle()
    await at(stage, 10)
    await deleted(stage)
    assert kept(stage) == "x:1"
    (deployment,) = (one for one in stage.objects("deployments.apps") if one["metadata"]["name"] != "podinfo")
    (copy,) = (one for one in stage.objects("configmaps") if one["metadata"]["name"] != "colours")
    (owner,) = copy["metadata"]["ownerReferences"]
    assert owner["uid"] == deployment["metadata"]["uid"]
    for one in (deployment, copy):
        assert "sluice.dev/managed-by" not in one["metadata"]["labels"]
    await stage.finish()
    (event,) = (one for one in stage.objects("events") if one["reason"] == "HandedBack")
    assert f"goes on serving as Deployment {deployment['metadata']['name']}" in event["message"]
    assert "kubectl rollout resume deployment/podinfo" in event["message"]


@pytest.mark.parametrize("name", ["podinfo", "another"])
async def test_a_later_release_takes_over_what_serves_and_releases_the_rest_in_steps(stage: Stage, name: str) -> None:
    await stage.idle()
    await at(stage, 10)
    await deleted(stage)
    serving = stage.revision("x:1") or kept(stage)
    stage.weights.clear()
    body = release() | {"metadata": {"name": name, "namespace": NAMESPACE}}
    await stage.create(body)
    await stage.until(lambda: stage.status(name).get("phase") == "Progressing")
    assert stage.status(name)["stable"]["images"] == ["x:1"]
    await stage.until(lambda: (stage.status(name).get("stable") or {}).get("images") == ["x:2"])
    await stage.rest()
    assert [weights.get("x:2", 0) for weights in stage.weights] == [10, 50, 100], serving
    await delete(stage, name)
    await gone(stage, name)
    template = stage.get("deployments.apps")
    assert names(stage, "deployments.apps") == ["podinfo"]
    assert not template["spec"].get("paused")


# ---- the Deployment is gone, or nothing answers


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_deployment_that_is_gone_holds_nothing_up(stage: Stage, at_once: bool) -> None:
    """Kubernetes takes the revisions with it, which this stage does not play."""
    await stage.idle()
    await stage.client.delete(f"{DEPLOYMENTS}/podinfo")
    if at_once:
        for one in names(stage, "deployments.apps"):
            await stage.client.delete(f"{DEPLOYMENTS}/{one}")
    began = stage.clock.now
    await deleted(stage)
    assert names(stage, SERVICES) == names(stage, RULES) == []
    assert stage.clock.now - began < (1 if at_once else 10)


async def test_a_deployment_that_goes_while_it_is_handed_back(stage: Stage) -> None:
    await stage.idle()
    stage.pods = False
    await delete(stage)
    await stage.until(lambda: not stage.get("deployments.apps")["spec"].get("paused"))
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", {"metadata": {"finalizers": ["example.com/theirs"]}})
    await stage.client.delete(f"{DEPLOYMENTS}/podinfo")
    await gone(stage)
    assert names(stage, SERVICES) == names(stage, RULES) == []


async def test_nothing_is_made_while_a_release_is_deleted(stage: Stage) -> None:
    """In a namespace that goes nothing can be: a hand-back that would need it never ended."""
    await stage.idle()
    await at(stage, 50)
    fault = stage.api.faults.add(verb="create", agent=AGENT, status=403, times=None, resource="deployments")
    await stage.client.delete(f"{DEPLOYMENTS}/podinfo")
    await deleted(stage)
    assert fault.hits == 0
    assert names(stage, SERVICES) == names(stage, RULES) == []


async def test_in_the_foreground_nothing_that_serves_is_a_dependent(stage: Stage) -> None:
    await stage.idle()
    await delete(stage, propagation="Foreground")
    uid = stage.get("releases.sluice.dev")["metadata"]["uid"]
    tables = ("deployments.apps", "replicasets.apps", "configmaps", SERVICES, RULES)
    owners = [
        ref["uid"]
        for table in tables
        for one in stage.objects(table)
        for ref in one["metadata"].get("ownerReferences", [])
    ]
    assert owners
    assert uid not in owners
    await stage.until(lambda: finalizers(stage) == ["foregroundDeletion"])
    await stage.rest()
    assert is_plain(stage)


# ---- what is in the way


@pytest.mark.parametrize("resource", ["virtualservices", "destinationrules", "deployments"])
async def test_what_cannot_be_written_is_named_and_tried_again(stage: Stage, resource: str) -> None:
    await stage.idle()
    await at(stage, 50)
    fault = stage.api.faults.add(verb="write", resource=resource, agent=AGENT, status=500, times=None)
    await delete(stage)
    await stage.until(lambda: "It is tried again" in stage.status()["message"])
    message = stage.status()["message"]
    assert "shop/podinfo" in message
    assert 'kubectl patch release podinfo -n shop --type merge -p \'{"metadata":{"finalizers":null}}\'' in message
    hits = fault.hits
    for _ in range(3):
        stage.clock.now += 60
        await stage.turn()
    assert fault.hits > hits
    fault.remove()
    await gone(stage)
    assert kept(stage) == "x:1"


async def test_a_kind_that_is_not_served_any_more_is_named_and_can_be_passed_over(stage: Stage) -> None:
    await stage.idle()
    stage.api.faults.add(resource="virtualservices", agent=AGENT, status=404, times=None)
    await delete(stage)
    await stage.until(lambda: "It is tried again" in stage.status()["message"], seconds=60)
    assert "VirtualService" in stage.status()["message"]
    await stage.client.patch(f"{RELEASES}/podinfo", {"metadata": {"finalizers": None}})
    assert not there(stage)
    await stage.rest()


async def test_pods_that_do_not_come_are_told_and_stable_goes_on_serving(stage: Stage) -> None:
    await stage.idle()
    stage.pods = False
    await delete(stage)
    await stage.until(lambda: not stage.get("deployments.apps")["spec"].get("paused"))
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    await stage.conditions("podinfo", failure)
    await stage.until(lambda: "exceeded quota" in stage.status()["message"])
    assert "kubectl patch release podinfo" in stage.status()["message"]
    assert stage.share("x:1") == 100
    stage.pods = True
    await stage.conditions("podinfo")
    await gone(stage)
    assert is_plain(stage)


@pytest.mark.parametrize(
    "spec",
    [
        {"gates": {"limits": [{"name": "failures", "prometheus": {"query": "{{ nope }}", "max": 0.1}}]}},
        {"traffic": {"port": 81}},
        {"workload": {"deployment": "nowhere"}},
    ],
)
@pytest.mark.parametrize("restarted", [True, pytest.param(False, marks=pytest.mark.scenario)])
async def test_an_invalid_release_is_handed_back_too(stage: Stage, spec: dict[str, Any], restarted: bool) -> None:
    await stage.idle()
    await edit(stage, spec)
    await stage.until(lambda: stage.phase() == "Invalid")
    if restarted:
        await stage.restart()
    await deleted(stage)
    assert is_plain(stage)


async def test_a_release_that_cannot_be_read_at_all_gives_back_what_carries_its_marks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spec of a newer version, say. Nothing tells then which DestinationRule it named: that stays."""

    def unreadable(_: object) -> None:
        raise InvalidRelease("spec.traffic: there is no such field")

    await stage.idle()
    await stage.kill()
    for module in ("admission.parse_release", "admission.parse_ownership"):
        monkeypatch.setattr(f"controller.{module}", unreadable)
    await stage.start()
    await stage.until(lambda: stage.phase() == "Invalid")
    await deleted(stage)
    assert names(stage, SERVICES) == []
    assert names(stage, "deployments.apps") == ["podinfo"]
    assert not stage.get("deployments.apps")["spec"].get("paused")


async def test_a_status_that_is_lost_is_found_again_in_the_routes(stage: Stage) -> None:
    await stage.idle()
    await stage.kill()
    await stage.client.patch(f"{RELEASES}/podinfo/status", {"status": None})
    await delete(stage)
    await stage.start()
    await gone(stage)
    assert is_plain(stage)


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
