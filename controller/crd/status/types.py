"""The kinds of value in the status on the wire."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from controller.core.traffic import Weights
from controller.crd.forms import per_mille
from controller.crd.parse import epoch

EVIDENCE_LIMIT = 16_384
"""Characters of evidence that are kept; analysis.md allows 4 KiB."""

ACCEPTED_LIMIT = 6_144
"""Characters of a packed spec that are kept; one of the usual size takes about 600."""


def rfc3339(moment: float) -> str:
    """Epoch seconds as RFC 3339 in UTC, to the millisecond, without a fraction where it is zero."""
    milliseconds = round(moment * 1000)
    whole = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    rest = milliseconds % 1000
    return f"{whole}.{rest:03d}Z" if rest else f"{whole}Z"


def _read_time(value: object) -> float:
    moment = epoch(value) if isinstance(value, str) else value
    if not isinstance(moment, int | float) or isinstance(moment, bool) or not math.isfinite(moment):
        raise ValueError("no time")
    return round(float(moment), 3)


def percent(share: int) -> str:
    """A share in per mille as people read it: ``5%``, ``0.5%``."""
    return f"{share / 10:g}%"


def _read_weights(value: object) -> Weights:
    if isinstance(value, Weights):
        return value
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError("no weights")
    try:
        return Weights.of({str(revision): per_mille(text) for revision, text in value.items()})
    except ArithmeticError as error:
        raise ValueError("no share") from error


def cut(most: int) -> Any:
    """A text of at most ``most`` characters; a longer one is cut and ends in an ellipsis."""

    def shorten(value: object) -> object:
        return value[: most - 1] + "…" if isinstance(value, str) and len(value) > most else value

    return BeforeValidator(shorten), Field(max_length=most)


Time = Annotated[
    float,
    PlainValidator(_read_time),
    PlainSerializer(rfc3339),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 32}),
]
Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]
Amount = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, *cut(317)]
Sentence = Annotated[str, *cut(1024)]
Shares = Annotated[
    Weights,
    PlainValidator(_read_weights),
    PlainSerializer(lambda weights: {revision: percent(share) for revision, share in weights}),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string", "maxLength": 8}, "maxProperties": 64}),
]
