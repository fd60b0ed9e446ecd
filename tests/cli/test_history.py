"""``sluice history`` against a cluster with a real controller."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import yaml

from controller.cli.console import plain
from controller.cli.history import one
from controller.core.record import Entry, EntryKind, Record, Version
from tests.stage import Stage


async def test_the_releases_of_a_release(stage: Stage, typed: Callable[..., Any]) -> None:
    sluice = typed(stage.api)
    await stage.create()
    said = await sluice("history", "podinfo")
    assert (said.code, said.out) == (0, "there is no record yet: the first one begins with the next release\n")
    await stage.until(lambda: stage.serves("x:1"))
    await stage.promote("x:2")
    await stage.push("x:3")
    await stage.until(lambda: stage.share("x:3") == 10)
    await stage.say("abort", by="ann", reason="enough")
    await stage.until(lambda: stage.phase() == "Failed")
    await stage.rest()

    head, *rows = (await sluice("history", "release/podinfo")).out.splitlines()
    assert head.split() == ["NUMBER", "OUTCOME", "CANDIDATE", "IMAGES", "STARTED", "TOOK", "SUMMARY"]
    assert [row.split()[:2] for row in rows] == [["1", "Adopted"], ["2", "Promoted"], ["3", "RolledBack"]]
    assert "was promoted in place of" in rows[1]
    assert rows[2].endswith("aborted by ann: enough")

    said = await sluice("history", "podinfo", "3")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "release 3: RolledBack"
    (command,) = [line.split() for line in lines if " Command " in line]
    assert command[2:] == ["Command", "abort", "ann", "enough"]
    assert any(line.split()[2:4] == ["Phase", "RollingBack"] for line in lines if " Phase " in line)
    assert "\x1b" not in said.out


async def test_for_programs(stage: Stage, typed: Callable[..., Any]) -> None:
    sluice = typed(stage.api)
    await stage.idle()
    found = json.loads((await sluice("history", "podinfo", "1", "-o", "json")).out)
    assert (found["kind"], found["outcome"], found["metadata"]["name"]) == ("ReleaseRecord", "Adopted", "podinfo-1")
    assert "managedFields" not in found["metadata"]
    many = yaml.safe_load((await sluice("history", "podinfo", "-o", "yaml")).out)
    assert (many["kind"], [item["number"] for item in many["items"]]) == ("List", [1])


async def test_what_is_not_there_is_named(stage: Stage, typed: Callable[..., Any]) -> None:
    sluice = typed(stage.api)
    await stage.idle()
    said = await sluice("history", "podinfo", "7")
    assert (said.code, said.err) == (4, "sluice: there is no record of release 7 of podinfo; there are: 1\n")
    said = await sluice("history", "podinfi")
    assert said.code == 4
    assert "did you mean podinfo?" in said.err


def test_numbers_people_and_what_is_missing() -> None:
    entries = (
        Entry.of(1_800_000_000, EntryKind.VERDICT, "errors", "fail (<= 0.1)", value=0.25, sample=1200, late=True),
        Entry.of(1_800_000_001, EntryKind.VERDICT, "own", "pass", value=0.5),
    )
    record = Record(7, Version("new"), None, 1_800_000_000.0, entries=entries, left_out=3, requests=1200)
    text = plain(one(record))
    assert "fail (<= 0.1) [0.25 of 1,200 requests] (written down later)" in text
    assert "pass [0.5]" in text
    assert "judged     1,200 requests, 0 of the candidate" in text
    assert text.endswith("3 entries in the middle were left out for want of room")
    assert "ended" not in text
    assert "ended" in plain(one(replace(record, ended=1_800_000_060.0)))
