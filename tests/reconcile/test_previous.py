"""The previous revision over HTTP: what people see of it, and that its time goes on whoever is the controller."""

from __future__ import annotations

from tests.stage import NAME, Stage, release


async def promoted(stage: Stage) -> None:
    """x:2 has been promoted over x:1 a moment ago, which stays for ten minutes."""
    await stage.create(release(workload={"deployment": NAME}))
    await stage.until(lambda: stage.serves("x:1"))
    await stage.push("x:2")
    await stage.until(lambda: stage.serves("x:2"))


async def test_it_is_told_until_it_is_let_go_and_after(stage: Stage) -> None:
    await promoted(stage)
    since = stage.clock.now
    await stage.until(lambda: (stage.status().get("previous") or {}).get("unroutedSince"))
    previous = stage.status()["previous"]
    assert (previous["revision"], previous["image"]) == (stage.revision("x:1"), "x:1")
    assert (previous["replicas"], previous["ready"]) == (3, 3)
    assert "retiring" not in stage.status()
    assert "stays warm until" in stage.status()["message"]
    await stage.until(lambda: stage.emptied("x:1"))
    assert 600 <= stage.clock.now - since <= 603
    await stage.rest()
    assert stage.status()["previous"]["revision"] == stage.revision("x:1")
    assert stage.status()["message"].endswith("(x:2) serves")


async def test_its_time_goes_on_over_a_restart_and_asks_nothing_meanwhile(stage: Stage) -> None:
    await promoted(stage)
    since = stage.clock.now
    await stage.until(lambda: min(stage.dates.dates.values()) > since + 60)
    stage.clock.now = since + 300
    await stage.restart()
    writes = stage.writes()
    while await stage.turn():
        pass
    assert stage.writes() == writes
    stage.advance()
    assert 600 <= stage.clock.now - since <= 603, "nothing happens before"
    await stage.until(lambda: stage.emptied("x:1"), seconds=10)


async def test_autoscalers_look_at_the_pods_that_get_most_requests(stage: Stage) -> None:
    await stage.idle()
    first = stage.status()["selector"]
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 50 and stage.status()["selector"])
    assert stage.status()["selector"] == first
    await stage.until(lambda: stage.phase() == "Promoting" and stage.share("x:2") == 100)
    assert stage.status()["selector"] == f"sluice.dev/revision={stage.revision('x:2')}"


async def test_a_rollback_is_recorded_with_who_when_and_why(stage: Stage) -> None:
    await promoted(stage)
    await stage.rest()
    await stage.say("rollback", by="eve", reason="complaints")
    await stage.until(lambda: stage.phase() == "Failed")
    status = stage.status()
    assert status["failed"]["reason"] == "RolledBackByCommand"
    assert "(x:2) is taken out by eve, back to " in status["failed"]["message"]
    assert status["failed"]["message"].endswith("(x:1): complaints")
    assert (status["handled"]["by"], status["handled"]["reason"]) == ("eve", "complaints")
    assert status["handled"]["at"]
    await stage.rest()
    assert "previous" not in stage.status()
    ready = next(one for one in stage.status()["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "RolledBackByCommand")
    await stage.push("x:1")
    await stage.until(lambda: stage.serves("x:1"))
