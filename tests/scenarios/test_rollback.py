"""The way down: a bad version is out before many users meet it, and nobody's request fails because traffic moved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.stories import release

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
Stage = Any  # the class is in conftest.py, which no module can import

STEPS = [{"weight": "20%", "for": "30s"}, {"weight": "50%", "for": "10s"}]


async def adopted(stage: Stage, gates: dict[str, Any], rate: float = 200.0) -> None:
    sandbox = stage.sandbox
    await sandbox.load.set_group(sandbox.users("users", rate))
    await stage.create(release(STEPS, gates))
    await stage.promoted("v1", 30)


def exposure(account: Any, version: str, *, good: int = 200) -> float:
    """Seconds from the first bad answer of a version to its last answer of any kind."""
    ours = list(account.select(version=version))
    first = min(tally.first for tally in ours if tally.code != good)
    return float(max(tally.last for tally in ours) - first)


LIMIT = {"compare": {"none": True}, "limits": [{"name": "ok", "successRate": {"min": "99%"}, "minRequests": 50}]}


@pytest.mark.parametrize(
    ("percent", "gates", "seconds"), [(5, LIMIT, 30), (2, {}, 60)], ids=["5 by a limit", "2 by the comparison"]
)
async def test_so_many_percent_of_errors_are_out_in_time(
    stage: Stage, percent: int, gates: dict[str, Any], seconds: float
) -> None:
    """The faults are every n-th answer; the comparison knows little of stable, which was adopted a moment ago."""
    bad = f"v2-errors-{percent}"
    await adopted(stage, gates)
    await stage.push(bad)
    message = (await stage.failed())["message"]
    await stage.drained_of(bad)
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
    assert exposure(account, bad) <= seconds
    assert "requests to the candidate failed" in message or "gate ok" in message


async def test_refused_connections_are_out_within_two_looks(stage: Stage) -> None:
    """Its answers carry no version: what counts is the time between the first and the last of them."""
    await adopted(stage, {})
    await stage.push("v2-refuse")
    status = await stage.until(lambda s: (s.get("step") or {}).get("inEffectSince"), 60)
    assert status["phase"] == "Progressing"
    status = await stage.failed()
    assert "over the same 10 s" in status["message"], "two looks of 5 s, the first two at its first weight"
    failures = list((await stage.account()).select(version=""))
    assert failures, "the users met the refusals"
    assert max(tally.last for tally in failures) - min(tally.first for tally in failures) <= 15
    assert {tally.code for tally in failures} == {503}


async def test_one_that_hangs_is_out_though_its_clients_left_before_any_answer(stage: Stage) -> None:
    """The mesh counts such a request as one without code that its own client gave up: no error, and no success."""
    await adopted(stage, LIMIT, rate=100.0)
    await stage.sandbox.load.set_group(stage.sandbox.users("users", 100.0, timeout=1.0))
    await stage.push("v2-hang")
    await stage.failed(120)
    await stage.drained_of("v2-hang")
    failures = list((await stage.account()).select(version=""))
    assert {(tally.code, tally.reason) for tally in failures} == {(0, "timeout")}
    assert max(tally.last for tally in failures) - min(tally.first for tally in failures) <= 30


async def test_slow_answers_are_out_by_the_comparison(stage: Stage) -> None:
    await adopted(stage, {})
    await stage.sandbox.pods.behave("shop", "v1", latencyMs=20)
    await stage.push("v2-slow-30ms")  # one and a half times as long
    await stage.failed(120)
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
    assert "took longer than" in (await stage.status())["message"]


async def test_without_traffic_it_holds_and_says_so(stage: Stage) -> None:
    await adopted(stage, {}, rate=0.0)
    await stage.push("v2")
    status = await stage.until(lambda s: "compare:" in s.get("message", ""), 90)
    assert "waits for evidence (compare: Nothing can be compared: candidate has had no requests" in status["message"]
    assert status["phase"] == "Progressing"


async def test_commands_abort_and_retry(stage: Stage) -> None:
    await adopted(stage, LIMIT, rate=100.0)
    await stage.push("v2")
    await stage.until(lambda s: (s.get("step") or {}).get("inEffectSince"), 60)
    await stage.say("abort")
    status = await stage.failed()
    assert "aborted by eve" in status["message"]
    await stage.say("retry")
    await stage.until(lambda s: s.get("phase") == "Progressing", 60)
    await stage.say("promote-full")
    await stage.promoted("v2")
    account = await stage.account()
    assert account.count(version="") == 0, account.failures
