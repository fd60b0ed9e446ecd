"""The queue, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from controller.sandbox.client import ApiError, Key
from controller.sandbox.workloads.queue import Queue

Run = Callable[[Coroutine[Any, Any, Any]], Any]
A, B = ("shop", "a"), ("shop", "b")


class Work:
    """Takes ``takes`` seconds for a key; answers come from ``script`` (an exception is raised), then None."""

    def __init__(self, *script: Any, takes: float = 1.0) -> None:
        self.script = list(script)
        self.takes = takes
        self.done: list[tuple[float, Key]] = []
        self.at_once = self.most = 0
        self.running: set[Key] = set()

    async def __call__(self, key: Key) -> float | None:
        assert key not in self.running
        self.running.add(key)
        self.most = max(self.most, len(self.running))
        await asyncio.sleep(self.takes)
        self.running.discard(key)
        self.done.append((round(asyncio.get_running_loop().time(), 3), key))
        answer = self.script.pop(0) if self.script else None
        if isinstance(answer, Exception):
            raise answer
        result: float | None = answer
        return result


def played(run: Run, work: Work, script: Callable[[Queue], Coroutine[Any, Any, None]], limit: float = 100) -> Queue:
    async def main() -> Queue:
        queue = Queue("test", work, workers=2)
        task = asyncio.create_task(queue.run())
        await script(queue)
        await asyncio.sleep(limit)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return queue

    result: Queue = run(main())
    return result


def test_a_key_is_worked_on_once_however_often_it_was_added(run_virtual: Run) -> None:
    async def script(queue: Queue) -> None:
        for _ in range(5):
            queue.add(A)

    work = Work()
    played(run_virtual, work, script)
    assert work.done == [(1.0, A)]


def test_what_is_added_while_it_runs_is_looked_at_once_more_and_not_at_the_same_time(run_virtual: Run) -> None:
    async def script(queue: Queue) -> None:
        queue.add(A)
        await asyncio.sleep(0.5)
        queue.add(A)
        queue.add(A)
        queue.add(B)

    work = Work()
    played(run_virtual, work, script)
    assert work.done == [(1.0, A), (1.5, B), (2.0, A)]
    assert work.most == 2


def test_a_delay_is_kept_unless_there_is_a_cause_before(run_virtual: Run) -> None:
    async def script(queue: Queue) -> None:
        queue.add_after(A, 10)
        queue.add_after(A, 20)
        queue.add_after(B, 10)
        await asyncio.sleep(3)
        queue.add(B)
        queue.add_after(A, 5)

    work = Work(takes=0.0)
    played(run_virtual, work, script)
    assert work.done == [(3.0, B), (8.0, A)]


def test_an_answer_in_seconds_asks_for_another_look(run_virtual: Run) -> None:
    async def script(queue: Queue) -> None:
        queue.add(A)

    work = Work(4.0, None, takes=0.0)
    played(run_virtual, work, script)
    assert work.done == [(0.0, A), (4.0, A)]


@pytest.mark.parametrize("error", [ApiError(409, "Conflict", ""), TimeoutError(), ConnectionResetError()])
def test_refusals_are_tried_again_with_growing_delays(run_virtual: Run, error: Exception) -> None:
    async def script(queue: Queue) -> None:
        queue.add(A)

    work = Work(error, error, error, None, error, takes=0.0)
    queue = played(run_virtual, work, script)
    assert [moment for moment, _ in work.done] == [0.0, 0.02, 0.06, 0.14]
    assert queue.crashes == []


def test_a_bug_is_kept_and_the_others_go_on(run_virtual: Run) -> None:
    async def script(queue: Queue) -> None:
        queue.add(A)
        queue.add(B)

    work = Work(KeyError("bug"), takes=0.0)
    queue = played(run_virtual, work, script)
    assert [repr(error) for error in queue.crashes] == ["KeyError('bug')"]
    assert [key for _, key in work.done] == [A, B, A]
