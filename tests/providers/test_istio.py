from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from controller.core.observed import Counts
from controller.providers.istio import MeshMetrics, Traffic, Workload, increase, is_error
from controller.providers.measurement import Measurement, Row

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
        return Measurement(at, () if self.error else self.rows[kind], self.error)


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


async def test_the_clients_side_is_preferred_for_both_arms_and_the_servers_is_the_fallback() -> None:
    both = [row(100), row(70, reporter="destination"), row(500, V1, "destination")]
    assert (await look(Fake(both))).counts == {V1: Counts(0, 0), V2: Counts(100, 0)}
    assert (await look(Fake(both[1:]))).counts == {V1: Counts(500, 0), V2: Counts(70, 0)}


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


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ({"response_code": "200"}, False),
        ({"response_code": "404"}, False),
        ({"response_code": "500"}, True),
        ({"response_code": "503", "response_flags": "UF"}, True),
        ({"response_code": "0", "response_flags": "DC"}, False),
        ({"response_code": "0", "response_flags": "-"}, False),
        ({"response_code": "0", "response_flags": "UC"}, True),
        ({"response_code": "0", "response_flags": "UF,URX"}, True),
        ({"response_code": "200", "request_protocol": "grpc", "grpc_response_status": "0"}, False),
        ({"response_code": "200", "request_protocol": "grpc", "grpc_response_status": "5"}, False),
        ({"response_code": "200", "request_protocol": "grpc", "grpc_response_status": "14"}, True),
        ({"response_code": "503", "request_protocol": "grpc"}, True),
        ({"response_code": "200", "request_protocol": "grpc"}, False),
    ],
)
def test_what_counts_as_an_error(labels: dict[str, str], error: bool) -> None:
    assert is_error(labels) is error


# Scrapes every 5 s, a look of 15 s at 60 s: what promtool computes from the query is what we say it is.
CASES: dict[str, tuple[list[tuple[str, str]], float | None]] = {
    "steady": ([("", "0+10x12")], 30),
    "reset between looks": ([("", "0+10x9 5 6 7")], 7),
    "new series": ([("", "_x10 4 9")], 9),
    "new pod": ([("", "0+10x12"), ("2", "_x10 3 7")], 37),
    "gone pod": ([("", "0+10x12"), ("2", "0+10x9 stale")], 30),
    "missed scrape one look ago": ([("down", "0+100x8 stale 1000 1010 1020")], None),
    "nothing": ([("", "7x12")], 0),
}


def _rules(name: str, series: list[tuple[str, str]], wanted: float | None) -> dict[str, Any]:
    inputs = []
    for instance, values in series:
        labels = f'job="envoy",instance="{instance}"'
        names = 'destination_workload="podinfo-2",destination_workload_namespace="shop",reporter="source"'
        inputs.append({"series": f"istio_requests_total{{{labels},{names}}}", "values": values})
        up = "1x8 0 1x4" if instance == "down" else "1x12"
        inputs.append({"series": f"up{{{labels}}}", "values": up})
    samples = [] if wanted is None else [{"labels": "{}", "value": wanted}]
    query = f"sum({increase('istio_requests_total', 'reporter', [V2], 15.0)})"
    return {
        "name": name,
        "interval": "5s",
        "input_series": inputs,
        "promql_expr_test": [{"expr": query, "eval_time": "60s", "exp_samples": samples}],
    }


def test_promtool_counts_as_we_say(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install -y prometheus")
    tests = [_rules(name, series, wanted) for name, (series, wanted) in CASES.items()]
    file = tmp_path / "tests.json"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "5s", "tests": tests}))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
