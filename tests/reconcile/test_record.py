"""Status first, and only when it is news; after a conflict everything is decided again at once."""

from __future__ import annotations

import itertools

import pytest

from controller.core.status import Phase
from controller.core.traffic import Weights
from controller.crd import status_from_wire
from controller.providers.measurement import Measurement, Row
from controller.sandbox.api.store import Change
from tests.stage import AGENT, KEY, NAMESPACE, RELEASES, Stage, release


def status_writes(stage: Stage) -> int:
    return sum(1 for write in stage.writes() if write[1:3] == ("releases", "status"))


async def test_every_weight_was_recorded_before_it_was_written(stage: Stage) -> None:
    seen: list[tuple[dict[str, int], dict[str, int]]] = []

    def check(change: Change) -> None:
        routes = change.new.object["spec"]["http"][-1]["route"]
        written = {entry["destination"]["subset"]: 10 * entry.get("weight", 100) for entry in routes}
        status = status_from_wire(stage.status())
        wanted = status.step.wanted if status.step and status.phase is not Phase.ROLLING_BACK else None
        if wanted is None and status.stable:
            wanted = Weights.all_to(status.stable.name)
        assert wanted is not None
        seen.append((written, {f"r-{name}": share for name, share in wanted}))

    unlisten = stage.api.store.listen("virtualservices.networking.istio.io", check)
    await stage.idle()
    await stage.promote("x:2")
    await stage.fail("x:bad")
    unlisten()
    assert stage.writes()[0][1:3] == ("releases", "status")
    assert len(seen) > 5
    for written, wanted in seen:
        assert written == wanted


async def test_a_conflict_is_decided_again_at_once(stage: Stage) -> None:
    await stage.create()
    await stage.settled()
    # The cache does not know of this: watches say nothing more, and a write comes before the next pass.
    stage.api.faults.add(verb="watch", resource="releases", agent=AGENT, status=503, times=None)
    stage.api.break_watches(resource="releases", agent=AGENT)
    await stage.client.patch(f"{RELEASES}/podinfo", {"metadata": {"labels": {"team": "a"}}})
    began = stage.clock.now
    await stage.dates.one(KEY)
    assert stage.dates.failed == []
    assert stage.api.audit.count(agent=AGENT, code=409) == 1
    assert stage.phase() == "Preparing"
    assert stage.clock.now == began
    stage.api.faults.clear()


async def test_a_conflict_that_lasts_is_left_to_the_backoff(stage: Stage) -> None:
    fault = stage.api.faults.add(verb="patch", resource="releases", subresource="status", status=409, times=None)
    await stage.create()
    await stage.turn()
    assert fault.hits == 3
    assert len(stage.dates.failed) == 1
    assert stage.writes() == []
    fault.remove()
    await stage.until(lambda: stage.serves("x:1"))


async def test_numbers_are_written_once_a_minute_at_most(stage: Stage) -> None:
    numbers = itertools.count()

    async def measure(query: str, at: float) -> Measurement:
        return Measurement(at, (Row({}, next(numbers) % 7 / 100),) if query.startswith("failures") else ())

    stage.provider.measure = measure  # type: ignore[method-assign]
    strategy = {"canary": {"steps": [{"weight": "10%", "for": "30m"}]}}
    await stage.create(release(strategy=strategy))
    await stage.until(lambda: stage.serves("x:1"))
    await stage.push("x:2")
    await stage.until(lambda: (stage.status().get("gates") or [{}])[0].get("verdict") == "pass")
    began, before, values = stage.clock.now, status_writes(stage), set()
    while stage.clock.now < began + 600:
        await stage.turn()
        stage.advance()
        values.add(stage.status()["gates"][0].get("value"))
    assert next(numbers) > 50
    assert 7 <= status_writes(stage) - before <= 10
    assert len(values) > 3
    assert stage.share("x:2") == 10


async def test_an_idle_release_causes_no_request(stage: Stage) -> None:
    await stage.idle()
    assert stage.dates.dates == {}
    asked = stage.api.audit.count(agent=AGENT) - stage.api.audit.count(agent=AGENT, verb="watch")
    queries = len(stage.provider.asked)
    for _ in range(10):
        stage.clock.now += 60
        stage.dates.add(KEY)
        await stage.rest()
    assert stage.api.audit.count(agent=AGENT) - stage.api.audit.count(agent=AGENT, verb="watch") == asked
    assert len(stage.provider.asked) == queries


async def test_a_restart_over_an_idle_release_writes_nothing(stage: Stage) -> None:
    await stage.idle()
    before = stage.writes()
    await stage.restart()
    await stage.rest()
    stage.clock.now += 600
    stage.dates.add(KEY)
    await stage.rest()
    assert stage.writes() == before


async def test_what_keeps_pods_from_running_is_said_at_once_and_not_again_for_its_numbers(stage: Stage) -> None:
    """A wait that has another reason now is news, though nothing but the message says so."""
    await stage.idle()
    stage.pods = False
    await stage.push("x:2")
    await stage.until(lambda: "0 of 1 pods available" in stage.status()["message"])
    name = f"podinfo-{stage.revision('x:2')}"
    quota = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: team"}
    await stage.conditions(name, quota)
    await stage.until(lambda: "exceeded quota" in stage.status()["message"], seconds=1)


async def test_what_only_pods_say_is_asked_for(stage: Stage) -> None:
    """A Deployment says nothing of an image that cannot be pulled, and pods are not watched."""
    await stage.idle()
    stage.pods = False
    await stage.push("x:2")
    await stage.until(lambda: "0 of 1 pods available" in stage.status()["message"])
    marks = {"sluice.dev/revision": stage.revision("x:2")}
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image x:2"}
    pod = {
        "metadata": {"name": "one", "labels": {"app": "podinfo", **marks}},
        "spec": {"containers": [{"name": "app", "image": "x:2"}]},
        "status": {"containerStatuses": [{"name": "app", "state": {"waiting": waiting}}]},
    }
    await stage.client.create(f"/api/v1/namespaces/{NAMESPACE}/pods", pod)
    await stage.client.patch(f"/api/v1/namespaces/{NAMESPACE}/pods/one/status", {"status": pod["status"]})
    await stage.until(lambda: "ImagePullBackOff" in stage.status()["message"], seconds=10)


async def test_a_status_that_somebody_takes_away_is_written_again(stage: Stage) -> None:
    """A status without memory is that of a Release never seen: it finds its own revision, and adopts it."""
    await stage.idle()
    before = stage.end()
    await stage.client.patch(f"{RELEASES}/podinfo/status", {"status": None})
    await stage.until(lambda: stage.serves("x:1"))
    await stage.rest()
    assert stage.end() == before
    assert stage.weights == [{"x:1": 100}]


async def test_a_status_write_whose_answer_is_lost_is_found_to_be_done(stage: Stage) -> None:
    await stage.create()
    stage.api.faults.add(verb="patch", subresource="status", agent=AGENT, drop=True, after=True)
    await stage.until(lambda: stage.serves("x:1"))
    assert [event for event in stage.events() if event[1] == "Warning"] == []


@pytest.mark.parametrize("kind", ["virtualservices", "destinationrules", "deployments"])
async def test_somebody_else_writes_first(stage: Stage, kind: str) -> None:
    """A conflict on any object is read again and decided again at once, the watch being late."""
    await stage.idle()
    await stage.push("x:2")
    fault = stage.api.faults.add(verb="patch", resource=kind, subresource="", agent=AGENT, status=409, times=2)
    await stage.until(lambda: stage.serves("x:2"))
    assert fault.hits == 2
    assert stage.dates.failed == []
    shares = [weights.get("x:2", 0) for weights in stage.weights]
    assert shares == [0, 10, 50, 100]
