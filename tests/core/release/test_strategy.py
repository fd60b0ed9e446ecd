from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.release import RampStep


@pytest.mark.parametrize(
    ("start", "to", "by", "weights"),
    [
        (50, 500, 150, (200, 350, 500)),
        (0, 10, 10, (10,)),
        (500, 0, 250, (250, 0)),
        (100, 250, 100, (200, 250)),
        (100, 150, 900, (150,)),
        (100, 100, 10, ()),
    ],
)
def test_the_strides_of_a_ramp(start: int, to: int, by: int, weights: tuple[int, ...]) -> None:
    assert RampStep(to, by, 60.0).weights(start) == weights


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 1000))
def test_a_ramp_moves_one_way_in_strides_of_at_most_by_and_ends_where_it_should(start: int, to: int, by: int) -> None:
    weights = RampStep(to, by, 60.0).weights(start)
    moves = [after - before for before, after in zip((start, *weights), weights, strict=False)]
    assert all(0 < abs(move) <= by and (move > 0) == (to > start) for move in moves)
    assert (weights or (start,))[-1] == to
