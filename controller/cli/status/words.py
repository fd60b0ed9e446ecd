"""Values of a status as people read them. Pure: the present moment is an argument, in epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Object = Mapping[str, Any]

IN_PROGRESS = frozenset({"Preparing", "Progressing", "Waiting", "Paused", "Promoting", "Baking"})
"""Phases in which a candidate wants to become stable."""
WRONG = frozenset({"Failed", "Invalid"})
"""Phases that somebody has to do something about."""
_STYLES = {
    "Idle": "green",
    "Failed": "bold red",
    "Invalid": "bold red",
    "RollingBack": "red",
    "HandingBack": "yellow",
    "Paused": "yellow",
    "Waiting": "yellow",
}
_VERDICTS = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}


def phase_style(phase: str) -> str:
    """The colour of a phase."""
    return _STYLES.get(phase, "cyan")


def verdict_style(verdict: str) -> str:
    """The colour of a verdict."""
    return _VERDICTS.get(verdict, "")


def status_of(release: Object) -> dict[str, Any]:
    """The status, empty while no controller has written one."""
    found = release.get("status")
    return dict(found) if isinstance(found, Mapping) else {}


def epoch(text: object) -> float | None:
    """Epoch seconds of an RFC 3339 time; None for anything else."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.timestamp() if moment and moment.tzinfo else None


def clock(moment: float) -> str:
    """The time of day in UTC, as the controller's own messages have it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S UTC")


def age(text: object, now: float) -> str:
    """How long ago, as kubectl says it: ``12s``, ``3m10s``, ``2h5m``, ``3d4h``; "" when that is not known."""
    moment = epoch(text)
    return "" if moment is None else duration(now - moment)


def duration(seconds: float) -> str:
    """The same for a number of seconds; less than nothing (two clocks) is ``0s``."""
    whole = max(0, round(seconds))
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return "".join(f"{number}{unit}" for number, unit in parts[:2] if number) or "0s"


def amount(value: object, limits: str) -> str:
    """A gate's value in the unit that its limits are written in, ``-`` without one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-"
    if "%" in limits:
        return f"{value * 100:.2f}".rstrip("0").rstrip(".") + "%"
    if limits.endswith("/s"):
        return f"{value:.3g}/s"
    if limits.startswith("p") and limits.endswith("s"):
        return f"{value * 1000:.4g}ms" if value < 1 else f"{value:.4g}s"
    return f"{value:.6g}"


def images(revision: Object, *, short: bool = False) -> str:
    """The images of a revision; ``short`` leaves registry and folders out."""
    found = [str(image) for image in revision.get("images") or ()]
    return ", ".join(image.rpartition("/")[2] if short else image for image in found)


def position(status: Object) -> str:
    """``1 of 2: 20%``, "" outside of a plan."""
    step = status.get("step") or {}
    count, index = step.get("count", 0), step.get("index", 0)
    if not count:
        return ""
    return f"all {count} passed: 100%" if index >= count else f"{index + 1} of {count}: {step.get('label', '')}"


def measured(status: Object) -> str:
    """``19.8% (45 of 227 requests)``, "" while nothing was measured."""
    found = (status.get("step") or {}).get("measured") or {}
    if not found.get("total"):
        return ""
    candidate, total = found["candidate"], found["total"]
    return f"{100 * candidate / total:.3g}% ({candidate:,} of {total:,} requests)"


def told(command: Object, now: float) -> str:
    """A handled command in one line: what, who, when, why, and whether it was ignored."""
    by = f" by {command['by']}" if command.get("by") else ""
    when = age(command.get("at"), now)
    text = f"{command.get('name', '')}{by}" + (f", {when} ago" if when else "")
    if command.get("reason"):
        text += f": {command['reason']}"
    return text + (f" (ignored: {command['ignored']})" if command.get("ignored") else "")
