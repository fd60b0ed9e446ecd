"""Strings that have a form: quantities with units, and names.

What the user writes is kept as written; ``seconds``, ``per_mille`` and ``ratio`` say what it means. A bare number where
a unit is needed is refused with its likely meaning, because 5 as a weight and 500 as a latency were meant to be 5% and
500ms, and guessing wrong in silence moves traffic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_NUMBER = r"[0-9]{1,6}(\.[0-9]{1,3})?"
_DURATION = rf"^({_NUMBER}h)?({_NUMBER}m)?({_NUMBER}s)?({_NUMBER}ms)?$"
_SECONDS = {"h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}


def seconds(text: str) -> float:
    """The seconds in a duration such as ``1h30m`` or ``500ms``."""
    pieces = re.findall(r"([0-9.]+)(ms|h|m|s)", text)
    return float(sum((Decimal(number) * _SECONDS[unit] for number, unit in pieces), Decimal(0)))


def as_duration(length: float) -> str:
    """A duration in seconds as people write it: ``15m``, ``90s``, ``500ms``."""
    milliseconds = round(length * 1000)
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def per_mille(text: str) -> int:
    """The whole per mille in a share such as ``5%`` or ``0.5%``."""
    return int(Decimal(text.removesuffix("%")) * 10)


def ratio(text: str) -> float:
    """The ratio in a percentage: 0.001 for ``0.1%``."""
    return float(Decimal(text.removesuffix("%")) / 100)


def shown(value: object) -> str:
    """A value as it stood in the YAML or JSON, cut to what fits a sentence."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def refuse(sentence: str) -> PydanticCustomError:
    """The error that a validator raises to have its own sentence shown."""
    return PydanticCustomError("form", "{sentence}", {"sentence": sentence})


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # In Python $ would also match before a last line break; for the API server it does not.
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


@dataclass(frozen=True, slots=True)
class Form:
    """A string of a certain form, as the metadata of an ``Annotated[str, ...]``.

    ``what`` completes "write ...". ``guess`` turns the text of a bare number into what it was likely meant to be.
    ``refused`` looks at a string of the right form and says what else is wrong with it, or None; ``cel`` is the same
    check for the API server, as (rule, message).
    """

    what: str
    pattern: str
    longest: int
    guess: Callable[[str], str] | None = None
    refused: Callable[[str], str | None] | None = None
    cel: tuple[tuple[str, str], ...] = field(default=())

    def check(self, value: object) -> str:
        """The value itself. Raises an error whose sentence tells what to write instead."""
        if self.guess and _is_number(value):
            raise refuse(f"{value} has no unit; write {self.guess(str(value))}")
        if not isinstance(value, str):
            raise refuse(f"{shown(value)} is no text; write {self.what}")
        if not value:
            raise refuse(f"it is empty; write {self.what}")
        if len(value) > self.longest:
            raise refuse(f"it has {len(value)} characters; at most {self.longest} are allowed")
        if not _compiled(self.pattern).search(value):
            raise refuse(f"{shown(value)} cannot be read; write {self.what}")
        if self.refused and (sentence := self.refused(value)):
            raise refuse(sentence)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        result: JsonSchemaValue = {"type": "string", "minLength": 1, "maxLength": self.longest, "pattern": self.pattern}
        if self.cel:
            result["x-kubernetes-validations"] = [{"rule": rule, "message": message} for rule, message in self.cel]
        return result


LONGEST_DURATION = "720h"


def duration(least: str, usual: str = "s") -> Form:
    """A duration from ``least`` to 30 days; ``usual`` is the unit that a bare number was likely meant in."""
    bounds = f"it must be from {least} to {LONGEST_DURATION}"

    def refused(value: str) -> str | None:
        if seconds(least) <= seconds(value) <= seconds(LONGEST_DURATION):
            return None
        return f"{value} is out of range; {bounds}"

    rule = f"duration(self) >= duration('{least}') && duration(self) <= duration('{LONGEST_DURATION}')"
    return Form(
        what="a duration in h, m, s or ms, such as 30s, 10m or 1h30m",
        pattern=_DURATION,
        longest=32,
        guess=lambda number: f"{number}{usual}",
        refused=refused,
        cel=((rule, bounds),),
    )


def _percent(what: str, pattern: str) -> Form:
    def guess(number: str) -> str:
        value = Decimal(number)
        if not 0 < value < 1:
            return f"{number}%" if re.search(pattern, f"{number}%") else what
        whole = f"{(value * 100).normalize():f}%"
        return f"{whole}, or {number}% if that is meant" if re.search(pattern, f"{number}%") else whole

    return Form(what=what, pattern=pattern, longest=8, guess=guess)


WEIGHT = _percent("a share from 0% to 100% in tenths, such as 5% or 0.5%", r"^(100(\.0)?|[1-9]?[0-9](\.[0-9])?)%$")
SHARE = _percent(
    "a share above 0% and up to 100% in tenths, such as 5% or 0.5%",
    r"^(100(\.0)?|[1-9][0-9]?(\.[0-9])?|0\.[1-9])%$",
)
PERCENT = _percent(
    "a percentage from 0% to 100%, such as 0.1% or 99.95%", r"^(100(\.0{1,4})?|[1-9]?[0-9](\.[0-9]{1,4})?)%$"
)
CHANCE = _percent(
    "a percentage above 0% and below 100%, such as 5% or 0.2%",
    r"^([1-9][0-9]?(\.[0-9]{1,4})?|0\.(0{0,3}[1-9]|0{0,2}[1-9][0-9]|0?[1-9][0-9]{2}|[1-9][0-9]{3}))%$",
)

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_OBJECT = rf"{_LABEL}(\.{_LABEL})*"

LABEL = Form("a name of lower-case letters, digits and -, such as podinfo", rf"^{_LABEL}$", 63)
SERVICE = Form("the name of a Service, such as podinfo", r"^[a-z]([-a-z0-9]*[a-z0-9])?$", 63)
OBJECT = Form("the name of an object: lower-case letters, digits, - and ., such as podinfo", rf"^{_OBJECT}$", 253)
REFERENCE = Form("name or namespace/name, such as shop/podinfo", rf"^({_LABEL}/)?{_OBJECT}$", 317)
HOST = Form("a host name such as podinfo.example.com, *.example.com or *", rf"^(\*|(\*\.)?{_LABEL}(\.{_LABEL})*)$", 253)
ROUTE = Form("the name of an http route, without spaces around it", r"^\S(.*\S)?$", 128)
GROUP = Form(
    "the name of the group that approves, such as release-managers",
    r"^[A-Za-z0-9]([-A-Za-z0-9 ._:@/]*[A-Za-z0-9])?$",
    128,
)
