"""What a process remembers between passes, as people meet it."""

from __future__ import annotations

import copy

import pytest

from tests.handback import deleted
from tests.stage import AGENT, NAME, RELEASES, Stage, release


@pytest.mark.parametrize("resource", ["destinationrules", "virtualservices", "deployments"])
async def test_a_write_that_is_refused_is_told_with_the_reason_until_it_works(stage: Stage, resource: str) -> None:
    """By a webhook, a policy, or a right that is missing: nobody would look for it in our log."""
    await stage.idle()
    fault = stage.api.faults.add(verb="write", resource=resource, agent=AGENT, status=403, times=None)
    await stage.push("x:2")
    await stage.until(lambda: "not written: " in stage.status()["message"])
    kind = {"destinationrules": "DestinationRule", "virtualservices": "VirtualService", "deployments": "Deployment"}
    told = stage.status()["message"].partition("not written: ")[2]
    assert told.startswith(f"{kind[resource]} shop/podinfo")
    assert "403" in told
    assert told.endswith("; it is tried again")
    fault.remove()
    await stage.until(lambda: stage.serves("x:2"))
    assert "not written" not in stage.status()["message"]


async def test_a_write_that_is_only_not_answered_is_tried_again_and_no_news(stage: Stage) -> None:
    await stage.idle()
    stage.api.faults.add(verb="write", resource="destinationrules", agent=AGENT, status=503, times=2)
    await stage.push("x:2")
    told: set[str] = set()

    def served() -> bool:
        told.add(stage.status()["message"])
        return stage.serves("x:2")

    await stage.until(served)
    assert not [one for one in told if "not written" in one]


async def test_a_release_may_have_a_longer_name_than_a_label(stage: Stage) -> None:
    body = copy.deepcopy(release())
    body["metadata"]["name"] = called = f"podinfo.{'x' * 70}"
    await stage.client.create(RELEASES, body)
    await stage.until(lambda: stage.get("releases.sluice.dev", called).get("status", {}).get("phase") == "Idle")
    for table in ("virtualservices.networking.istio.io", "destinationrules.networking.istio.io"):
        assert len(stage.get(table)["metadata"]["labels"]["sluice.dev/release"]) <= 63
    await stage.client.delete(f"{RELEASES}/{called}")
    await stage.until(lambda: not stage.objects("releases.sluice.dev"))
    assert not stage.objects("virtualservices.networking.istio.io"), "known as our own by its label"


async def test_the_series_of_a_release_go_with_it(stage: Stage) -> None:
    await stage.idle()

    def series() -> set[str]:
        """Gauges: what was counted stays."""
        found = (metric for metric in stage.app.telemetry.registry.collect() if metric.type == "gauge")
        return {one.name for one in found if any(NAME in sample.labels.values() for sample in one.samples)}

    assert {"sluice_release_phase", "sluice_release_step"} <= series()
    await deleted(stage)
    assert not series()
