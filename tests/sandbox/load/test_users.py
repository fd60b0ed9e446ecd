"""Users against a server that behaves as asked, in one process: how every end is counted."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from controller.sandbox.load import Account, Group
from controller.sandbox.load.connection import Connection
from controller.sandbox.load.ledger import Ledger
from controller.sandbox.load.sender import Sender, Sending
from controller.sandbox.load.users import Users

LIMIT = 20.0


class World:
    """Users, their ledger, and waiting for what shall happen."""

    def __init__(self) -> None:
        self.ledger = Ledger(time.time)
        self.users = Users(self.ledger)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT):
            while not condition():
                await asyncio.sleep(0.001)

    async def play(self, group: Group, count: int = 5) -> Account:
        """At least ``count`` requests sent and all ended; then the group is gone."""
        self.users.set_group(group)
        await self.until(lambda: self.sent(group.name) >= count)
        async with asyncio.timeout(LIMIT):
            await self.users.drain()
        self.users.remove_group(group.name)
        return self.ledger.account()

    def sent(self, name: str) -> int:
        traffic = self.ledger.account().traffic.get(name)
        return traffic.sent if traffic else 0


@pytest.fixture
async def world() -> AsyncIterator[World]:
    found = World()
    yield found
    found.users.close()


def patient(target: str, rate: float, path: str = "/", **changes: Any) -> Group:
    """A group for which a slow machine is no failure."""
    return Group("a", target, rate, path=path, **{"timeout": 60.0, "max_outstanding": 100_000, **changes})


def sorts(account: Account) -> set[tuple[str, int, str]]:
    return {(tally.version, tally.code, tally.reason) for tally in account.tallies}


@pytest.mark.parametrize(
    ("path", "sort"),
    [
        ("/", ("v1", 200, "")),
        ("/v2", ("v2", 200, "")),
        ("/bare", ("", 404, "")),
        ("/broken", ("v2", 500, "")),
        ("/overloaded", ("", 503, "overloaded")),
        ("/chunked", ("v1", 200, "")),
        ("/polite", ("v1", 200, "")),
        ("/until-end", ("v1", 200, "")),
        ("/cut", ("", 0, "cut")),
        ("/nonsense", ("", 0, "malformed")),
        ("/drop", ("", 0, "closed")),
    ],
)
async def test_how_answers_are_counted(world: World, site: Any, path: str, sort: tuple[str, int, str]) -> None:
    account = await world.play(patient(site.target, 500.0, path), 20)
    assert sorts(account) == {sort}
    traffic = account.traffic["a"]
    assert account.count() == traffic.sent == site.requests[path] >= 20, "every request is counted once on both sides"
    assert (traffic.outstanding, traffic.skipped, traffic.retried) == (0, 0, 0)
    failures = traffic.sent if not sort[0] else 0
    assert len(account.failures) + account.lost_failures == failures


async def test_connections_are_kept(world: World, site: Any) -> None:
    account = await world.play(patient(site.target, 1000.0, max_outstanding=1), 50)
    assert account.count() == site.requests["/"] >= 50
    assert site.connections == 1


async def test_what_is_sent_is_what_was_asked_for(world: World, site: Any) -> None:
    group = Group(
        "a", site.target, 100.0, host="shop.example", path="/x", headers={"x-user": "eve"}, cookies={"c": "1"}
    )
    await world.play(group, 1)
    assert set(site.heads) == {group.request()}


async def test_nobody_there_is_refused(world: World) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # bound, but nobody listens
        account = await world.play(Group("a", f"127.0.0.1:{holder.getsockname()[1]}", 300.0))
    assert sorts(account) == {("", 0, "refused")}
    assert account.count() == account.traffic["a"].sent


async def test_time_limits(world: World, site: Any) -> None:
    account = await world.play(Group("a", site.target, 300.0, path="/never", timeout=0.05))
    assert sorts(account) == {("", 0, "timeout")}
    assert all(failure.seconds >= 0.05 for failure in account.failures)
    assert account.count() == account.traffic["a"].sent >= site.requests["/never"]


async def test_a_longer_limit_set_later_does_not_delay_a_shorter_one(world: World, site: Any) -> None:
    world.users.set_group(Group("slow", site.target, 200.0, path="/never", timeout=3600.0))
    await world.until(lambda: world.sent("slow") > 0)
    world.users.set_group(Group("fast", site.target, 200.0, path="/never", timeout=0.02))
    await world.until(lambda: world.ledger.account().count(group="fast") > 0)
    assert world.ledger.account().count(group="slow") == 0


async def test_no_more_than_allowed_are_outstanding_and_the_rest_is_counted(world: World, site: Any) -> None:
    world.users.set_group(Group("a", site.target, 1000.0, path="/hold", timeout=60.0, max_outstanding=3))
    await world.until(lambda: world.ledger.account().traffic.get("a") is not None)
    await world.until(lambda: world.ledger.account().traffic["a"].skipped > 20)
    traffic = world.ledger.account().traffic["a"]
    assert (traffic.sent, traffic.outstanding) == (3, 3)
    site.release.set()
    await world.users.drain()
    account = world.ledger.account()
    assert account.count() == account.traffic["a"].sent == site.requests["/hold"]
    assert account.traffic["a"].outstanding == 0


async def test_a_drain_waits_for_all_and_nothing_follows(world: World, site: Any) -> None:
    world.users.set_group(patient(site.target, 500.0, "/hold"))
    await world.until(lambda: site.requests["/hold"] >= 5)
    draining = asyncio.ensure_future(world.users.drain())
    again = asyncio.ensure_future(world.users.drain())
    await asyncio.sleep(0)
    sent = world.sent("a")
    assert not draining.done()
    site.release.set()
    await asyncio.wait_for(asyncio.gather(draining, again), LIMIT)
    assert world.ledger.account().count() == world.sent("a") == site.requests["/hold"] == sent
    world.users.resume()
    await world.until(lambda: world.sent("a") > sent)


async def test_groups_change_and_pause_while_running(world: World, site: Any) -> None:
    group = Group("a", site.target, 300.0)
    world.users.set_group(group)
    world.users.set_group(Group("b", site.target, 300.0, path="/v2"))
    await world.until(lambda: world.sent("a") > 3 and world.sent("b") > 3)
    world.users.pause(["a"])
    at, others = world.sent("a"), world.sent("b")
    world.users.set_group(replace(group, rate=900.0, path="/bare"))
    await world.until(lambda: world.sent("b") > others + 10)
    assert world.sent("a") == at, "a change does not end a pause"
    world.users.resume(["a"])
    await world.until(lambda: site.requests["/bare"] > 5)
    assert [one.name for one in world.users.groups()] == ["a", "b"]
    with pytest.raises(KeyError):
        world.users.pause(["c"])
    with pytest.raises(KeyError):
        world.users.remove_group("c")


async def test_idle_connections_that_the_server_closed_are_no_failures(world: World, site: Any) -> None:
    """The server answers and closes without saying so: what is seen before a byte is sent costs nothing."""
    account = await world.play(patient(site.target, 200.0, "/close"), 50)
    assert account.codes() == {200: account.count()}
    assert account.count() == site.requests["/close"]


async def test_a_request_that_was_not_sent_is_sent_once_more(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is reset after the look at it and before the first byte: the system takes none of them."""
    ledger = Ledger(time.time)
    sender, payload = Sender(ledger), Group("a", site.target, 1.0).request()

    def send() -> None:
        sender.send(Sending("a", Group("a", site.target, 1.0).address(), payload, to_head=False), LIMIT, 0.0)

    send()
    await asyncio.wait_for(sender.drained(), LIMIT)
    monkeypatch.setattr(Connection, "is_alive", lambda _self: True)
    site.reset_idle()
    await asyncio.sleep(0)  # the abort has its turn in this round of the loop; ours would see the reset in the next
    send()
    await asyncio.wait_for(sender.drained(), LIMIT)
    sender.close()
    account = ledger.account()
    assert (account.traffic["a"].sent, account.traffic["a"].retried) == (2, 1)
    assert account.codes() == {200: 2}
    assert (site.requests["/"], site.connections) == (2, 2)


async def test_a_request_that_may_have_been_sent_is_a_failure_that_can_be_told_apart(world: World, site: Any) -> None:
    """The server takes the request on a connection used before, and closes without a byte."""
    await world.play(patient(site.target, 100.0), 1)
    account = await world.play(replace(patient(site.target, 50.0, "/drop", max_outstanding=1), name="b"), 1)
    assert account.failures[0].reason == "closed-reused"
    assert account.count(group="b") == site.requests["/drop"]
    assert account.traffic["b"].retried == 0
