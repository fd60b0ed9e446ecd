"""The verdict of the comparison, with its numbers and in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from controller.core.analysis.forecast import expected, seconds_left
from controller.core.analysis.settings import AtStep, Settings
from controller.core.analysis.state import Bound, State, Track
from controller.core.analysis.words import bound, count, duration, percent, signed_percent
from controller.core.significance import SAFE_DISPERSION, Evidence, Excess, bounded_excess
from controller.core.status import GateStatus, Verdict

CAUTIOUS = f"Cautious until the next release, as if errors came {SAFE_DISPERSION:g} at a time"
"""What too short a history means for a release: each step needs so many times the requests."""

STALE = 4.0
"""Looks without a new one, after which nothing is passed any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One metric, at the bound that has most evidence of harm.

    ``bound``: slower than so many seconds; 0 for errors. Requests and bad ones of the release so far. ``excess``: the
    candidate's rate less stable's, as shares of requests. ``harm`` of ``harm_limit`` and ``good`` of ``good_limit``;
    ``good`` is the least over the metric's bounds. ``limits`` says in a few words what is tolerated, ``text`` what was
    found.
    """

    metric: str
    bound: float
    requests_c: float
    bad_c: float
    requests_b: float
    bad_b: float
    excess: Excess
    harm: float
    harm_limit: float
    good: float
    good_limit: float
    verdict: Verdict
    limits: str
    text: str

    @property
    def gate(self) -> GateStatus:
        """As it stands in the status of the Release; its value is the excess."""
        return GateStatus(
            name=self.metric,
            value=self.excess.estimate,
            limits=self.limits,
            sample=round(self.requests_c),
            verdict=self.verdict,
            reason=self.text,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict with what people want to know of it.

    ``reason`` is one plain sentence with its numbers, and one more where the release is cautious. ``harm`` is the
    weighted evidence of harm. ``seconds_left``: about how long until the step is shown to be good enough, at its
    traffic up to now and if the candidate is as good as stable; 0 when it is, None when unknown.
    """

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]
    harm: float
    harm_limit: float
    seconds_left: float | None


class Standing(NamedTuple):
    """What a report says before its numbers: while this stays the same, only they are newer.

    ``hold`` says why nothing can pass; ``metrics`` is the verdict of each of the settings' metrics.
    """

    verdict: Verdict
    hold: str
    metrics: tuple[Verdict, ...]


def standing(state: State, step: AtStep, now: float | None = None) -> Standing:
    """Where the comparison stands, at a fraction of the price of a report; with the same meaning of ``now``."""
    hold = "" if state.harmful else _hold(state, step, now)
    metrics = tuple([_verdict(state, track, step, bool(hold)) for track in state.tracks])
    if state.harmful:
        return Standing(Verdict.FAIL, "", metrics)
    passed = all(one is Verdict.PASS for one in metrics)
    return Standing(Verdict.PASS if passed else Verdict.INCONCLUSIVE, hold, metrics)


def _verdict(state: State, track: Track, step: AtStep, held: bool) -> Verdict:
    if state.harmful and track.harm(state.unlaid) >= state.settings.harm_limit:
        return Verdict.FAIL
    good = not held and bool(track.evidence) and state.step == step.index
    return Verdict.PASS if good and state.least_good(track) >= state.settings.good_limit else Verdict.INCONCLUSIVE


def verdict(state: State, step: AtStep, now: float | None = None) -> Verdict:
    """What the looks so far say about ``step``, the one that is in effect.

    FAIL: harmful. PASS: good enough for this step. INCONCLUSIVE: not enough evidence yet. With ``now`` (epoch seconds)
    looks that have stopped coming are noticed: they hold, as missing data does.
    """
    return standing(state, step, now).verdict


def report(state: State, step: AtStep, now: float | None = None) -> Report:
    """The verdict as above, in numbers and in a sentence, with a finding for every metric; costs several times as much.

    All findings pass exactly when the verdict does, and one of them fails exactly when it does.
    """
    stands = standing(state, step, now)
    findings = tuple(
        _finding(state, metric, track, step, value)
        for metric, track, value in zip(state.settings.metrics, state.tracks, stands.metrics, strict=True)
    )
    left = seconds_left(state) if state.step == step.index else expected(state, step.share)
    reason = _reason(state, step, stands, findings, left)
    return Report(stands.verdict, reason, findings, state.harm, state.settings.harm_limit, left)


def _reason(state: State, step: AtStep, stands: Standing, findings: tuple[Finding, ...], left: float | None) -> str:
    if stands.verdict is Verdict.FAIL:
        return harm_sentence(state, max(findings, key=lambda finding: finding.harm))
    if stands.verdict is Verdict.PASS:
        return f"The candidate is good enough for this step: {'; '.join(finding.text for finding in findings)}."
    waiting = [finding.metric for finding in findings if finding.verdict is not Verdict.PASS]
    said = stands.hold or f"Not enough evidence yet on {' and '.join(waiting)}."
    if left and state.step != step.index:
        said = f"This step needs about {duration(left)} at the present traffic."
    elif left and not (stands.hold and state.step_looks):
        said = f"{said[:-1]}: about {duration(left)} more at the present traffic."
    return f"{said} {CAUTIOUS}: {state.cautious}." if state.cautious else said


def _hold(state: State, step: AtStep, now: float | None) -> str:
    """Why nothing can pass, however good the evidence; "" when it can."""
    if state.missing:
        return f"There is no data: {state.missing}."
    if state.looks == 0 or state.step != step.index:
        return "No look at this step's traffic has been taken yet."
    if now is not None and not 0.0 <= now - state.end + state.settings.look <= (STALE + 1.0) * state.settings.look:
        if now < state.end:
            return "The last look ends in the future: the clock has gone back."
        return f"The last look is {duration(now - state.end)} old."
    for name, requests in (("candidate", state.tracks[0].step_c), ("stable", state.tracks[0].step_b)):
        if requests <= 0.0:
            return f"Nothing can be compared: {name} has had no requests in this step."
    for metric, track in zip(state.settings.metrics, state.tracks, strict=True):
        if track.missing:
            return f"There is no data on {metric}: {track.missing}."
    if state.step_looks == 0:
        return f"Warming up: the first {duration(state.settings.warm_up)} of a step do not count in its favour."
    return ""


def _finding(state: State, metric: str, track: Track, step: AtStep, value: Verdict) -> Finding:
    settings = state.settings
    worst = max(range(len(track.evidence)), key=lambda i: sum(track.evidence[i].harm), default=-1)
    evidence = track.evidence[worst] if worst >= 0 else Evidence()
    at = track.bounds[worst] if worst >= 0 else Bound(0.0, 0.0, 1.0)
    found = bounded_excess(
        evidence.paired_c,
        evidence.paired_b,
        evidence.squared_b,
        track.pairs,
        phi=at.phi,
        alpha=settings.compare.false_alarm,
    )
    good = state.least_good(track) if worst >= 0 and state.step == step.index else 1.0
    harm = track.harm(state.unlaid)
    name = f"slower than {bound(at.at)}" if at.at else metric
    text = (
        f"{name} {signed_percent(found.estimate)} (between {signed_percent(found.lower)} and "
        f"{signed_percent(found.upper)}), {count(track.requests_c)} requests"
    )
    return Finding(
        metric=metric,
        bound=at.at,
        requests_c=track.requests_c,
        bad_c=evidence.bad_c,
        requests_b=track.requests_b,
        bad_b=evidence.bad_b,
        excess=found,
        harm=harm,
        harm_limit=settings.harm_limit / settings.weight,
        good=good,
        good_limit=settings.good_limit,
        verdict=value,
        limits=f"at most {_tolerated(settings, metric)}",
        text=text if track.pairs else track.missing or "nothing could be compared yet",
    )


def _tolerated(settings: Settings, metric: str) -> str:
    tolerance = settings.tolerance(metric)
    return f"{tolerance.relative:g} times stable's share plus {percent(tolerance.absolute)}"


def harm_sentence(state: State, worst: Finding) -> str:
    """The one sentence of an abort: both samples, what is tolerated, and how sure it is."""
    what = f"took longer than {bound(worst.bound)}" if worst.bound else "failed"
    share_c = worst.bad_c / worst.requests_c if worst.requests_c else 0.0
    share_b = worst.bad_b / worst.requests_b if worst.requests_b else 0.0
    return (
        f"{count(worst.bad_c)} of {count(worst.requests_c)} requests to the candidate {what} ({percent(share_c)}), "
        f"{count(worst.bad_b)} of {count(worst.requests_b)} to stable ({percent(share_b)}) over the same "
        f"{duration(state.end - state.began)}; tolerated is {_tolerated(state.settings, worst.metric)}, and the chance "
        f"of a false alarm is below {percent(state.settings.compare.false_alarm)}."
    )
