from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from controller.cluster import Cluster, EventRecorder, Kind, Object
from controller.errors import ClusterError, Conflict, Forbidden, NotFound, Unreachable
from controller.sandbox.api import EmbeddedApi
from controller.telemetry import Telemetry

Run = Callable[[Coroutine[Any, Any, Any]], Any]
EVENT = Kind("", "Event", "v1")


def involved(name: str = "a", namespace: str = "default") -> Object:
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": "5"}
    return {"apiVersion": "sluice.dev/v1alpha1", "kind": "Release", "metadata": metadata}


class Api:
    """What a recorder asks of a Cluster; ``errors`` are raised in turn by create, None lets it pass."""

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        self.created: dict[str, Object] = {}
        self.tries: list[str] = []
        self.patches: list[tuple[float, Object]] = []
        self.errors: list[ClusterError | None] = []
        self.hang = False

    async def create(self, item: Object) -> Object:
        name = item["metadata"]["name"]
        self.tries.append(name)
        if self.hang:
            await asyncio.Event().wait()
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        if name in self.created:
            raise Conflict("exists")
        self.created[name] = item
        return item

    async def merge_patch(self, kind: Kind, namespace: str, name: str, patch: Object) -> Object:
        if name not in self.created:
            raise NotFound("none")
        self.patches.append((asyncio.get_running_loop().time(), patch))
        self.created[name] |= patch
        return self.created[name]

    def outcomes(self, outcome: str) -> float:
        return self.telemetry.registry.get_sample_value("sluice_kubernetes_events_total", {"outcome": outcome}) or 0


def recorder(api: Api, **options: Any) -> EventRecorder:
    now = asyncio.get_running_loop().time
    return EventRecorder(api, clock=now, wall=lambda: 1.7e9 + now(), **options)  # type: ignore[arg-type]


async def test_an_event_as_kubectl_shows_it(api: EmbeddedApi, cluster: Cluster) -> None:
    async with EventRecorder(cluster, instance="pod-1", wall=lambda: 1.7e9) as events:
        events.record(involved(), "Promoted", "v2 gets all traffic")
        events.record(involved(), "Held", "no data from Prometheus", warning=True)
    found = {item["reason"]: item for item in await cluster.list(EVENT, "default")}
    promoted = found["Promoted"]
    assert promoted["involvedObject"] == {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Release",
        "namespace": "default",
        "name": "a",
        "uid": "uid-a",
        "resourceVersion": "5",
    }
    assert (promoted["type"], promoted["count"]) == ("Normal", 1)
    assert promoted["message"] == "v2 gets all traffic"
    assert promoted["source"] == {"component": "sluice"}
    assert promoted["lastTimestamp"] == "2023-11-14T22:13:20Z"
    assert found["Held"]["type"] == "Warning"
    named = await cluster.list(EVENT, "default", fields="involvedObject.name=a,reason=Held")
    assert len(named) == 1


async def test_an_event_of_a_cluster_scoped_object_lives_in_default(cluster: Cluster) -> None:
    async with EventRecorder(cluster) as events:
        events.record({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, "Seen", "here")
    [event] = await cluster.list(EVENT)
    assert event["metadata"]["namespace"] == "default"


def test_a_repeat_raises_the_count_seldom(run_virtual: Run) -> None:
    async def main() -> None:
        api = Api()
        async with recorder(api) as events:
            for _ in range(90):
                events.record(involved(), "Waiting", "for data")
                await asyncio.sleep(1)
            await asyncio.sleep(30)
        [event] = api.created.values()
        assert event["count"] == 90
        assert len(api.patches) == 3
        assert event["firstTimestamp"] == "2023-11-14T22:13:20Z"
        assert event["lastTimestamp"] == "2023-11-14T22:14:49Z"
        assert api.outcomes("held") == 89

    run_virtual(main())


def test_a_repeat_after_a_while_is_counted_at_once(run_virtual: Run) -> None:
    """Held back it would come while its Release has long been at rest."""

    async def main() -> None:
        api = Api()
        async with recorder(api) as events:
            for _ in range(3):
                events.record(involved(), "Waiting", "for data")
                await asyncio.sleep(31)
            assert len(api.patches) == 2
            [event] = api.created.values()
            assert event["count"] == 3

    run_virtual(main())


def test_after_a_while_it_is_a_new_event(run_virtual: Run) -> None:
    async def main() -> None:
        api = Api()
        async with recorder(api) as events:
            events.record(involved(), "Waiting", "for data")
            await asyncio.sleep(700)
            events.record(involved(), "Waiting", "for data")
            await asyncio.sleep(1)
        assert [event["count"] for event in api.created.values()] == [1, 1]

    run_virtual(main())


def test_many_messages_for_one_reason_become_one(run_virtual: Run) -> None:
    async def main() -> None:
        api = Api()
        async with recorder(api) as events:
            for number in range(40):
                events.record(involved(), "Waiting", f"for {number} more requests")
                await asyncio.sleep(2)
            await asyncio.sleep(40)
        assert len(api.created) == 11
        last = list(api.created.values())[-1]
        assert last["message"] == "(more events like this one: for 9 more requests)"
        assert last["count"] == 30

    run_virtual(main())


def test_a_flood_is_cut_for_its_object_only(run_virtual: Run) -> None:
    async def main() -> None:
        api = Api()
        async with recorder(api) as events:
            for number in range(100):
                events.record(involved(), f"Reason{number}", "x")
            events.record(involved("b"), "Other", "x")
            await asyncio.sleep(1)
            assert len(api.created) == 26
            assert api.outcomes("dropped") == 75
            await asyncio.sleep(31)
            events.record(involved(), "Later", "x")
        assert len(api.created) == 27

    run_virtual(main())


def test_an_unreachable_api_is_tried_again_under_the_same_name(run_virtual: Run) -> None:
    async def main() -> None:
        api = Api()
        api.errors = [Unreachable("500"), Unreachable("500"), None]
        async with recorder(api) as events:
            events.record(involved(), "Waiting", "x")
            await asyncio.sleep(60)
        assert len(api.tries) == 3
        assert len(set(api.tries)) == 1, "a lost answer makes no second event"
        assert len(api.created) == 1

    run_virtual(main())


@pytest.mark.parametrize("error", [Forbidden("no"), NotFound("namespace"), *[Unreachable("500")] * 1])
def test_failures_never_reach_the_caller(run_virtual: Run, error: ClusterError) -> None:
    async def main() -> None:
        api = Api()
        api.errors = [error] * 20
        async with recorder(api) as events:
            events.record(involved(), "Waiting", "x")
            await asyncio.sleep(600)
            assert api.outcomes("failed") == (4 if isinstance(error, Unreachable) else 1)
            api.errors = []
            events.record(involved(), "Promoted", "x")
            await asyncio.sleep(1)
            assert len(api.created) == 1, "it goes on"

    run_virtual(main())


def test_an_event_that_the_server_forgot_is_written_anew(run_virtual: Run) -> None:
    async def main() -> None:
        api = Api()
        async with recorder(api) as events:
            events.record(involved(), "Waiting", "x")
            await asyncio.sleep(1)
            api.created.clear()
            events.record(involved(), "Waiting", "x")
            await asyncio.sleep(40)
            assert [event["count"] for event in api.created.values()] == [2]

    run_virtual(main())


def test_the_end_writes_what_is_left_and_does_not_wait_for_ever(run_virtual: Run) -> None:
    async def main() -> None:
        api = Api()
        async with recorder(api) as events:
            events.record(involved(), "Waiting", "x")
        assert len(api.created) == 1
        async with recorder(api) as events:
            api.hang = True
            events.record(involved("c"), "Waiting", "x")
            await asyncio.sleep(1)
            api.hang = False
        assert len(api.created) == 2, "a write that was under way is made again, not lost"
        api.hang = True
        begun = asyncio.get_running_loop().time()
        async with recorder(api, flush=3) as events:
            events.record(involved("b"), "Waiting", "x")
        assert asyncio.get_running_loop().time() - begun == pytest.approx(3, abs=0.1)

    run_virtual(main())


def test_long_messages_are_cut_by_bytes(run_virtual: Run) -> None:
    async def main() -> None:
        api = Api()
        async with recorder(api) as events:
            events.record(involved("n" * 253), "Waiting", "ü" * 2000)
        [(name, event)] = api.created.items()
        assert len(event["message"].encode()) <= 1024
        assert event["message"].endswith("ü…")
        assert len(name) <= 253

    run_virtual(main())
