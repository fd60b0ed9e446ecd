"""Weights under load, and whether Prometheus counts what the users got: the ground that every release stands on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controller.sandbox.mesh import PlainClient
from controller.sandbox.prometheus import Prometheus, mesh_target
from tests.sandbox.mesh.backends import destination_rule, split, virtual_service
from tests.sandbox.mesh.cluster import WEB, Cluster
from tests.sandbox.mesh.users import Account, ask, steadily

PLAIN = PlainClient("shop")
VERSIONS = {"v1": {"version": "v1"}, "v2": {"version": "v2"}}
PER_MILLE = (0, 1, 10, 100, 500, 1000)


def binomial_interval(n: int, p: float, confidence: float = 0.999) -> tuple[int, int]:
    """The least and the greatest count that leave at most half of 1 - confidence on their side; exact."""
    tail = (1 - confidence) / 2

    def mass(k: int) -> float:
        if p in (0.0, 1.0):
            return 1.0 if k == n * p else 0.0
        log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        return math.exp(log + k * math.log(p) + (n - k) * math.log1p(-p))

    low, below = 0, mass(0)
    while below <= tail:
        low += 1
        below += mass(low)
    high, above = n, mass(n)
    while above <= tail:
        high -= 1
        above += mass(high)
    return low, high


@pytest.mark.parametrize(
    ("n", "p", "interval"), [(10, 0.5, (0, 10)), (100, 0.5, (34, 66)), (5, 0.0, (0, 0)), (5, 1.0, (5, 5))]
)
def test_the_interval_is_exact(n: int, p: float, interval: tuple[int, int]) -> None:
    assert binomial_interval(n, p) == interval


async def share(measure: Callable[[], Awaitable[Account]], p: float, accounts: list[Account]) -> None:
    """One sample outside its 99.9 % interval may be chance, two in a row are not."""
    for _ in range(2):
        account = await measure()
        accounts.append(account)
        low, high = binomial_interval(account.total, p)
        if low <= account.by("podinfo-v2") <= high:
            return
    raise AssertionError(f"asked for {p:.1%}, got {account.by('podinfo-v2')} of {account.total}, not {low} to {high}")


async def counted(prometheus: Prometheus, reporter: str, source: str) -> Counter[tuple[str, str]]:
    """Requests by (destination workload, status)."""
    labels = f'reporter="{reporter}",source_workload="{source}"'
    found = await prometheus.query(f"sum by (destination_workload, response_code) (istio_requests_total{{{labels}}})")
    return Counter({(s.labels["destination_workload"], s.labels["response_code"]): int(s.value) for s in found})


def expected(accounts: list[Account]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for account in accounts:
        for (app, status), count in account.answers.items():
            found[app.removesuffix("-1").removesuffix("-2"), str(status)] += count
    return found


async def story(directory: Path, requests: int) -> None:
    """Weights from nothing to everything under load, a client without sidecar beside it, and the counts."""
    async with Cluster(directory / "mesh", [WEB, PLAIN]) as cluster:
        mesh = cluster.mesh
        prometheus = Prometheus(directory / "prometheus", [mesh_target(mesh.target, mesh.metrics_path)], wait=False)
        async with prometheus:
            await cluster.deploy("podinfo", {"v1": 2, "v2": 1})
            await cluster.put(destination_rule("podinfo", VERSIONS))
            web: list[Account] = []
            async with steadily(mesh.listener(WEB), "podinfo", users=1) as always:
                for weight in PER_MILLE:
                    await cluster.put(virtual_service("podinfo", split("podinfo", v1=1000 - weight, v2=weight)))
                    await share(lambda: ask(mesh.listener(WEB), "podinfo", requests), weight / 1000, web)
            plain = [await ask(mesh.listener(PLAIN), "podinfo", 90)]
            web.append(always)
            await prometheus.scraped()
            await prometheus.steady()
            assert [account.failed for account in [*web, *plain]] == [[]] * (len(web) + 1)
            assert await counted(prometheus, "source", "web") == expected(web)
            assert await counted(prometheus, "destination", "web") == expected(web)
            assert await counted(prometheus, "destination", "unknown") == expected(plain)
            assert {app for app, _ in plain[0].answers} == set(cluster.apps)  # weights mean nothing to it
            every = "sum(istio_request_duration_milliseconds_count) - sum(istio_requests_total)"
            assert [one.value for one in await prometheus.query(every)] == [0]
            assert await prometheus.query('istio_requests_total{destination_service_name=""}') == []


@pytest.mark.envoy
async def test_weights_are_kept_no_request_fails_and_prometheus_counts_them_all(tmp_path: Path) -> None:
    await story(tmp_path, 500)


@pytest.mark.scenario
@pytest.mark.timeout(300)
async def test_the_same_with_many_more_requests(tmp_path: Path) -> None:
    await story(tmp_path, 10_000)
