from __future__ import annotations

import asyncio
import copy
import itertools
import math
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.cluster import Cluster, Object, explicit
from controller.errors import Unreachable
from controller.leader import LEASE, Alone, Leader
from controller.sandbox.api import EmbeddedApi
from tests.candidates import Api, Candidate, Lease

Run = Callable[[Coroutine[Any, Any, Any]], Any]


async def stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def test_the_first_candidate_leads_and_renews(run_virtual: Run) -> None:
    async def main() -> None:
        lease = Lease()
        one = Candidate(lease, "one")
        running = one.start()
        await asyncio.sleep(100)
        assert lease.holder == "one"
        assert one.working
        assert one.leader.may_act()
        assert 10 <= one.leader.time_left() <= 15
        assert 18 <= lease.writes <= 21, "one write each 5 s"
        assert lease.item is not None
        assert lease.item["spec"]["leaseDurationSeconds"] == 15
        assert lease.item["spec"]["leaseTransitions"] == 0
        await stop(running)

    run_virtual(main())


def test_a_clean_stop_ends_the_work_then_gives_the_lease_up(run_virtual: Run) -> None:
    async def main() -> None:
        lease = Lease()
        one = Candidate(lease, "one", unwind=12)
        running = one.start()
        await asyncio.sleep(20)
        running.cancel()
        await asyncio.sleep(11)
        assert lease.holder == "one", "the lease stays ours while the work ends"
        assert one.leader.may_act(), "what is in hand may still finish"
        await asyncio.wait({running})
        assert running.cancelled()
        assert lease.holder is None
        assert one.leader.time_left() == 0
        two = Candidate(lease, "two")
        next_one = two.start()
        await asyncio.sleep(1)
        assert two.working, "a lease given up is free at once"
        assert lease.item is not None
        assert lease.item["spec"]["leaseTransitions"] == 1
        await stop(next_one)

    run_virtual(main())


def test_work_that_returns_or_fails_ends_the_run(run_virtual: Run) -> None:
    async def main() -> None:
        lease = Lease()
        one = Candidate(lease, "one")

        async def short() -> None:
            await asyncio.sleep(3)

        await one.leader.run(short)
        assert lease.holder is None
        one.error = ValueError("a mistake")
        with pytest.raises(ValueError, match="a mistake"):
            await one.leader.run(one.work)
        assert lease.holder is None

    run_virtual(main())


@pytest.mark.parametrize("fault", ["hang", "error", "late", "lost"])
def test_leadership_ends_by_our_own_clock(run_virtual: Run, fault: str) -> None:
    """Whatever the API does, work has been cancelled with a third of the lease left, and another takes over."""

    async def main() -> None:
        lease = Lease()
        one, two = Candidate(lease, "one", unwind=4), Candidate(lease, "two")
        running = [one.start()]
        await asyncio.sleep(1)
        running.append(two.start())
        await asyncio.sleep(20)
        one.api.fault = fault
        if fault == "lost":  # the writes arrive: the lease is alive at the server, but one cannot know it
            two.api.fault = "error"
        await asyncio.sleep(40)
        assert len(one.terms) >= 1
        begun, ended = one.terms[0]
        assert begun < 1
        assert ended - 4 <= 20 + 1 + 10.2, "cancelled at the latest 10 s after the last renewal"
        if fault in ("hang", "error"):
            assert two.working
            assert lease.holder == "two"
        await stop(*running)

    run_virtual(main())


def test_a_short_outage_is_survived(run_virtual: Run) -> None:
    async def main() -> None:
        lease = Lease()
        one = Candidate(lease, "one")
        running = one.start()
        for fault in ("error", "hang", "lost", "late"):
            await asyncio.sleep(20)
            one.api.fault = fault
            await asyncio.sleep(2)
            one.api.fault = ""
        await asyncio.sleep(20)
        assert one.working
        assert one.terms == [], "one term from beginning to end"
        await stop(running)

    run_virtual(main())


def test_a_request_that_cannot_be_cancelled_does_not_keep_the_work(run_virtual: Run) -> None:
    async def main() -> None:
        lease = Lease()
        one = Candidate(lease, "one")

        async def stubborn(item: Object) -> Object:
            end = asyncio.get_running_loop().time() + 60
            while asyncio.get_running_loop().time() < end:
                try:
                    await asyncio.sleep(end - asyncio.get_running_loop().time())
                except asyncio.CancelledError:
                    pass
            raise Unreachable("at last", where="Lease")

        running = one.start()
        await asyncio.sleep(1)
        usual = one.api.replace
        one.api.replace = stubborn  # type: ignore[method-assign]
        await asyncio.sleep(12)
        assert not one.working
        assert one.leader.time_left() == 0
        one.api.replace = usual  # type: ignore[method-assign]
        await asyncio.sleep(60)
        assert one.working, "a second term, after the request let go"
        await stop(running)

    run_virtual(main())


def test_a_lease_taken_by_another_ends_the_term_at_once(run_virtual: Run) -> None:
    async def main() -> None:
        lease = Lease()
        one = Candidate(lease, "one")
        running = one.start()
        await asyncio.sleep(11)
        assert lease.item is not None
        lease.store(lease.item | {"spec": lease.item["spec"] | {"holderIdentity": "thief"}})
        await asyncio.sleep(6)
        assert not one.working
        assert one.leader.time_left() == 0
        await stop(running)
        assert lease.holder == "thief"

    run_virtual(main())


def test_what_others_wrote_into_the_lease_stays_and_a_deleted_one_comes_back(run_virtual: Run) -> None:
    async def main() -> None:
        lease = Lease()
        one = Candidate(lease, "one")
        running = one.start()
        await asyncio.sleep(1)
        assert lease.item is not None
        changed = copy.deepcopy(lease.item)
        changed["metadata"]["labels"] = {"team": "ops"}
        lease.store(changed)
        await asyncio.sleep(12)
        assert lease.item["metadata"]["labels"] == {"team": "ops"}
        lease.item = None
        await asyncio.sleep(12)
        assert lease.holder == "one"
        assert one.terms == []
        await stop(running)

    run_virtual(main())


@pytest.mark.parametrize("skew", [-86400.0, 86400.0])
def test_clocks_of_other_nodes_do_not_matter(run_virtual: Run, skew: float) -> None:
    async def main() -> None:
        lease = Lease()
        one, two = Candidate(lease, "one", wall=skew), Candidate(lease, "two")
        running = [one.start()]
        await asyncio.sleep(1)
        running.append(two.start())
        await asyncio.sleep(200)
        assert one.working, "a time in the past does not make a live leader dead"
        assert two.terms == []
        one.api.fault = "hang"
        await asyncio.sleep(30)
        assert two.working, "a time in the future does not keep a dead leader alive"
        await stop(*running)

    run_virtual(main())


def test_a_standby_asks_seldom_and_not_in_step(run_virtual: Run) -> None:
    async def main() -> None:
        lease = Lease()
        lease.store({"metadata": {"name": "sluice"}, "spec": {"holderIdentity": "x", "leaseDurationSeconds": 9**9}})
        asked: list[float] = []
        two = Candidate(lease, "two")
        get = two.api.get

        async def counted(*where: Any) -> Object:
            asked.append(asyncio.get_running_loop().time())
            return await get(*where)

        two.api.get = counted  # type: ignore[method-assign,assignment]
        running = two.start()
        await asyncio.sleep(300)
        gaps = {round(b - a, 3) for a, b in itertools.pairwise(asked)}
        assert 90 <= len(asked) <= 150
        assert len(gaps) > 20
        await stop(running)

    run_virtual(main())


def test_numbers(run_virtual: Run) -> None:
    async def main() -> None:
        one = Candidate(Lease(), "one")
        running = one.start()
        await asyncio.sleep(12)
        read = one.telemetry.registry.get_sample_value
        assert read("sluice_leader", {"lease": "sluice"}) == 1
        assert read("sluice_leader_terms_total", {"lease": "sluice"}) == 1
        assert read("sluice_leader_renewals_total", {"lease": "sluice", "outcome": "renewed"}) == 3
        await stop(running)
        assert read("sluice_leader", {"lease": "sluice"}) == 0

    run_virtual(main())


async def test_alone_always_leads() -> None:
    alone, done = Alone(), []

    async def work() -> None:
        done.append(alone.may_act())

    await alone.run(work)
    assert done == [True]
    assert alone.time_left() == math.inf


def test_a_lease_that_cannot_be_renewed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="every third"):
        Leader(Api(Lease()), namespace="a", name="b", duration=15, renew=6)


FAULTS = st.sampled_from(["", "", "hang", "error", "late", "lost"])
STORY = st.lists(st.tuples(st.floats(0.1, 25), st.integers(0, 2), FAULTS), max_size=25)


@settings(deadline=None, max_examples=40)
@given(story=STORY, unwind=st.floats(0, 4.5), latency=st.floats(0, 1.5))
def test_never_two_lead(run_virtual: Run, story: list[tuple[float, int, str]], unwind: float, latency: float) -> None:
    """Three candidates, each with its own faults and a wall clock far off; work takes less than a third of the lease to
    end. At no instant do two hold a right or work, and in the end somebody leads.
    """

    async def main() -> None:
        lease = Lease()
        all_of_them = [Candidate(lease, f"c{n}", wall=(n - 1) * 1e6, unwind=unwind, latency=latency) for n in range(3)]

        async def look() -> None:
            while True:
                holding = [c for c in all_of_them if c.leader.time_left() > 0]
                working = [c for c in all_of_them if c.working]
                assert len(holding) <= 1, "two leaders"
                assert len(working) <= 1, "two at work"
                await asyncio.sleep(0.4)

        looking = asyncio.create_task(look())
        running = [candidate.start() for candidate in all_of_them]
        for wait, number, fault in story:
            await asyncio.sleep(wait)
            all_of_them[number].api.fault = fault
        for candidate in all_of_them:
            candidate.api.fault = ""
        await asyncio.sleep(45)
        assert sum(candidate.working for candidate in all_of_them) == 1
        assert not looking.done()
        looking.cancel()
        await stop(*running)
        assert lease.holder is None

    run_virtual(main())


async def test_on_a_real_api() -> None:
    async with (
        EmbeddedApi() as api,
        Cluster(explicit(api.connection.url, token=api.connection.token)) as cluster,
    ):
        times: list[str] = []

        async def work(name: str) -> None:
            times.append(name)

        for name in ("one", "two"):
            leader = Leader(cluster, namespace="default", name="sluice", identity=name, duration=3, renew=1)
            async with asyncio.timeout(10):
                await leader.run(lambda name=name: work(name))  # type: ignore[misc]
        assert times == ["one", "two"]
        lease = await cluster.get(LEASE, "default", "sluice")
        assert lease["spec"]["leaseTransitions"] == 1
        assert "holderIdentity" not in lease["spec"]
