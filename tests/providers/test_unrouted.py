"""Whose the requests are that reached no pod, as far as Istio's labels say."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from math import nan
from pathlib import Path

import pytest

from controller.providers.measurement import Measurement, Past, Row
from controller.providers.unrouted import MeshUnrouted, Service, addressed, query

PODINFO, LEDGER = Service("shop", "podinfo"), Service("bank", "ledger-2")


class Fake:
    """A provider with fixed rows, that remembers what it was asked."""

    def __init__(self, *rows: Row, error: str = "") -> None:
        self.rows, self.error = rows, error
        self.queries: list[str] = []

    async def measure(self, query: str, at: float) -> Measurement:
        self.queries.append(query)
        return Measurement(at, () if self.error else self.rows, self.error)

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        raise AssertionError("no range is asked for")


def row(value: float, host: str, caller: str = "front") -> Row:
    return Row({"destination_service": host, "source_workload_namespace": caller}, value)


@pytest.mark.parametrize(
    ("host", "caller", "service"),
    [
        ("podinfo.shop.svc.cluster.local", "front", PODINFO),
        ("podinfo.shop.svc.cluster.local:9898", "front", PODINFO),
        ("podinfo.shop.svc", "front", PODINFO),
        ("podinfo.shop", "front", PODINFO),
        ("podinfo.shop:80", "unknown", PODINFO),
        ("podinfo", "shop", PODINFO),
        ("podinfo:9898", "shop", PODINFO),
        ("podinfo", "front", Service("front", "podinfo")),
        ("podinfo", "unknown", None),
        ("podinfo", "", None),
        ("unknown", "unknown", None),
        ("", "shop", None),
        ("podinfo.shop.example.com", "shop", None),
        ("podinfo.shop.svc.other.domain", "shop", None),
        ("podinfo.shop.svc.cluster.local.example.com", "shop", None),
        ("10.0.0.1:9898", "shop", None),
        ("[::1]:9898", "shop", None),
        ("podinfo:", "shop", None),
    ],
)
def test_whose_a_request_is(host: str, caller: str, service: Service | None) -> None:
    assert addressed(row(1, host, caller).labels) == service


async def test_they_are_summed_for_each_service_and_what_is_nobodys_is_left_out() -> None:
    rows = [row(4, "podinfo.shop"), row(3, "podinfo", "shop"), row(9, "podinfo"), row(nan, "podinfo.shop")]
    mesh = MeshUnrouted(Fake(*rows, row(20, "unknown"), row(5, "ledger-2.bank.svc:80")))
    found = await asyncio.gather(*(mesh.of(one, 100.0, 15.0) for one in (PODINFO, LEDGER, Service("bank", "idle"))))
    assert found == [7.0, 5.0, 0.0]


async def test_no_answer_is_no_count() -> None:
    assert await MeshUnrouted(Fake(error="Prometheus is away")).of(PODINFO, 100.0, 15.0) is None


async def test_all_that_ask_about_the_same_seconds_share_a_query() -> None:
    fake = Fake(row(1, "s-7.shop"), row(2, "s-399.shop"))
    mesh = MeshUnrouted(fake)
    services = [Service("shop", f"s-{number}") for number in range(400)]
    found = await asyncio.gather(*(mesh.of(one, 100.0, 15.0) for one in services), mesh.of(PODINFO, 101.0, 15.0))
    assert (found[7], found[399], sum(filter(None, found))) == (1.0, 2.0, 3.0)
    assert len(fake.queries) == 3


SERIES = {
    "UH of the cluster": ("503", "UH", "podinfo.shop.svc.cluster.local", "source"),
    "NC by the Host header": ("503", "NC", "podinfo.shop:9898", "source"),
    "NR of a neighbour": ("404", "NR", "podinfo", "source"),
    "gRPC": ("200", "UH", "podinfo.shop.svc", "waypoint"),
    "several flags": ("503", "URX,UH", "podinfo.shop", "source"),
    "refused": ("503", "UF", "podinfo.shop", "source"),
    "the app's own": ("503", "-", "podinfo.shop", "source"),
    "another Service": ("503", "UH", "podinfo-2.shop", "source"),
    "not a name of it": ("503", "NR", "podinfo.shop.example.com", "source"),
    "the server's side": ("503", "UH", "podinfo.shop", "destination"),
    "a gateway's": ("503", "NC", "unknown", "source"),
}


def test_promtool_counts_as_we_say(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install -y prometheus")
    series = [{"series": 'up{job="envoy",instance="a"}', "values": "1x12"}]
    for code, flags, host, reporter in SERIES.values():
        labels = {
            "job": "envoy",
            "instance": "a",
            "reporter": reporter,
            "response_code": code,
            "response_flags": flags,
            "destination_service": host,
            "destination_workload": "unknown",
            "source_workload_namespace": "shop",
        }
        text = ",".join(f'{name}="{value}"' for name, value in labels.items())
        series.append({"series": f"istio_requests_total{{{text}}}", "values": "_x10 4 9"})
    series.append({**series[1], "series": series[1]["series"].replace('"unknown"', '"podinfo-1"')})  # reached a pod
    hosts = {"podinfo.shop.svc.cluster.local", "podinfo.shop:9898", "podinfo", "podinfo.shop.svc", "podinfo.shop"}
    samples = [
        {"labels": f'{{destination_service="{host}", source_workload_namespace="shop"}}', "value": 9} for host in hosts
    ]
    case = {"expr": query([PODINFO, LEDGER], 15.0), "eval_time": "60s", "exp_samples": samples}
    test = {"interval": "5s", "input_series": series, "promql_expr_test": [case]}
    file = tmp_path / "tests.json"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "5s", "tests": [test]}))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
