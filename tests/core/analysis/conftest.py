"""Looks made by hand: every test says what both arms did, and goes on from there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

import pytest

from controller.core.analysis import AtStep, Settings, State, observe, start
from controller.core.observed import Counts, Look

BEGIN = 1_700_000_000.0
BOUNDS = (0.1, 0.25, 1.0, inf)


class Lab:
    """A release of five steps with one look every 15 s; ``at`` is the step in effect since ``BEGIN``."""

    begin = BEGIN
    at = AtStep(0, 0.05, BEGIN)
    settings = Settings(steps=5)

    def arm(self, requests: float, errors: float = 0.0, slower: Sequence[float] = (0.2, 0.02, 0.0)) -> Counts:
        """Counts with the shares of requests that are slower than 100 ms, 250 ms and 1 s."""
        return Counts(requests, errors, BOUNDS, (*(requests * (1.0 - share) for share in slower), requests))

    def look(
        self, number: int, candidate: Counts, stable: Counts, missing: str = "", latency_missing: str = ""
    ) -> Look:
        """The look with this number, counted from 0."""
        return Look(BEGIN + 15.0 * (number + 1), 15.0, candidate, stable, missing, latency_missing)

    def history(self, requests: float = 1000.0, errors: float = 1.0, looks: int = 120) -> list[Counts]:
        return [self.arm(requests, errors) for _ in range(looks)]

    def fresh(self) -> State:
        """The state before the first look, with a calm history at 0.1 % errors."""
        return start(self.settings, self.history())

    def after(self, pairs: Iterable[tuple[Counts, Counts]], state: State | None = None, first: int = 0) -> State:
        """The state after a look for each pair of candidate and stable."""
        state = self.fresh() if state is None else state
        for number, (candidate, stable) in enumerate(pairs, first):
            state = observe(state, self.look(number, candidate, stable), self.at)
        return state


@pytest.fixture
def lab() -> Lab:
    return Lab()
