from __future__ import annotations

import asyncio
from math import inf, nan

from controller.core.observed import Counts
from controller.providers.counting import Workload
from controller.providers.istio import MeshMetrics, Traffic
from controller.providers.measurement import Measurement, Past, Row

V1, V2 = Workload("shop", "podinfo-1"), Workload("shop", "podinfo-2")


class Fake:
    """A provider with fixed rows per metric, that remembers what it was asked."""

    def __init__(self, requests: list[Row] | None = None, buckets: list[Row] | None = None, error: str = "") -> None:
        self.rows = {"requests": tuple(requests or ()), "buckets": tuple(buckets or ())}
        self.error = error
        self.queries: list[str] = []

    async def measure(self, query: str, at: float) -> Measurement:
        self.queries.append(query)
        kind = "buckets" if "_bucket" in query else "requests"
        return Measurement(at, () if self.error else self.rows[kind], self.error, skew=2.0)

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        raise AssertionError("a look asks for no range")


def row(value: float, workload: Workload = V2, reporter: str = "source", **labels: str) -> Row:
    names = {"destination_workload": workload.name, "destination_workload_namespace": workload.namespace}
    return Row({"reporter": reporter, "response_code": "200", "response_flags": "-", **names, **labels}, value)


async def look(fake: Fake) -> Traffic:
    return await MeshMetrics(fake).look([V1, V2], 100.0, 15.0)


async def test_requests_and_errors_are_summed_by_workload() -> None:
    seen = await look(
        Fake([row(90), row(10, response_code="503"), row(900, V1), row(1, V1, response_code="404"), row(nan)])
    )
    assert seen.counts == {V1: Counts(901, 0), V2: Counts(100, 10)}
    assert (seen.missing, seen.latency_missing) == ("", "")


async def test_requests_whose_clients_left_before_any_answer_are_told_apart() -> None:
    left, broken = row(30, response_code="0", response_flags="DC"), row(4, response_code="0", response_flags="UC")
    seen = await look(Fake([row(90), left, broken, row(900, V1), row(1, V1, response_code="0", response_flags="DC")]))
    assert seen.counts == {V1: Counts(901, 0, unanswered=1), V2: Counts(124, 4, unanswered=30)}


async def test_the_clients_side_is_preferred_for_both_arms_and_the_servers_is_the_fallback() -> None:
    both = [row(100), row(70, reporter="destination"), row(500, V1, "destination")]
    assert (await look(Fake(both))).counts == {V1: Counts(0, 0), V2: Counts(100, 0)}
    assert (await look(Fake(both[1:]))).counts == {V1: Counts(500, 0), V2: Counts(70, 0)}


async def test_each_release_has_the_reporter_that_saw_its_own_arms() -> None:
    """Releases share a query; one whose clients have no sidecar must not look idle for the sake of the others."""
    other = Workload("bank", "ledger-1")
    metrics = MeshMetrics(Fake([row(100), row(500, V1), row(300, other, "destination")]))
    ours, theirs = await asyncio.gather(metrics.look([V1, V2], 100.0, 15.0), metrics.look([other], 100.0, 15.0))
    assert ours.counts == {V1: Counts(500, 0), V2: Counts(100, 0)}
    assert theirs.counts == {other: Counts(300, 0)}


async def test_mirrored_copies_are_never_counted_as_live() -> None:
    """The copies' destination reports them, their source does not: so the candidate had no requests."""
    rows = [row(900, V1), row(900, V1, "destination"), row(400, reporter="destination", response_code="503")]
    copies = [row(900, V1, le="+Inf"), row(400, reporter="destination", le="+Inf")]
    seen = await look(Fake(rows, copies))
    assert seen.counts == {V1: Counts(900, 0, (inf,), (900,)), V2: Counts()}


async def test_behind_a_waypoint_an_arm_is_what_passed_it_and_what_went_by() -> None:
    requests = [row(80, reporter="waypoint"), row(20, response_code="503"), row(500, V1, "waypoint"), row(7, V1)]
    buckets = [row(50, reporter="waypoint", le="10"), row(80, reporter="waypoint", le="+Inf"), row(20, le="+Inf")]
    seen = await look(Fake([*requests, row(999, reporter="destination")], [*buckets, row(11, le="10")]))
    assert seen.counts == {V1: Counts(507, 0), V2: Counts(100, 20, (0.01, inf), (61, 100))}


async def test_reports_with_different_buckets_are_added_where_they_agree() -> None:
    buckets = [row(5, le="10"), row(6, le="25"), row(9, le="+Inf")]
    more = [row(2, reporter="waypoint", le="25"), row(4, reporter="waypoint", le="+Inf"), row(1, le="unreadable")]
    seen = await look(Fake([row(9), row(4, reporter="waypoint")], [*buckets, *more]))
    assert seen.counts[V2] == Counts(13, 0, (0.025, inf), (8, 13))


async def test_the_skew_of_prometheus_clock_comes_with_the_look() -> None:
    assert (await look(Fake([row(1)]))).skew == 2.0


async def test_a_workload_without_series_has_no_requests_which_is_data() -> None:
    seen = await look(Fake([]))
    assert seen.counts == {V1: Counts(), V2: Counts()}
    assert seen.missing == ""


async def test_buckets_come_in_seconds_and_never_fall() -> None:
    buckets = [row(5, le="10"), row(4, le="50"), row(9, le="+Inf")]
    seen = await look(Fake([row(9)], buckets))
    assert seen.counts[V2] == Counts(9, 0, (0.01, 0.05, inf), (5, 5, 9))


async def test_without_infinity_there_is_no_latency() -> None:
    seen = await look(Fake([row(9)], [row(5, le="10")]))
    assert seen.counts[V2].within == ()
    assert seen.latency_missing == "istio_request_duration_milliseconds_bucket has no bucket +Inf"


async def test_no_answer_is_no_evidence() -> None:
    assert (await look(Fake(error="Prometheus is away"))).missing == "Prometheus is away"


async def test_releases_with_the_same_look_share_the_queries() -> None:
    fake = Fake([row(100), row(900, V1)])
    metrics = MeshMetrics(fake)
    one, two, other = await asyncio.gather(
        metrics.look([V1], 100.0, 15.0), metrics.look([V2], 100.0, 15.0), metrics.look([V2], 101.0, 15.0)
    )
    assert (one.counts, two.counts) == ({V1: Counts(900, 0)}, {V2: Counts(100, 0)})
    assert other.counts == {V2: Counts(100, 0)}
    assert len(fake.queries) == 4, "two looks, two metrics each"


async def test_many_workloads_are_asked_for_in_several_queries() -> None:
    fake = Fake()
    await MeshMetrics(fake).look([Workload("shop", f"w-{n}") for n in range(450)], 100.0, 15.0)
    assert len(fake.queries) == 6
