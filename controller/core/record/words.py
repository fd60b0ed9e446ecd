"""The sentence that says what became of a release."""

from __future__ import annotations

from controller.core.record.model import SENTENCE, Outcome, Record, cut


def span(seconds: float) -> str:
    """A length of time with its two greatest units: ``2d3h``, ``12m30s``, ``7s``."""
    rest = max(0, round(seconds))
    parts: list[tuple[str, int]] = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count or (unit == "s" and not parts):
            parts.append((unit, count))
    return "".join(f"{count}{unit}" for unit, count in parts[:2])


def summary(record: Record, why: str) -> str:
    """What became of it, how long it took and how many requests that rests on. ``why``: one clause, "" without one."""
    assert record.ended is not None
    took = span(record.ended - record.started)
    what = str(record.candidate)
    match record.outcome:
        case Outcome.ADOPTED:
            return cut(f"the Deployment was adopted as revision {what} in {took}", SENTENCE)
        case Outcome.PROMOTED:
            text = f"{what} was promoted in place of {record.stable} after {took}"
        case Outcome.ROLLED_BACK:
            text = f"{what} was rolled back after {took}"
        case Outcome.SUPERSEDED:
            text = f"{what} gave way to another version after {took}"
        case Outcome.REVERTED:
            text = f"{what} was taken out after {took}: the Deployment is what stable is again"
        case Outcome.IN_PROGRESS:
            raise ValueError("a release in progress has no end to tell of")
    if record.requests:
        counted = (
            f"{record.requests:,} requests were judged, {record.candidate_requests:,} of them at {what.split()[0]}"
        )
        text = f"{text}; {counted}"
    return cut(f"{text}: {why}" if why else text, SENTENCE)
