"""Weights on the whole sandbox, without a controller: the users, the pods and Prometheus must tell the same story."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.sandbox import sample
from controller.sandbox.load import Account
from controller.sandbox.run import Sandbox

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]

RATE = 500.0
PER_MILLE = (0, 1, 10, 100, 500, 1000)
REQUESTS = 5000
ISTIO = "/apis/networking.istio.io/v1/namespaces/shop"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not installed: apt-get install -y prometheus")
    async with Sandbox() as sandbox:
        await sandbox.answering()
        yield sandbox


def version(tag: str) -> dict[str, Any]:
    """A Deployment of one version, told apart by a label as in Istio's own examples."""
    body = sample.deployment(f"podinfo:{tag}")
    body["metadata"]["name"] = f"podinfo-{tag}"
    for labels in (body["spec"]["selector"]["matchLabels"], body["spec"]["template"]["metadata"]["labels"]):
        labels["version"] = tag
    return body


def split(weight: int) -> list[dict[str, Any]]:
    """``weight`` per mille to v2."""
    return [
        {"destination": {"host": "podinfo", "subset": "v1"}, "weight": 1000 - weight},
        {"destination": {"host": "podinfo", "subset": "v2"}, "weight": weight},
    ]


async def deploy(sandbox: Sandbox) -> None:
    client = sandbox.client
    await client.delete("/apis/apps/v1/namespaces/shop/deployments/podinfo")
    for tag in ("v1", "v2"):
        await client.create("/apis/apps/v1/namespaces/shop/deployments", version(tag))
    subsets = [{"name": tag, "labels": {"version": tag}} for tag in ("v1", "v2")]
    rule = {"metadata": {"name": "podinfo"}, "spec": {"host": "podinfo", "subsets": subsets}}
    service = {"metadata": {"name": "podinfo"}, "spec": {"hosts": ["podinfo"], "http": [{"route": split(0)}]}}
    about = {"apiVersion": "networking.istio.io/v1"}
    await client.create(f"{ISTIO}/destinationrules", {**about, "kind": "DestinationRule", **rule})
    await client.create(f"{ISTIO}/virtualservices", {**about, "kind": "VirtualService", **service})


async def ready(sandbox: Sandbox) -> None:
    """Until four pods serve and none of the first Deployment is left."""
    async for _ in ticks():
        slices, _ = await sandbox.client.list("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices")
        found = [endpoint for one in slices for endpoint in one.get("endpoints") or []]
        if len(found) == 4 and all(endpoint["conditions"]["ready"] for endpoint in found):
            await sandbox.mesh.settled(*slices)
            return


async def ticks() -> AsyncIterator[None]:
    async with asyncio.timeout(30):
        while True:
            yield
            await asyncio.sleep(0.05)


def deviation(account: Account, weight: int) -> float:
    """How many standard deviations the share of v2 is from what was asked; 0 where only nothing or all is right."""
    total, share = account.count(), weight / 1000
    if share in (0.0, 1.0):
        on_their_way = 5  # requests that were sent before the change and answered after it
        assert abs(account.count(version="v2") - total * share) <= on_their_way
        return 0.0
    return abs(account.count(version="v2") - total * share) / math.sqrt(total * share * (1 - share))


async def part(sandbox: Sandbox) -> Account:
    """The account of the next requests."""
    mark = await sandbox.load.mark()
    async for _ in ticks():
        account = await sandbox.load.account(mark)
        if account.count() >= REQUESTS:
            return account
    raise AssertionError("the users stopped")


async def counted(sandbox: Sandbox, reporter: str) -> Counter[tuple[str, str]]:
    assert sandbox.prometheus is not None
    query = f'sum by (destination_workload, response_code) (istio_requests_total{{reporter="{reporter}"}})'
    found = await sandbox.prometheus.query(query)
    return Counter({(one.labels["destination_workload"], one.labels["response_code"]): int(one.value) for one in found})


async def test_every_share_is_kept_nothing_fails_and_all_counts_agree(sandbox: Sandbox) -> None:
    await deploy(sandbox)
    await ready(sandbox)
    assert sandbox.prometheus is not None
    await sandbox.load.set_group(sandbox.users("users", RATE))
    for weight in PER_MILLE:
        body = {"spec": {"http": [{"route": split(weight)}]}}
        await sandbox.mesh.settled(await sandbox.client.patch(f"{ISTIO}/virtualservices/podinfo", body))
        # 3.29 standard deviations hold 99.9 %; one sample outside may be chance, two in a row are not.
        if deviation(await part(sandbox), weight) > 3.29:
            assert deviation(await part(sandbox), weight) <= 3.29
    await sandbox.load.drain()
    account = await sandbox.load.account()
    assert account.codes() == {200: account.count()}
    await sandbox.prometheus.scraped()
    await sandbox.prometheus.steady()
    expected = Counter({(f"podinfo-{tag}", "200"): count for tag, count in account.versions().items()})
    assert await counted(sandbox, "source") == expected
    assert await counted(sandbox, "destination") == expected
