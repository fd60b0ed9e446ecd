from __future__ import annotations

from typing import Any

import pytest

from controller.core.objects.quantities import normal_quantity


@pytest.mark.parametrize(
    "equal",
    [
        ["1", 1, "1000m", "1e0", 1.0, "+1", "1.0", "1."],
        ["500m", "0.5", ".5", 0.5, "5e-1", "500000u"],
        ["1Gi", "1024Mi", "1073741824", 1073741824],
        ["1k", "1000", "1e3", "1E3"],
        ["1E", "1000P"],
        ["0", 0, "0m", "0Gi"],
    ],
)
def test_equal_amounts(equal: list[Any]) -> None:
    assert len({normal_quantity(amount) for amount in equal}) == 1


def test_different_amounts() -> None:
    amounts = ["1", "1m", "1k", "1Ki", "1M", "1Mi", "1G", "1Gi", "1E", "1Ei", "-1"]
    assert len({normal_quantity(amount) for amount in amounts}) == len(amounts)


@pytest.mark.parametrize("odd", ["", "many", "1 Gi", "1ki", None, True, [1], "0x1"])
def test_what_is_no_quantity_stays(odd: Any) -> None:
    assert normal_quantity(odd) is odd
