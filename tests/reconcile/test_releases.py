"""Releases that cannot be followed, that change, that share, and that go."""

from __future__ import annotations

import aiohttp
import pytest

from tests.handback import deleted
from tests.stage import NAMESPACE, RELEASES, Stage, release, staged, workload


async def spec(stage: Stage, change: dict[str, object], name: str = "podinfo") -> None:
    await stage.client.patch(f"{RELEASES}/{name}", {"spec": change})


async def metrics(stage: Stage) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{stage.app.port}/metrics") as answer:
        return await answer.text()


def limits(query: str) -> dict[str, object]:
    return {"gates": {"limits": [{"name": "failures", "prometheus": {"query": query, "max": 0.1}}]}}


async def test_steps_that_change_in_the_middle_are_followed(stage: Stage) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    steps = [{"weight": "10%", "for": "10s"}, {"weight": "30%", "for": "10s"}, {"weight": "60%", "for": "10s"}]
    await spec(stage, {"strategy": {"canary": {"steps": steps}}})
    await stage.until(lambda: stage.serves("x:2"))
    assert [weights.get("x:2", 0) for weights in stage.weights] == [0, 10, 30, 60, 100]


async def test_what_a_release_waits_for_wakes_it(stage: Stage) -> None:
    """Nothing has a date while the Service is missing: its creation alone goes on."""
    service = f"/api/v1/namespaces/{NAMESPACE}/services"
    await stage.client.delete(f"{service}/podinfo")
    await stage.create()
    await stage.until(lambda: stage.phase() == "Invalid")
    assert "podinfo" in stage.status()["message"]
    await stage.rest()
    ports = [{"name": "http", "port": 80}]
    await stage.client.create(
        service, {"metadata": {"name": "podinfo"}, "spec": {"selector": {"app": "podinfo"}, "ports": ports}}
    )
    await stage.until(lambda: stage.serves("x:1"))


async def test_a_deployment_that_is_missing_is_named_and_waited_for(stage: Stage) -> None:
    await stage.create(
        release(workload={"deployment": "other"}, traffic={"service": "other", "istio": {}})
        | {"metadata": {"name": "other", "namespace": NAMESPACE}}
    )
    await stage.until(lambda: stage.status("other").get("phase") == "Invalid")
    assert "Deployment shop/other" in stage.status("other")["message"]
    await workload(stage.client, "other")
    await stage.until(lambda: stage.status("other").get("phase") == "Idle")


async def test_the_younger_of_two_for_one_deployment_names_the_older(stage: Stage) -> None:
    await stage.idle()
    stage.clock.now += 5
    young = release() | {"metadata": {"name": "young", "namespace": NAMESPACE}}
    await stage.create(young)
    await stage.until(lambda: stage.status("young").get("phase") == "Invalid")
    message = stage.status("young")["message"]
    assert "spec.workload.deployment: Deployment shop/podinfo belongs to the Release shop/podinfo already" in message
    await stage.rest()
    await stage.promote("x:2")
    await stage.client.delete(f"{RELEASES}/podinfo")
    await stage.until(lambda: stage.status("young").get("phase") != "Invalid")  # nobody but the deletion wakes it


async def test_the_younger_is_looked_at_again_when_the_older_moves_away(stage: Stage) -> None:
    await workload(stage.client, "second")
    await stage.idle()
    stage.clock.now += 5
    await stage.create(release() | {"metadata": {"name": "young", "namespace": NAMESPACE}})
    await stage.until(lambda: stage.status("young").get("phase") == "Invalid")
    await stage.rest()
    other = (
        {"deployment": "second"},
        {"service": "second", "istio": {"virtualService": "second", "destinationRule": "second"}},
    )
    await spec(stage, {"workload": other[0], "traffic": other[1]})
    await stage.until(lambda: stage.status("young").get("phase") != "Invalid")


async def test_a_provider_that_fails_holds_the_step(stage: Stage) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    stage.provider.error = "Prometheus cannot be reached"
    began = stage.clock.now
    while stage.clock.now < began + 600:
        if not await stage.turn():
            stage.advance()
    assert stage.share("x:2") == 10
    assert "Prometheus cannot be reached" in stage.status()["message"]
    stage.provider.error = ""
    await stage.until(lambda: stage.serves("x:2"))


async def test_series_come_and_go_with_the_release(stage: Stage) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: (stage.status().get("gates") or [{}])[0].get("verdict") == "pass")
    one = 'name="podinfo",namespace="shop"'
    text = await metrics(stage)
    assert f'sluice_release_phase{{{one},phase="Progressing"}} 1.0' in text
    assert f'sluice_release_phase{{{one},phase="Preparing"}} 0.0' in text
    assert f"sluice_release_wanted_weight_ratio{{{one}}} 0.1" in text
    assert f'sluice_release_gate_verdict{{gate="failures",{one}}} 1.0' in text
    await stage.until(lambda: stage.serves("x:2"))
    text = await metrics(stage)
    assert f'sluice_releases_total{{{one},outcome="promoted",reason=""}} 1.0' in text
    assert f'sluice_release_seconds_count{{{one},outcome="promoted"}} 1.0' in text
    assert f"sluice_release_step_seconds_count{{{one}}} 2.0" in text
    assert 'gate="failures"' not in text
    await stage.fail("x:bad")
    assert f'sluice_releases_total{{{one},outcome="rolled_back",reason="GateFailed"}} 1.0' in await metrics(stage)

    await deleted(stage)
    assert 'name="podinfo"' not in await metrics(stage)
    assert stage.app.reconciler._memory == {}


async def test_a_release_made_anew_under_the_same_name_is_another_one(stage: Stage) -> None:
    await stage.idle()
    await deleted(stage)
    stage.weights.clear()
    await stage.create()
    await stage.until(lambda: stage.serves("x:1"))
    await stage.rest()
    await stage.promote("x:2")
    assert stage.weights[0] == {"x:1": 100}
    assert all(sum(weights.values()) == 100 for weights in stage.weights)


@pytest.mark.parametrize(
    ("flags", "change", "sentence"),
    [
        (
            ["--min-interval=30s"],
            {"gates": {"interval": "10s"}},
            "spec.gates.interval: 10s is not between 30s and 600s",
        ),
        (["--max-interval=6s"], {"gates": {"interval": "10s"}}, "spec.gates.interval: 10s is not between 5s and 6s"),
        (
            [],
            {"traffic": {"istio": {"virtualService": "mesh/routes", "destinationRule": "podinfo"}}},
            "spec.traffic.istio.virtualService: mesh/routes is in another namespace; name one in shop",
        ),
    ],
)
async def test_what_the_controller_was_told_holds(
    flags: list[str], change: dict[str, dict[str, object]], sentence: str
) -> None:
    async with staged(*flags) as stage:
        body = release()
        for key, value in change.items():
            body["spec"][key] |= value
        await stage.create(body)
        await stage.until(lambda: stage.phase() == "Invalid")
        assert sentence in stage.status()["message"]
