"""A person's word, over HTTP: handled once, taken away afterwards, and never a newer one with it."""

from __future__ import annotations

import asyncio

import pytest

from controller.sandbox.api.store import Change
from tests.stage import AGENT, Stage


@pytest.fixture
async def first(stage: Stage) -> Stage:
    """A release at its first step."""
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    return stage


async def test_it_is_recorded_then_taken_away(first: Stage) -> None:
    seen: list[tuple[str, bool, bool]] = []

    def note(change: Change) -> None:
        status = change.new.object.get("status") or {}
        standing = "sluice.dev/command" in (change.new.object["metadata"].get("annotations") or {})
        handled = status.get("handled") or {}
        seen.append((handled.get("name", ""), standing, handled.get("cleared", False)))

    unlisten = first.api.store.listen("releases.sluice.dev", note)
    await first.say("pause", by="eve", reason="lunch")
    await first.until(lambda: first.status().get("handled", {}).get("cleared"))
    unlisten()
    story = list(dict.fromkeys(seen))
    assert story == [("", True, False), ("pause", True, False), ("pause", False, False), ("pause", False, True)]
    assert first.phase() == "Paused"
    assert first.annotations() == {}
    await first.say("resume")
    await first.until(lambda: first.serves("x:2"))
    await first.finish()
    assert first.events().count(("Command", "Normal")) == 2


async def test_the_same_command_counts_again_once_it_was_seen_absent(first: Stage) -> None:
    for _ in range(2):
        await first.say("pause")
        await first.until(lambda: first.phase() == "Paused")
        await first.say("resume")
        await first.until(lambda: first.phase() == "Progressing")
    await first.until(lambda: first.serves("x:2"))


@pytest.mark.parametrize("more", [{}, {"by": "ann"}, {"reason": "enough"}])
async def test_a_newer_command_in_its_place_is_not_lost(first: Stage, more: dict[str, str]) -> None:
    """It comes after the first was recorded and before it is taken away; also where only its author is another."""
    held = first.api.faults.add(verb="patch", resource="releases", subresource="", agent=AGENT, hang=True)
    await first.say("pause")
    turning = asyncio.create_task(first.turn())
    await first.wait(lambda: held.hits == 1)
    await first.say("pause" if more else "abort", **more)
    held.remove()
    await turning
    await first.until(lambda: first.status()["handled"].get("cleared"))
    handled = first.status()["handled"]
    assert (handled["name"], handled.get("by", ""), handled.get("reason", "")) == (
        "pause" if more else "abort",
        more.get("by", ""),
        more.get("reason", ""),
    )
    assert first.annotations() == {}


async def test_one_that_cannot_be_taken_away_is_handled_once_and_holds_nothing_up(first: Stage) -> None:
    fault = first.api.faults.add(verb="patch", resource="releases", subresource="", agent=AGENT, status=500, times=None)
    await first.say("promote")
    await first.until(lambda: first.share("x:2") == 50)
    await first.until(lambda: first.serves("x:2"))
    assert fault.hits > 3
    assert first.annotations() == {"sluice.dev/command": "promote"}
    fault.remove()
    await first.rest()
    assert first.annotations() == {}
    await first.finish()
    assert first.events().count(("Command", "Normal")) == 1


async def test_one_that_makes_no_sense_is_answered_with_an_event(stage: Stage) -> None:
    await stage.idle()
    await stage.say("approve", by="eve")
    await stage.until(lambda: stage.annotations() == {})
    await stage.say("dance")
    await stage.until(lambda: stage.annotations() == {})
    await stage.finish()
    assert stage.events().count(("CommandIgnored", "Warning")) == 2
    assert stage.serves("x:1")


async def test_a_retry_tries_what_failed_once_more(stage: Stage) -> None:
    await stage.idle()
    await stage.fail("x:bad")
    stage.provider.bad = lambda _: False
    await stage.say("retry")
    await stage.until(lambda: stage.serves("x:bad"))


async def test_people_are_told_what_happens(stage: Stage) -> None:
    await stage.idle()
    await stage.promote("x:2")
    await stage.fail("x:bad")
    await stage.finish()
    seen = stage.events()
    order = [reason for reason, _ in seen]
    for reason in ("Adopting", "Adopted", "Started", "Step", "Promoting", "Promoted", "RolledBack"):
        assert reason in order
    assert [reason for reason, kind in seen if kind == "Warning"] == ["RolledBack"]
    about = {one["involvedObject"]["uid"] for one in stage.objects("events")}
    assert about == {stage.get("releases.sluice.dev")["metadata"]["uid"]}
