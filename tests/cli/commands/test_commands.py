"""Commands as they are typed, beside a real controller. The stage stands still between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from controller.cli.alive import LEASE, NAME, NAMESPACE, judged
from controller.settings import Settings
from tests.cli.conftest import Said, Sluice
from tests.stage import RELEASES, Stage, release


@pytest.fixture
async def first(stage: Stage) -> Stage:
    """A release at its first step."""
    await stage.idle()
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    return stage


@pytest.fixture
def sluice(first: Stage, typed: Callable[..., Sluice]) -> Sluice:
    return typed(first.api)


async def waited(stage: Stage, sluice: Sluice, *arguments: str) -> Said:
    """A command with --wait; the controller goes on only after it was given."""
    task = asyncio.create_task(sluice(*arguments, "--wait"))
    await stage.wait(lambda: task.done() or "sluice.dev/command" in stage.annotations())
    while not task.done():
        if not await stage.turn():
            await asyncio.sleep(0.01)
    return await task


async def test_it_stands_in_the_annotations_in_the_users_own_name(first: Stage, sluice: Sluice) -> None:
    said = await sluice("pause", "podinfo", "--reason", "lunch")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "podinfo: pause by system:admin (lunch) is given; `sluice status -n shop podinfo` shows what comes of it\n"
    )
    assert first.annotations() == {
        "sluice.dev/command": "pause",
        "sluice.dev/by": "system:admin",
        "sluice.dev/reason": "lunch",
    }
    again = await sluice("pause", "podinfo", "--reason", "lunch")
    assert again.code == 0, "the same is said already"


async def test_where_nobody_tells_who_asks_the_kubeconfig_does(first: Stage, sluice: Sluice) -> None:
    first.api.faults.add(verb="create", resource="selfsubjectreviews", status=403, times=None)
    await sluice("pause", "podinfo")
    assert first.annotations()["sluice.dev/by"] == "sandbox"


async def test_one_that_waits_is_not_overwritten_unseen(first: Stage, sluice: Sluice) -> None:
    await first.say("promote", by="ann", reason="hurry")
    said = await sluice("abort", "podinfo")
    assert (said.code, said.out) == (4, "")
    assert said.err == (
        "sluice: shop/podinfo: promote by ann (hurry) is not handled yet; "
        "wait for it, or put yours in its place with --force\n"
    )
    assert first.annotations()["sluice.dev/command"] == "promote"
    assert (await sluice("abort", "podinfo", "--force")).code == 0
    assert first.annotations() == {"sluice.dev/command": "abort", "sluice.dev/by": "system:admin"}


async def test_the_answer_is_waited_for(first: Stage, sluice: Sluice) -> None:
    said = await waited(first, sluice, "pause", "podinfo")
    assert (said.code, said.out) == (0, "podinfo: pause is done; Paused: paused by a command at 10%\n")
    said = await waited(first, sluice, "resume", "podinfo")
    assert said.code == 0
    assert said.out.startswith("podinfo: resume is done; Progressing: ")
    said = await waited(first, sluice, "approve", "podinfo")
    assert (said.code, said.out, said.err) == (1, "", "podinfo: approve was ignored: no step waits for an approval\n")


async def test_the_same_words_count_again(first: Stage, sluice: Sluice) -> None:
    for _ in range(2):
        for command, phase in (("pause", "Paused"), ("resume", "Progressing")):
            assert (await waited(first, sluice, command, "podinfo")).code == 0
            assert first.phase() == phase


async def test_nobody_answers(first: Stage, sluice: Sluice) -> None:
    await first.kill()
    said = await sluice("pause", "podinfo", "--wait", "--timeout", "300ms")
    assert said.code == 2
    assert said.err == "podinfo: pause was not handled within 0.3 s; it stands, and may be later\n"


async def test_where_no_controller_runs_that_is_said_at_once(first: Stage, sluice: Sluice) -> None:
    await first.client.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    spec = {"holderIdentity": "sluice-1", "leaseDurationSeconds": 15, "renewTime": "2020-01-01T00:00:00.000000Z"}
    leases = f"/apis/{LEASE.group}/v1/namespaces/{NAMESPACE}/leases"
    await first.client.create(leases, {"metadata": {"name": NAME}, "spec": spec})
    said = await sluice("pause", "podinfo")
    assert said.code == 0
    assert said.err.startswith("no controller seems to be running: the Lease sluice-system/sluice was last renewed ")
    said = await sluice("pause", "podinfo", "--wait", "--timeout", "300ms")
    assert said.err.startswith("podinfo: no controller seems to be running: ")
    assert "no controller seems to be running" in (await sluice("status", "podinfo")).err


async def test_all_at_once(first: Stage, sluice: Sluice) -> None:
    other = release()
    other["metadata"]["name"] = "cart"
    await first.client.create(RELEASES, other)  # at rest, if that: not meant
    said = await sluice("abort", "--all", typing="n\n")
    assert (said.code, said.out.splitlines()) == (
        1,
        ["abort 1 release in namespace shop (podinfo)? [y/N]: nothing was done"],
    )
    assert first.annotations() == {}
    said = await sluice("abort", "--all", "-A", "--yes", "--reason", "stop")
    assert said.code == 0
    assert said.out.startswith("shop/podinfo: abort by system:admin (stop) is given; ")
    assert first.annotations()["sluice.dev/command"] == "abort"
    said = await sluice("resume", "--all")
    assert (said.code, said.out) == (0, "there is no Release in namespace shop to resume\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["abort"], "name a Release, or say --all"),
        (["abort", "podinfo", "--all"], "name a Release, or say --all"),
        (["abort", "podinfo", "-A"], "--all-namespaces goes with --all"),
        (["promote"], "Missing argument 'NAME'"),
        (["promote", "podinfo", "--all"], "No such option"),
        (["promote", "podinfo", "--reason", "x" * 1001], "--reason: 1001 characters are too long"),
    ],
)
async def test_what_is_typed_wrongly(typed: Callable[..., Any], arguments: list[str], text: str) -> None:
    said = await typed(None)(*arguments)
    assert said.code == 2
    assert text in " ".join(said.err.split())


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, "nobody holds the Lease"),
        ({"holderIdentity": "a", "renewTime": "2027-01-15T07:59:50.000000Z", "leaseDurationSeconds": 15}, ""),
        (
            {"holderIdentity": "a", "renewTime": "2027-01-15T07:59:10.000000Z", "leaseDurationSeconds": 15},
            "50s ago by a",
        ),
        ({"holderIdentity": "a", "renewTime": "2027-01-15T07:59:10.000000Z", "leaseDurationSeconds": 60}, ""),
        ({"holderIdentity": "a", "renewTime": "2027-01-15T09:00:00Z"}, ""),
        ({"holderIdentity": "a"}, ""),
    ],
)
def test_a_lease_tells_whether_somebody_acts(spec: dict[str, Any], text: str) -> None:
    said = judged({"spec": spec}, 1_800_000_000.0)
    assert text in said if text else said == ""


def test_the_lease_is_the_controllers() -> None:
    settings = Settings()
    assert (settings.lease_namespace, settings.lease_name) == (NAMESPACE, NAME)
