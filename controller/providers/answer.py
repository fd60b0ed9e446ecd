"""The body of Prometheus' answer -> rows or lines, or a sentence that says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from controller.errors import ProviderError
from controller.providers.measurement import Line, Row

_EXCERPT = 200


class Answer(NamedTuple):
    """A successful answer: its ``data`` as decoded, and what came with it."""

    data: dict[str, Any]
    warnings: tuple[str, ...] = ()
    skew: float | None = None


def decode(code: int, body: bytes) -> Answer:
    """The answer of a body. Raises ProviderError, naming what is wrong with it."""
    try:
        answer = json.loads(body)
        status = answer["status"]
    except (ValueError, KeyError, TypeError):
        raise ProviderError(_no_prometheus(code, body)) from None
    if status != "success":
        kind, text = answer.get("errorType", "error"), answer.get("error", "no reason given")
        raise ProviderError(f"Prometheus refused the query ({kind}): {text}")
    data = answer.get("data")
    if not isinstance(data, dict):
        raise ProviderError("Prometheus' answer cannot be read: it has no data")
    return Answer(data, tuple(str(text) for text in answer.get("warnings") or ()))


def rows(data: Mapping[str, Any]) -> list[Row]:
    """Of an instant query. Raises ProviderError for another kind of value, ValueError and its like for none."""
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        return [Row({}, float(result[1]))]
    if kind != "vector":
        raise ProviderError(f"the query gives a {kind}, one value per series is needed: use an instant expression")
    found = []
    for series in result:
        if "value" not in series:
            raise ProviderError("the query gives native histograms: take a quantile or a sum of them")
        found.append(Row(series["metric"], float(series["value"][1])))  # float() reads NaN, +Inf and -Inf
    return found


def lines(data: Mapping[str, Any]) -> list[Line]:
    """Of a range query. Raises ValueError and its like for what is none."""
    return [
        Line(series["metric"], tuple([(float(at), float(value)) for at, value in series["values"]]))
        for series in data["result"]
    ]


def _no_prometheus(code: int, body: bytes) -> str:
    text = " ".join(body[:_EXCERPT].decode(errors="replace").split())
    if code in (401, 403):
        return f"Prometheus answered {code}: give an Authorization header that it accepts ({text})"
    if code == 404:
        return "Prometheus answered 404: check the address and its path prefix"
    return f"what answered ({code}) is not Prometheus: {text or 'nothing'}; check the address"
