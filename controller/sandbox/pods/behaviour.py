"""How a pod's app behaves: read from its image's tag, then its environment, then the switch over HTTP. Pure.

The tag is ``<version>`` followed by any of these words, each with a ``-`` before it; others belong to the version:

==================  =====================================================================================
``errors-5``        5 % of the requests fail (``errors-0.5`` too), spread evenly, exact in every hundred
``status-503``      with that status instead of 500
``slow-200ms``      every request takes so long (``ms``, ``s``, ``m``)
``every-10``        with ``slow``: only every tenth does
``unready``         never ready
``ready-after-2s``  ready so long after its start
``refuse``          ready, but connections are refused
``hang``            connections are taken, no request is answered
``crash``           ends with status 1 at once, again and again
``crash-after-5s``  ends with status 1 after so long
``missing``         the image cannot be pulled
``exit-3``          ends with that status (a Job's pod ends with 0 unless told)
``after-2s``        with ``exit``: after so long
==================  =====================================================================================

So ``podinfo:v3-errors-5``, ``podinfo:v2-slow-200ms-every-10``, ``job:v1-exit-1-after-500ms``.

The environment says more and wins: DEMO_ERROR_EVERY (every n-th request fails), DEMO_ERROR_STATUS, DEMO_LATENCY
(``200ms``), DEMO_LATENCY_EVERY, DEMO_READY_AFTER, DEMO_UNREADY, DEMO_REFUSE, DEMO_HANG, DEMO_EXIT (a status),
DEMO_EXIT_AFTER, DEMO_DRAIN (how long it still takes requests after SIGTERM).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

DEFAULT_READY_AFTER = 0.1
DEFAULT_DRAIN = 0.5
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}
_DURATION = r"(\d+(?:\.\d+)?(?:ms|s|m))"
_NUMBER = r"(\d+(?:\.\d+)?)"


@dataclass(frozen=True)
class Behaviour:
    """What one container does. Times in seconds.

    ``error_share`` of the requests are answered with ``status``; ``error_every`` n (0: none) makes it every n-th.
    ``latency`` is added to every ``slow_every``-th request. ``exit_after`` (None: never) ends the container with
    ``exit_code``. ``missing``: its image cannot be pulled.
    """

    error_share: Fraction = Fraction(0)
    error_every: int = 0
    status: int = 500
    latency: float = 0.0
    slow_every: int = 1
    ready_after: float = DEFAULT_READY_AFTER
    unready: bool = False
    refuse: bool = False
    hang: bool = False
    missing: bool = False
    exit_after: float | None = None
    exit_code: int = 0
    drain: float = DEFAULT_DRAIN

    def fails(self, number: int) -> bool:
        """Whether the request of this number (counted from 1) is one that fails."""
        if self.error_every:
            return number % self.error_every == 0
        share = self.error_share
        return bool(share) and int(number * share) > int((number - 1) * share)

    def delay(self, number: int) -> float:
        """Seconds that the request of this number waits."""
        return self.latency if self.latency and number % max(1, self.slow_every) == 0 else 0.0


def seconds(text: str) -> float:
    """``200ms``, ``2s``, ``1m`` or a plain number of seconds. Raises ValueError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|)", text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a duration; write it like 200ms, 2s or 1m")
    return float(found[1]) * _UNITS[found[2]]


def split_image(image: str) -> tuple[str, str]:
    """The repository and the tag (``latest`` without one; the first signs of a digest)."""
    repository, _, digest = image.partition("@")
    head, colon, tag = repository.rpartition(":")
    if colon and "/" not in tag:
        return head, tag
    return repository, digest.removeprefix("sha256:")[:12] or "latest"


def from_tag(tag: str) -> Behaviour:
    """The behaviour that an image's tag asks for."""

    def word(pattern: str) -> str | None:
        found = re.search(rf"-{pattern}(?=-|$)", tag)
        return None if found is None else (found[1] if found.re.groups else found[0])

    result = Behaviour()
    if share := word(f"errors-{_NUMBER}"):
        result = replace(result, error_share=min(Fraction(share) / 100, Fraction(1)))
    if status := word(r"status-(\d{3})"):
        result = replace(result, status=int(status))
    if slow := word(f"slow-{_DURATION}"):
        result = replace(result, latency=seconds(slow), slow_every=int(word(r"every-(\d+)") or 1))
    if after := word(f"ready-after-{_DURATION}"):
        result = replace(result, ready_after=seconds(after))
    if code := word(r"exit-(\d{1,3})"):
        result = replace(result, exit_code=int(code), exit_after=0.0)
        if job := re.search(rf"(?<!ready)(?<!crash)-after-{_DURATION}(?=-|$)", tag):
            result = replace(result, exit_after=seconds(job[1]))
    if word("crash"):
        after = word(f"crash-after-{_DURATION}")
        result = replace(result, exit_code=1, exit_after=seconds(after) if after else 0.0)
    return replace(
        result,
        unready=word("unready") is not None,
        refuse=word("refuse") is not None,
        hang=word("hang") is not None,
        missing=word("missing") is not None,
    )


_TRUE = {"1", "true", "yes", "on"}


def _flag(text: str) -> bool:
    return text.strip().lower() in _TRUE


_VARIABLES: dict[str, tuple[str, Any]] = {
    "DEMO_ERROR_EVERY": ("error_every", int),
    "DEMO_ERROR_STATUS": ("status", int),
    "DEMO_LATENCY": ("latency", seconds),
    "DEMO_LATENCY_EVERY": ("slow_every", int),
    "DEMO_READY_AFTER": ("ready_after", seconds),
    "DEMO_UNREADY": ("unready", _flag),
    "DEMO_REFUSE": ("refuse", _flag),
    "DEMO_HANG": ("hang", _flag),
    "DEMO_EXIT": ("exit_code", int),
    "DEMO_EXIT_AFTER": ("exit_after", seconds),
    "DEMO_DRAIN": ("drain", seconds),
}


def from_environment(base: Behaviour, environment: Mapping[str, str]) -> tuple[Behaviour, list[str]]:
    """``base`` as the variables change it, and a sentence for each that cannot be read (it is left out)."""
    changes: dict[str, Any] = {}
    problems = []
    for variable, (field, read) in _VARIABLES.items():
        text = environment.get(variable, "")
        if not text.strip():
            continue
        try:
            changes[field] = read(text)
        except ValueError as error:
            problems.append(f"{variable}: {error}")
    if "exit_code" in changes:
        changes.setdefault("exit_after", base.exit_after or 0.0)
    if "error_every" in changes:
        changes["error_share"] = Fraction(0)
    return replace(base, **changes), problems


# What the switch takes, as people write it in JSON, and what it sets.
_SWITCH: dict[str, tuple[str, type, float]] = {
    "errorEvery": ("error_every", int, 1),
    "status": ("status", int, 1),
    "latencyMs": ("latency", float, 0.001),
    "slowEvery": ("slow_every", int, 1),
    "readyAfterMs": ("ready_after", float, 0.001),
    "drainMs": ("drain", float, 0.001),
    "unready": ("unready", bool, 1),
    "refuse": ("refuse", bool, 1),
    "hang": ("hang", bool, 1),
    "missing": ("missing", bool, 1),
}
DIE = "die"


def check_switch(body: Mapping[str, Any]) -> None:
    """Raises ValueError, naming the field, for a body that the switch does not take."""
    for key, value in body.items():
        if key == DIE:
            kind: type = bool
        elif key in _SWITCH:
            kind = _SWITCH[key][1]
        else:
            raise ValueError(f"{key}: unknown; the switch takes {', '.join([*_SWITCH, DIE])}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = isinstance(value, bool) if kind is bool else number and (kind is float or value == int(value))
        if not fits or value < 0:
            what = "true or false" if kind is bool else f"a number, 0 or more{', whole' if kind is int else ''}"
            raise ValueError(f"{key}: must be {what}, not {value!r}")


def from_switch(base: Behaviour, body: Mapping[str, Any]) -> Behaviour:
    """``base`` as a body that :func:`check_switch` let pass changes it."""
    changes: dict[str, Any] = {}
    for key, value in body.items():
        if key != DIE:
            field, kind, unit = _SWITCH[key]
            changes[field] = value if kind is bool else kind(value * unit)
    if "error_every" in changes:
        changes["error_share"] = Fraction(0)
    return replace(base, **changes)


def describe(behaviour: Behaviour) -> dict[str, Any]:
    """What differs from an app without fault, in the switch's words where it has one."""
    plain = Behaviour()
    words = {field: (key, unit) for key, (field, _, unit) in _SWITCH.items()}
    result: dict[str, Any] = {}
    for field in fields(Behaviour):
        value = getattr(behaviour, field.name)
        if value == getattr(plain, field.name):
            continue
        key, unit = words.get(field.name, (field.name, 1))
        result[key] = float(value / unit) if isinstance(value, float | Fraction) else value
    return result
