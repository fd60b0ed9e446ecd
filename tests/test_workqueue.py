from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import ClusterError
from controller.telemetry import Telemetry
from controller.workqueue import Backoff, WorkQueue

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def make(**options: Any) -> WorkQueue[str]:
    options.setdefault("on_failure", lambda *_: None)
    return WorkQueue(clock=asyncio.get_running_loop().time, source=random.Random(7), **options)


class Passes:
    """A handler that notes when each pass began and ended; takes ``seconds``, returns what ``answers`` gives."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.begun: list[tuple[str, float]] = []
        self.ended: list[tuple[str, float]] = []
        self.active: set[str] = set()
        self.most = 0
        self.answers: dict[str, list[float | Exception | None]] = {}

    async def __call__(self, key: str) -> float | None:
        def now() -> float:
            return round(asyncio.get_running_loop().time(), 6)

        assert key not in self.active, "two workers on one key"
        self.active.add(key)
        self.most = max(self.most, len(self.active))
        self.begun.append((key, now()))
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.active.discard(key)
        self.ended.append((key, now()))
        answers = self.answers.get(key)
        answer = answers.pop(0) if answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


async def serve(queue: WorkQueue[str], passes: Passes, seconds: float, workers: int = 4) -> None:
    """Lets the queue run for some virtual time, then closes it and waits for its end."""
    async with asyncio.TaskGroup() as group:
        group.create_task(queue.run(passes, workers))
        await asyncio.sleep(seconds)
        assert await queue.stop(grace=1000)


def test_the_same_key_is_served_once(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes()
        for _ in range(5):
            queue.add("a")
        queue.add("b")
        assert queue.depth() == 2
        await serve(queue, passes, 10)
        assert passes.begun == [("a", 0.0), ("b", 0.0)]

    run_virtual(main())


def test_a_key_added_during_its_pass_gets_another_one_after_it(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes(seconds=2)
        queue.add("a")
        asyncio.get_running_loop().call_later(1, queue.add, "a")
        await serve(queue, passes, 10)
        assert passes.begun == [("a", 0.0), ("a", 2.0)]

    run_virtual(main())


@pytest.mark.parametrize(
    ("delays", "expected"),
    [((5, 3, 9), [3.0]), ((9, 0), [0.0]), ((0, 9), [0.0]), ((-4,), [0.0]), ((float("nan"),), [0.0])],
)
def test_the_earliest_date_wins(run_virtual: Run, delays: tuple[float, ...], expected: list[float]) -> None:
    async def main() -> None:
        queue, passes = make(), Passes()
        for delay in delays:
            queue.add_after("a", delay)
        await serve(queue, passes, 30)
        assert [at for _, at in passes.begun] == expected

    run_virtual(main())


def test_a_pass_names_its_next_look(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes(seconds=1)
        passes.answers["a"] = [15.0, 15.0, None]
        queue.add("a")
        await serve(queue, passes, 100)
        assert [at for _, at in passes.begun] == [0.0, 16.0, 32.0]

    run_virtual(main())


def test_failures_back_off_and_success_forgets(run_virtual: Run) -> None:
    async def main() -> None:
        failed: list[float] = []
        queue = make(backoff=Backoff(base=1, cap=8), on_failure=lambda _key, _error, delay: failed.append(delay))
        passes = Passes(seconds=0)
        passes.answers["a"] = [ClusterError("no")] * 6 + [None]
        queue.add("a")
        await serve(queue, passes, 100)
        assert len(failed) == 6
        assert all(0 <= delay <= min(8, 2**n) for n, delay in enumerate(failed))
        gaps = [round(b[1] - a[1], 4) for a, b in itertools.pairwise(passes.begun)]
        assert gaps == pytest.approx(failed, abs=1e-3)
        assert queue.failures("a") == 0

    run_virtual(main())


def test_jitter_is_spread_over_the_whole_range() -> None:
    source = random.Random(1)
    delays = [Backoff(base=1, cap=60).delay(20, source) for _ in range(2000)]
    assert 0 <= min(delays) < 1
    assert 59 < max(delays) <= 60
    assert 28 < sum(delays) / len(delays) < 32
    assert Backoff().delay(10**9, source) <= 60


def test_an_error_of_one_key_leaves_the_others_alone(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes()
        passes.answers["a"] = [ValueError("a mistake")]
        queue.add("a")
        queue.add("b")
        await serve(queue, passes, 10)
        assert [key for key, _ in passes.ended] == ["a", "b", "a"]

    run_virtual(main())


def test_what_is_no_exception_ends_the_run(run_virtual: Run) -> None:
    class Worse(BaseException):
        pass

    async def broken(_key: str) -> None:
        raise Worse

    async def main() -> None:
        queue = make()
        queue.add("a")
        with pytest.raises(Worse):
            await queue.run(broken, 1)

    run_virtual(main())


def test_workers_are_bounded_and_the_oldest_goes_first(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes(seconds=1)
        keys = [f"k{n}" for n in range(10)]
        for key in keys:
            queue.add(key)
        await serve(queue, passes, 20, workers=3)
        assert passes.most == 3
        assert [key for key, _ in passes.begun] == keys
        assert passes.begun[-1][1] == 3.0

    run_virtual(main())


def test_stop_lets_the_pass_in_hand_finish_and_starts_none(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes(seconds=5)
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.run(passes, 1))
            queue.add("a")
            queue.add("b")
            await asyncio.sleep(1)
            assert await queue.stop(grace=10)
        assert passes.ended == [("a", 5.0)]
        queue.add("c")
        assert queue.depth() == 1, "b stays queued, c is refused"

    run_virtual(main())


def test_stop_cancels_what_outlasts_the_grace_period(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes(seconds=50)
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.run(passes, 1))
            queue.add("a")
            await asyncio.sleep(1)
            assert not await queue.stop(grace=10)
        assert asyncio.get_running_loop().time() == pytest.approx(11)
        assert not passes.active
        assert passes.ended == []

    run_virtual(main())


def test_a_cancelled_run_awaits_its_passes_and_loses_no_key(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes(seconds=5)
        queue.add("a")
        queue.add("b")
        running = asyncio.create_task(queue.run(passes, 1))
        await asyncio.sleep(1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not passes.active
        assert queue.depth() == 2
        await serve(queue, passes, 20)  # a second term serves both
        assert sorted(key for key, _ in passes.ended) == ["a", "b"]

    run_virtual(main())


def test_two_runs_at_once_are_refused(run_virtual: Run) -> None:
    async def main() -> None:
        queue, passes = make(), Passes()
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.run(passes, 1))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="already served"):
                await queue.run(passes, 1)
            queue.close()

    run_virtual(main())


def test_an_idle_queue_still_turns(run_virtual: Run) -> None:
    async def main() -> None:
        turns: list[float] = []
        now = asyncio.get_running_loop().time
        queue = make(on_turn=lambda: turns.append(now()))
        queue.add_after("a", 500)
        await serve(queue, Passes(), 120)
        assert max(b - a for a, b in itertools.pairwise(turns)) <= 10.001

    run_virtual(main())


def test_numbers_show_depth_age_retries_and_results(run_virtual: Run) -> None:
    async def main() -> None:
        telemetry = Telemetry("0")
        read = telemetry.registry.get_sample_value
        queue, passes = make(telemetry=telemetry), Passes()
        queue.add("a")
        queue.add("b")
        queue.add_after("c", 50)
        await asyncio.sleep(7)
        assert read("sluice_queue_depth", {"queue": "releases"}) == 2
        assert read("sluice_queue_oldest_seconds", {"queue": "releases"}) == pytest.approx(7)
        passes.answers["a"] = [ClusterError("no")]
        await serve(queue, passes, 20)
        assert read("sluice_queue_retries_total", {"queue": "releases"}) == 1
        assert read("sluice_queue_pass_seconds_count", {"queue": "releases", "result": "done"}) == 2
        assert read("sluice_queue_pass_seconds_count", {"queue": "releases", "result": "failed"}) == 1

    run_virtual(main())


KEYS = st.sampled_from("abcde")
STEPS = st.one_of(
    st.tuples(st.just("add"), KEYS, st.just(0.0)),
    st.tuples(st.just("after"), KEYS, st.floats(0, 20)),
    st.tuples(st.just("retry"), KEYS, st.just(0.0)),
    st.tuples(st.just("forget"), KEYS, st.just(0.0)),
    st.tuples(st.just("sleep"), KEYS, st.floats(0, 7)),
)


@settings(deadline=None, max_examples=150)
@given(steps=st.lists(STEPS, max_size=60), workers=st.integers(1, 4), seconds=st.floats(0, 5))
def test_nothing_is_lost_early_or_doubled(
    run_virtual: Run, steps: list[tuple[str, str, float]], workers: int, seconds: float
) -> None:
    """Model: after every request for a pass there is one that began no earlier than the earliest open date."""

    async def main() -> None:
        now = asyncio.get_running_loop().time
        queue, passes = make(backoff=Backoff(1, 10)), Passes(seconds)
        dates: dict[str, float] = {}

        async def handler(key: str) -> float | None:
            due = dates.pop(key, None)
            assert due is not None, "a pass that nobody asked for"
            assert now() >= due, "a pass before its date"
            return await passes(key)

        def asked(key: str, at: float) -> None:
            dates[key] = min(at, dates.get(key, float("inf")))

        async with asyncio.TaskGroup() as group:
            group.create_task(queue.run(handler, workers))
            for step, key, value in steps:
                match step:
                    case "add":
                        asked(key, now())
                        queue.add(key)
                    case "after":
                        asked(key, now() + value)
                        queue.add_after(key, value)
                    case "retry":
                        asked(key, now() + queue.retry(key))
                    case "forget":
                        queue.forget(key)
                    case _:
                        await asyncio.sleep(value)
            await asyncio.sleep(30 + seconds * (len(steps) + 1))
            assert dates == {}, "a request without a pass"
            assert queue.depth() == 0
            await queue.stop(grace=100)
        assert len(passes.begun) == len(passes.ended)
        assert passes.most <= workers

    run_virtual(main())
