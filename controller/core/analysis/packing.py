"""The state as one versioned string for the status of a Release, and back.

Nineteen numbers per metric and bound, of nine digits: seven products of harm, two of good-enough, seven counts, and
three that say what the bound is. The longest possible string, with all bounds that are ever tested, stays below 4 KiB.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from controller.core.analysis.judge import Standing
from controller.core.analysis.settings import Settings
from controller.core.analysis.state import Bound, State, Track
from controller.core.significance import Evidence

VERSION = 2
MOST_BYTES = 4096
MOST_REASON = 80
"""Characters that are kept of a reason why data was missing."""

_HARM, _GOOD = len(Evidence().harm), len(Evidence().good)
_COUNTS = Evidence._fields[2:]
_PER_BOUND = len(Bound._fields) + _HARM + _GOOD + len(_COUNTS)
_TRACK_NUMBERS = ["requests_c", "requests_b", "pairs", "recent", "step_c", "step_b"]
_STATE_NUMBERS = ["looks", "step", "share", "step_looks", "step_seconds", "unlaid", "harmful"]
_WHOLE = {"looks", "step", "step_looks"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A state in the status: written out only when that is. ``told``: where it stood when people were told last."""

    state: State
    told: Standing | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return pack(self.state)


def pack(state: State) -> str:
    """The state as JSON, at most 4 KiB; the settings are not in it, they are the Release's."""
    tracks = ",".join([_track_text(track) for track in state.tracks])
    times = f"[{state.end:.3f},{state.began:.3f}]"
    numbers = _numbers([getattr(state, name) for name in _STATE_NUMBERS])
    words = f'"m":{_text(state.missing)},"h":{_text(state.cautious)}'
    return f'{{"v":{VERSION},"t":{times},"n":{numbers},{words},"tracks":[{tracks}]}}'


def _track_text(track: Track) -> str:
    rows = [_numbers([*bound, *e.harm, *e.good, *e[2:]]) for bound, e in zip(track.bounds, track.evidence, strict=True)]
    numbers = _numbers([getattr(track, name) for name in _TRACK_NUMBERS])
    return f'{{"n":{numbers},"b":[{",".join(rows)}],"m":{_text(track.missing)}}}'


def _numbers(values: Iterable[float]) -> str:
    """Nine significant digits each; much faster than the json module, which would write all seventeen."""
    return f"[{','.join([f'{value:.9g}' for value in values])}]"


def _text(reason: str) -> str:
    return json.dumps(reason[:MOST_REASON])


def unpack(settings: Settings, text: str) -> State:
    """The state that ``pack`` wrote. Raises ValueError, saying what is wrong, for anything else."""
    try:
        found = json.loads(text)
        if found["v"] != VERSION:
            raise ValueError(f"it has version {found['v']}, this program reads {VERSION}")
        if len(found["tracks"]) != len(settings.metrics):
            raise ValueError(f"it has {len(found['tracks'])} metrics, the Release compares {len(settings.metrics)}")
        tracks = tuple(_read_track(track) for track in found["tracks"])
        end, began = _read(found["t"], 2)
        numbers: dict[str, Any] = dict(zip(_STATE_NUMBERS, _read(found["n"], len(_STATE_NUMBERS)), strict=True))
        numbers.update({name: int(numbers[name]) for name in _WHOLE}, harmful=bool(numbers["harmful"]))
        return State(settings, tracks, end, began, missing=str(found["m"]), cautious=str(found["h"]), **numbers)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the evidence in the status cannot be read: {error}") from error


def _read(values: object, length: int) -> list[float]:
    if not isinstance(values, list) or len(values) != length:
        raise ValueError(f"a list is not of {length} numbers")
    read = [float(value) for value in values]
    if not all(isfinite(value) for value in read):
        raise ValueError("a number is not finite")
    return read


def _read_track(found: dict[str, Any]) -> Track:
    bounds, evidence = [], []
    for row in found["b"]:
        n = _read(row, _PER_BOUND)
        at, rate, phi, *rest = n
        counts: dict[str, Any] = dict(zip(_COUNTS, rest[_HARM + _GOOD :], strict=True))
        counts["streak"] = int(counts["streak"])
        bounds.append(Bound(at, rate, phi))
        evidence.append(Evidence(tuple(rest[:_HARM]), tuple(rest[_HARM : _HARM + _GOOD]), **counts))
    numbers = _read(found["n"], len(_TRACK_NUMBERS))
    return Track(
        tuple(bounds), tuple(evidence), missing=str(found["m"]), **dict(zip(_TRACK_NUMBERS, numbers, strict=True))
    )
