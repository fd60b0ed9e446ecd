"""Fixtures for every room."""

from __future__ import annotations

import asyncio
import gc
import selectors
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
import structlog
from hypothesis import HealthCheck, settings

# Whether a property holds must not depend on how busy the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

Result = TypeVar("Result")
RunVirtual = Callable[[Coroutine[Any, Any, Any]], Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the files below tests/golden anew")


def pytest_collection_finish() -> None:
    """What thousands of collected tests are made of stays to the end: no garbage collection need look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """A test that sets up logs, as the command line does, sets them up for itself: its standard error is closed after
    it, and whoever wrote there later would fail.
    """
    yield
    structlog.reset_defaults()


class _JumpingSelector(selectors.DefaultSelector):
    """Where a real loop would wait for its next timer, the clock jumps to it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # no timer: only a thread or a socket can go on from here
            events = super().select(5)
            if not events:
                raise RuntimeError("the test waits for something that will never happen")
            return events
        events = super().select(0)
        if not events:
            # Never quite still, like any real clock: code that waits for the last nanosecond must not wait for ever.
            self.now += max(timeout, 1e-9)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which waiting costs nothing: a day of timers takes as long as its callbacks. No network."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


@pytest.fixture(scope="session")
def run_virtual() -> RunVirtual:
    """Runs a coroutine to its end on a loop with virtual time; for plain test functions, hypothesis included."""

    def run(main: Coroutine[Any, Any, Result]) -> Result:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(main)

    return run
