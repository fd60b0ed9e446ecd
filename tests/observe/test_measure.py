"""What providers are asked about a release, and how often."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.core.observed import Counts
from controller.core.release import Compare, Gates, IstioRouting, ManagedWorkload, Release, Routing
from controller.core.release.strategy import Canary, WeightStep
from controller.core.status import Phase, Revision, Status, StepStatus
from controller.core.status import Unrouted as UnroutedStatus
from controller.observe.measure import Measurer
from controller.providers.istio import MeshMetrics
from controller.providers.measurement import Line, Measurement, Past, Row
from controller.providers.past import MeshHistory
from controller.providers.unrouted import MeshUnrouted

NOW = 100_000.0
RELEASE = Release(
    namespace="shop",
    name="podinfo",
    workload=ManagedWorkload("podinfo"),
    traffic=Routing("podinfo", IstioRouting((), "podinfo")),
    strategy=Canary((WeightStep(100, 60),)),
    gates=Gates(compare=Compare()),
)
PREPARING = Status(
    phase=Phase.PREPARING,
    release=2,
    stable=Revision("a", "podinfo-a"),
    candidate=Revision("b", "podinfo-b"),
)
STEPPING = replace(
    PREPARING,
    phase=Phase.PROGRESSING,
    step=StepStatus(0, 1, "10%", routed_since=NOW - 60, in_effect_since=NOW - 50),
)


class Mesh:
    """A provider that saw stable, under the names that it is asked for; ``skew`` is its clock's."""

    def __init__(self, error: str = "", skew: float | None = 0.0) -> None:
        self.error = error
        self.skew = skew
        self.ranges: list[tuple[str, float]] = []
        self.looks: list[float] = []

    async def measure(self, query: str, at: float) -> Measurement:
        self.looks.append(at)
        return Measurement(at, self._rows(query), self.error, skew=self.skew)

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        self.ranges.append((query, end))
        return Past(tuple(Line(row.labels, ((end, row.value),)) for row in self._rows(query)), self.error)

    def _rows(self, query: str) -> tuple[Row, ...]:
        names = {"reporter": "source", "destination_workload_namespace": "shop", "le": "+Inf"}
        return tuple(
            Row({**names, "destination_workload": name}, count)
            for name, count in (("podinfo", 30.0), ("podinfo-a", 100.0))
            if f'"{name}"' in query.replace("\\", "").replace("|", '"') and not self.error
        )

    def measurer(self) -> Measurer:
        return Measurer(MeshMetrics(self), MeshHistory(self), MeshUnrouted(self), self, 15.0)


async def test_before_the_first_weight_stables_history_is_asked_for_and_no_look() -> None:
    mesh = Mesh()
    found = await mesh.measurer().measure(RELEASE, PREPARING, NOW)
    assert found.looks == ()
    assert found.history is not None
    assert found.history.looks[-1].requests == 130.0, "its own pods were the Deployment's before they were adopted"
    assert {end for _, end in mesh.ranges} == {(NOW - 15.0) // 15 * 15}
    assert mesh.looks == []


async def test_once_anything_was_promoted_the_deployments_own_pods_were_another_version() -> None:
    found = await Mesh().measurer().measure(RELEASE, replace(PREPARING, release=3), NOW)
    assert found.history is not None
    assert found.history.looks[-1] == Counts(100.0, 0.0, (float("inf"),), (100.0,))


@pytest.mark.parametrize(
    "status",
    [
        replace(PREPARING, evidence="kept"),
        replace(PREPARING, stable=None),
        replace(PREPARING, candidate=Revision("b")),
        replace(PREPARING, phase=Phase.IDLE, candidate=None),
        replace(STEPPING, evidence="kept"),
    ],
    ids=["known", "adoption", "the candidate is being made", "idle", "known since"],
)
async def test_history_is_not_asked_for(status: Status) -> None:
    mesh = Mesh()
    assert (await mesh.measurer().measure(RELEASE, status, NOW)).history is None
    assert mesh.ranges == []


async def test_a_release_that_compares_nothing_asks_nothing() -> None:
    mesh = Mesh()
    found = await mesh.measurer().measure(replace(RELEASE, gates=Gates(none=True)), PREPARING, NOW)
    assert (found.looks, found.history, mesh.ranges, mesh.looks) == ((), None, [], [])


async def test_what_could_not_be_asked_before_is_asked_with_the_first_look_up_to_its_begin() -> None:
    mesh = Mesh()
    found = await mesh.measurer().measure(RELEASE, STEPPING, NOW)
    assert [judged.look.end for judged in found.looks] == [NOW - 35, NOW - 20]
    assert found.history is not None
    assert {end for _, end in mesh.ranges} == {(NOW - 50) // 15 * 15}
    assert (await mesh.measurer().measure(RELEASE, STEPPING, NOW - 40)).history is None, "no look is due"


async def test_an_error_is_the_reason_why_there_is_none() -> None:
    found = await Mesh("Prometheus is away").measurer().measure(RELEASE, PREPARING, NOW)
    assert found.history is not None
    assert (found.history.looks, found.history.missing) == ((), "Prometheus is away")


async def test_what_is_usual_of_unrouted_requests_is_asked_once_with_the_first_look() -> None:
    class Unrouted(Mesh):
        def _rows(self, query: str) -> tuple[Row, ...]:
            asked = "destination_service" in query and not self.error
            return (Row({"destination_service": "podinfo.shop"}, 30.0),) if asked else super()._rows(query)

    step = replace(STEPPING.step or StepStatus(), started=NOW - 70)
    first = replace(STEPPING, step=step, evidence="kept")
    found = await Unrouted().measurer().measure(RELEASE, first, NOW)
    assert found.unrouted_before == 30.0 / 600
    assert [judged.look.unrouted for judged in found.looks] == [30.0, 30.0]
    known = replace(first, unrouted=UnroutedStatus(0.05))
    assert (await Unrouted().measurer().measure(RELEASE, known, NOW)).unrouted_before is None
    assert (await Unrouted().measurer().measure(RELEASE, first, NOW - 40)).unrouted_before is None, "no look is due"
    silent = await Unrouted("Prometheus is away").measurer().measure(RELEASE, first, NOW)
    assert (silent.unrouted_before, silent.looks[0].look.unrouted) == (None, None)
