"""Stable's history: the same counting over half an hour, in few and bounded queries."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Sequence
from math import inf, nan
from pathlib import Path

import pytest

from controller.core.observed import Counts, History
from controller.providers.counting import REQUEST_LABELS, REQUESTS, Workload, increase
from controller.providers.measurement import Line, Measurement, Past
from controller.providers.past import MeshHistory, count

V1, V2, OWN = Workload("shop", "podinfo-1"), Workload("shop", "podinfo-2"), Workload("shop", "podinfo")
END, LOOK, LOOKS = 3600.0, 15.0, 120
START = END - LOOK * (LOOKS - 1)


class Fake:
    """A provider with fixed lines per metric; those of workloads that a query does not name are left out."""

    def __init__(self, requests: Sequence[Line] = (), buckets: Sequence[Line] = (), error: str = "") -> None:
        self.lines = {"requests": requests, "buckets": buckets}
        self.error = error
        self.asked: list[tuple[str, float, float, float]] = []

    async def measure(self, query: str, at: float) -> Measurement:
        raise AssertionError("a history is one question over a range")

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        self.asked.append((query, start, end, step))
        if self.error:
            return Past(error=self.error)
        lines = self.lines["buckets" if "_bucket" in query else "requests"]
        return Past(tuple(line for line in lines if line.labels["destination_workload"].replace("-", r"\\-") in query))


def line(values: dict[int, float] | float, workload: Workload = V1, reporter: str = "source", **labels: str) -> Line:
    """A series with these values by the number of the look, or the same in each."""
    by_look = values if isinstance(values, dict) else dict.fromkeys(range(LOOKS), values)
    names = {"destination_workload": workload.name, "destination_workload_namespace": workload.namespace}
    points = tuple((START + LOOK * number, value) for number, value in by_look.items())
    return Line({"reporter": reporter, "response_code": "200", "response_flags": "-", **names, **labels}, points)


async def of(fake: Fake, *workloads: Workload) -> History:
    return await MeshHistory(fake).of(workloads or (V1,), END, LOOK)


async def test_half_an_hour_of_looks_comes_in_two_queries() -> None:
    fake = Fake([line(90), line(10, response_code="503")], [line(60, le="10"), line(100, le="+Inf")])
    found = await of(fake)
    assert found == History((Counts(100, 10, (0.01, inf), (60, 100)),) * LOOKS)
    assert [(start, end, step) for _, start, end, step in fake.asked] == [(START, END, LOOK)] * 2
    assert fake.asked[0][0] == increase(REQUESTS, REQUEST_LABELS, [V1], LOOK)


@pytest.mark.parametrize(("look", "looks"), [(1, 360), (5, 360), (15, 120), (60, 30), (300, 30)])
def test_at_least_half_an_hour_and_enough_looks_but_never_too_many(look: float, looks: int) -> None:
    assert count(look) == looks


async def test_gaps_hold_nothing_and_what_is_no_number_counts_as_a_gap() -> None:
    found = await of(Fake([line({0: 5.0, 3: nan, 119: 7.0})]))
    assert [one.requests for one in found.looks] == [5.0, *[0.0] * 118, 7.0]


async def test_stable_that_is_young_has_what_there_is() -> None:
    found = await of(Fake([line({118: 50.0, 119: 60.0})], [line({118: 50.0, 119: 60.0}, le="+Inf")]))
    assert sum(one.requests > 0 for one in found.looks) == 2
    assert found.looks[0] == Counts()
    assert found.looks[118] == Counts(50.0, 0.0, (inf,), (50.0,))


async def test_before_the_adoption_the_deployments_own_pods_were_stable() -> None:
    requests = [line({0: 30.0, 1: 20.0}, OWN), line({1: 10.0, 2: 30.0})]
    buckets = [line({0: 30.0, 1: 20.0}, OWN, le="+Inf"), line({1: 10.0, 2: 30.0}, le="+Inf")]
    found = await of(Fake(requests, buckets), V1, OWN)
    assert [(one.requests, one.within) for one in found.looks[:4]] == [(30, (30,)), (30, (30,)), (30, (30,)), (0, ())]


async def test_the_reporter_is_the_one_that_a_look_would_believe() -> None:
    both = [line(100), line(70, reporter="destination"), line({0: 9.0}, OWN, "destination")]
    assert (await of(Fake(both), V1, OWN)).looks[0].requests == 100
    assert (await of(Fake(both[1:]))).looks[0].requests == 70
    assert (await of(Fake([*both, line(30, reporter="waypoint")]))).looks[0].requests == 130


async def test_an_error_and_a_provider_without_ranges_are_no_history() -> None:
    assert await of(Fake(error="Prometheus is away")) == History(missing="Prometheus is away")
    empty = await of(Fake())
    assert empty.missing == ""
    assert {one.requests for one in empty.looks} == {0.0}


async def test_releases_that_begin_together_share_bounded_queries() -> None:
    many = [Workload("shop", f"w{number:02}") for number in range(25)]
    fake = Fake([line(float(number + 1), one) for number, one in enumerate(many)])
    past = MeshHistory(fake)
    found = await asyncio.gather(*(past.of([one], END + number / 10, LOOK) for number, one in enumerate(many)))
    assert [one.looks[0].requests for one in found] == [float(number + 1) for number in range(25)]
    assert len(fake.asked) == 6, "three queries of ten workloads at most, for each of the two metrics"


def test_promtool_counts_a_history_as_it_counts_looks(tmp_path: Path) -> None:
    """A reset, a missed scrape and a new pod in the middle: the range is the looks, one by one."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install -y prometheus")
    query = f"sum({increase(REQUESTS, 'reporter', [V1], LOOK)})"
    names = 'destination_workload="podinfo-1",destination_workload_namespace="shop",reporter="source"'
    series = [
        ("", "0+10x8 5 15 25 35 45 55 65 75 85", "1x20"),
        ("late", "_x9 4 8 _ 12 16 20 24 28 32", "_x9 1 1 1 1 1 1 1 1 1"),
    ]
    inputs = []
    for instance, values, up in series:
        labels = f'job="envoy",instance="{instance}"'
        inputs.append({"series": f"istio_requests_total{{{labels},{names}}}", "values": values})
        inputs.append({"series": f"up{{{labels}}}", "values": up})
    wanted = {30: 30.0, 45: 5.0 + 4.0, 60: 30.0 + 8.0, 75: 30.0 + 12.0}
    checks = [
        {"expr": query, "eval_time": f"{at}s", "exp_samples": [{"labels": "{}", "value": value}]}
        for at, value in wanted.items()
    ]
    # The whole range at once: the sum over its looks, in steps of a look.
    whole = f"sum_over_time(({query})[50s:15s])"
    checks.append({"expr": whole, "eval_time": "75s", "exp_samples": [{"labels": "{}", "value": sum(wanted.values())}]})
    rules = {"name": "range", "interval": "5s", "input_series": inputs, "promql_expr_test": checks}
    file = tmp_path / "tests.json"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "5s", "tests": [rules]}))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
