from __future__ import annotations

import pytest

from controller.sandbox.mesh.translate import durations


@pytest.mark.parametrize(
    ("given", "envoy"),
    [
        ("5s", "5s"),
        ("1m30s", "90s"),
        ("250ms", "0.25s"),
        ("1.5h", "5400s"),
        ("100us", "0.0001s"),
        ("0s", "0s"),
        ("1h1m1s1ms", "3661.001s"),
    ],
)
def test_go_durations_become_seconds(given: str, envoy: str) -> None:
    assert durations.envoy(given) == envoy


@pytest.mark.parametrize("given", ["", "5", "s", "1x", "1s ", "-1s", "1,5s"])
def test_anything_else_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 1m30s"):
        durations.seconds(given)
