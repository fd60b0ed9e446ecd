"""The record of each release: complete whatever happens to the controller, and never in a release's way."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core.record import EntryKind, Outcome, Record
from controller.crd import record_from_wire
from tests.stage import AGENT, KEY, NAME, NAMESPACE, RELEASES, Stage, release, staged

TABLE = "releaserecords.sluice.dev"
RECORDS = f"/apis/sluice.dev/v1alpha1/namespaces/{NAMESPACE}/releaserecords"


def record(stage: Stage, number: int) -> Record:
    found = record_from_wire(stage.get(TABLE, f"podinfo-{number}"))
    assert found is not None
    return found


def numbers(stage: Stage) -> list[int]:
    return sorted(one["number"] for one in stage.objects(TABLE))


def phases(found: Record) -> list[str]:
    return [entry.name for entry in found.entries if entry.kind is EntryKind.PHASE]


def record_writes(stage: Stage) -> list[tuple[str, str, str, str]]:
    return [write for write in stage.writes() if write[1] == "releaserecords"]


async def release_number(stage: Stage, number: int) -> None:
    """As if the Release had had so many releases already."""
    await stage.client.patch(f"{RELEASES}/podinfo/status", {"status": {"release": number}})
    await stage.rest()


async def test_each_release_has_one(stage: Stage) -> None:
    await stage.idle()
    await stage.promote("x:2")
    await stage.fail("x:bad")
    adopted, good, bad = (record(stage, number) for number in (1, 2, 3))
    assert [adopted.outcome, good.outcome, bad.outcome] == [Outcome.ADOPTED, Outcome.PROMOTED, Outcome.ROLLED_BACK]
    assert phases(good) == ["Preparing", "Progressing", "Promoting", "Idle"]
    assert [entry.name for entry in good.entries if entry.kind is EntryKind.STEP] == ["1/2", "1/2", "2/2", "2/2", "2/2"]
    assert good.candidate.images == ("x:2",)
    assert good.stable == adopted.candidate
    assert (bad.reason, bad.ended) == ("GateFailed", bad.entries[-1].at)
    assert "the query says 1, wanted <= 0.1" in bad.summary
    assert not any(entry.late for one in (adopted, good, bad) for entry in one.entries)
    owner = stage.get(TABLE, "podinfo-3")["metadata"]["ownerReferences"]
    assert [(one["kind"], one["uid"]) for one in owner] == [
        ("Release", stage.get("releases.sluice.dev")["metadata"]["uid"])
    ]


async def test_at_most_one_write_a_pass_after_the_status_and_none_when_idle(stage: Stage) -> None:
    await stage.idle()
    before, passes = len(record_writes(stage)), stage.dates.passes[KEY]
    await stage.promote("x:2")
    made = record_writes(stage)[before:]
    assert 5 < len(made) <= stage.dates.passes[KEY] - passes
    everything = [write[1:3] for write in stage.writes()]
    first = everything.index(("releaserecords", ""))
    assert ("releases", "status") in everything[:first]
    for _ in range(3):
        stage.clock.now += 600
        stage.dates.add(KEY)
        await stage.rest()
    assert record_writes(stage)[before:] == made


async def test_a_person_is_in_the_record_even_when_nothing_came_of_it(stage: Stage) -> None:
    await stage.idle()
    await stage.say("promote", by="eve", reason="just so")
    await stage.until(lambda: not stage.annotations())
    await stage.rest()
    command, event = record(stage, 1).entries[-2:]
    assert (command.kind, command.name, command.by, command.text) == (EntryKind.COMMAND, "promote", "eve", "just so")
    assert (event.name, "no release in progress" in event.text) == ("CommandIgnored", True)
    assert record(stage, 1).outcome is Outcome.ADOPTED


async def test_a_release_that_another_one_follows_is_told_in_both(stage: Stage) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    await stage.promote("x:3")
    assert record(stage, 2).outcome is Outcome.SUPERSEDED
    assert stage.revision("x:3") in record(stage, 2).summary
    assert record(stage, 3).outcome is Outcome.PROMOTED
    assert record(stage, 3).entries[0].name == "Superseded"


async def test_what_was_promoted_and_taken_back_afterwards_says_both(stage: Stage) -> None:
    await stage.create(release(workload={"deployment": NAME}))  # the previous revision is kept for ten minutes
    await stage.until(lambda: stage.serves("x:1"))
    await stage.push("x:2")
    await stage.until(lambda: stage.serves("x:2"))
    await stage.say("rollback", by="eve", reason="slow")
    await stage.until(lambda: stage.phase() == "Failed")
    await stage.rest()
    found = record(stage, 2)
    assert found.outcome is Outcome.ROLLED_BACK
    assert "was promoted in place of" in found.summary
    assert f"is taken out by eve, back to {stage.revision('x:1')} (x:1): slow" in found.summary


async def test_the_last_20_are_kept(stage: Stage) -> None:
    await stage.idle()
    other = {"apiVersion": "sluice.dev/v1alpha1", "kind": "Release", "name": "podinfo", "uid": "another"}
    foreign = stage.get(TABLE, "podinfo-1") | {"metadata": {"name": "of-another", "ownerReferences": [other]}}
    foreign["metadata"]["labels"] = {"sluice.dev/release": "podinfo"}
    await stage.client.create(RECORDS, foreign)
    await release_number(stage, 19)
    await stage.promote("x:2")
    assert numbers(stage) == [1, 1, 20]
    await stage.promote("x:3")
    assert numbers(stage) == [1, 20, 21]
    assert stage.objects(TABLE)[0]["metadata"]["name"] == "of-another"


async def test_a_record_of_a_release_that_is_gone_makes_way(stage: Stage) -> None:
    await stage.idle()
    gone = stage.get(TABLE, "podinfo-1") | {"number": 2, "ended": "2020-01-01T00:00:00Z", "outcome": "Reverted"}
    gone["metadata"] = {"name": "podinfo-2"}
    await stage.client.create(RECORDS, gone)
    await stage.promote("x:2")
    assert record(stage, 2).outcome is Outcome.PROMOTED


async def test_one_that_somebody_deletes_is_made_again(stage: Stage) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    await stage.client.delete(f"{RECORDS}/podinfo-2")
    await stage.promote("x:2")
    assert phases(record(stage, 2)) == ["Preparing", "Progressing", "Promoting", "Idle"]


async def test_one_that_somebody_else_wrote_is_read_again(stage: Stage) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    await stage.client.patch(f"{RECORDS}/podinfo-2", {"metadata": {"labels": {"team": "a"}}})
    await stage.promote("x:2")
    assert phases(record(stage, 2)) == ["Preparing", "Progressing", "Promoting", "Idle"]
    assert stage.get(TABLE, "podinfo-2")["metadata"]["labels"]["team"] == "a"


async def test_a_restart_adds_nothing(stage: Stage) -> None:
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    before = record_writes(stage)
    await stage.restart()
    assert record_writes(stage) == before
    await stage.promote("x:2")
    assert phases(record(stage, 2)) == ["Preparing", "Progressing", "Promoting", "Idle"]
    assert [entry.name for entry in record(stage, 2).entries].count("Started") == 1
    await stage.restart()
    await stage.rest()
    assert phases(record(stage, 2)) == ["Preparing", "Progressing", "Promoting", "Idle"]


async def unhindered() -> tuple[list[dict[str, int]], list[str]]:
    """A good and a bad release, with nothing in the way of the records."""
    async with staged() as stage:
        return await good_and_bad(stage)


async def good_and_bad(stage: Stage) -> tuple[list[dict[str, int]], list[str]]:
    await stage.create()
    await stage.until(lambda: stage.serves("x:1") and not stage.owning())
    await stage.push("x:2")
    await stage.until(lambda: stage.serves("x:2") and "retiring" not in stage.status())
    await stage.push("x:bad")
    await stage.until(lambda: stage.phase() == "Failed" and stage.emptied("x:bad"))
    return list(stage.weights), stage.end()


FEW = ("answers lost",)
"""What is in `make test`; the others with the scenarios."""
FAULTS: dict[str, dict[str, Any]] = {
    "every one refused": {"status": 500},
    "no right to them": {"status": 403},
    "no such kind": {"status": 404},
    "conflicts": {"status": 409},
    "no connection": {"drop": True},
    "answers lost": {"drop": True, "after": True},
}


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=() if name in FEW else pytest.mark.scenario) for name in FAULTS]
)
async def test_errors_disturb_no_release_and_the_records_are_made_later(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = await unhindered()
    async with staged(start=False) as stage:
        hindrance = stage.api.faults.add(resource="releaserecords", agent=AGENT, times=None, **FAULTS[fault])
        monkeypatch.setattr("controller.reconcile.records._LIMIT", 0.2)  # of real time, at each try
        await stage.start()
        assert await good_and_bad(stage) == wanted
        assert stage.dates.failed == []
        assert hindrance.hits
        hindrance.remove()
        monkeypatch.setattr("controller.reconcile.records._LIMIT", 20.0)
        await stage.rest()
        outcomes = [record(stage, number).outcome for number in (1, 2, 3)]
        assert outcomes == [Outcome.ADOPTED, Outcome.PROMOTED, Outcome.ROLLED_BACK]
        assert phases(record(stage, 3)) == ["Preparing", "Progressing", "RollingBack", "Failed"]
        for number in (1, 2, 3):
            entries = record(stage, number).entries
            assert len(set(entries)) == len(entries)


async def test_an_api_that_does_not_answer_is_left_alone_for_half_a_minute(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.reconcile.records._LIMIT", 0.05)
    await stage.idle()
    fault = stage.api.faults.add(resource="releaserecords", agent=AGENT, times=None, hang=True)
    begin = stage.clock.now
    await stage.push("x:2")
    await stage.until(lambda: stage.serves("x:2"))
    assert fault.hits <= 1 + (stage.clock.now - begin) / 30
    fault.remove()
    monkeypatch.setattr("controller.reconcile.records._LIMIT", 20.0)
    await stage.rest()
    assert record(stage, 2).outcome is Outcome.PROMOTED


async def stopped(image: str, number: int) -> bool:
    """A release of the image, its controller killed after so many writes; whether that many are made."""
    good = image == "x:2"
    async with staged() as stage:
        await stage.idle()
        stage.stop_after(number, uncounted=["events"])
        await (stage.promote(image) if good else stage.fail(image))
        found = record(stage, 2)
        assert found.ended is not None
        assert len(set(found.entries)) == len(found.entries)
        assert phases(found) == ["Preparing", "Progressing", *(["Promoting", "Idle"] if good else HOME)]
        assert found.entries[-1].name == phases(found)[-1]
        return stage.stop is None


HOME = ["RollingBack", "Failed"]


@pytest.mark.parametrize("number", [2, 9])
@pytest.mark.parametrize("image", ["x:2", "x:bad"])
async def test_stopped_after_a_write_the_record_is_whole(image: str, number: int) -> None:
    """Another controller goes on: every phase stands there once, and the end as it was."""
    assert await stopped(image, number)


@pytest.mark.scenario
@pytest.mark.timeout(600)
@pytest.mark.parametrize("image", ["x:2", "x:bad"])
async def test_stopped_after_each_write_the_record_is_whole(image: str) -> None:
    number = 1
    while await stopped(image, number):
        number += 1
    assert number > 15
