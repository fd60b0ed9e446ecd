from __future__ import annotations

import json
import math
from typing import Any

import pytest

from controller.providers.answer import decode, rows

AT = 1_700_000_000.25


def answer(data: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": data, **more}).encode()


@pytest.mark.parametrize(
    ("text", "expected"), [("NaN", math.nan), ("+Inf", math.inf), ("-Inf", -math.inf), ("1.5e-7", 1.5e-7)]
)
def test_numbers(text: str, expected: float) -> None:
    [row] = rows(decode(200, answer({"resultType": "vector", "result": [{"metric": {}, "value": [AT, text]}]})).data)
    assert row.value == pytest.approx(expected, nan_ok=True)


def test_a_scalar_and_warnings() -> None:
    body = answer({"resultType": "scalar", "result": [AT, "2"]}, warnings=["metric might not be a counter"])
    found = decode(200, body)
    assert rows(found.data) == [({}, 2.0)]
    assert found.warnings == ("metric might not be a counter",)
