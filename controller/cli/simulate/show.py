"""What a simulation found, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from controller.cli.plan.explain import length
from controller.cli.simulate.summary import Caught, Times, at_most, caught, step_times, typical
from controller.cli.simulate.work import HEALTHY
from controller.core.plan import percent, plan
from controller.core.release import ApprovalStep, PrometheusLimit, Release
from controller.simulate.assumed import Fault
from controller.simulate.runs import Outcome, Source

_BARS = " ▁▂▃▄▅▆▇█"
_WIDE = 60
_LONG = 12


@dataclass(frozen=True)
class Simulated:
    """What was simulated and what came out, by fault. ``traffic`` says in words what was assumed."""

    release: Release
    source: Source
    traffic: str
    runs: int
    seed: str
    found: Mapping[Fault, Sequence[Outcome]]

    @property
    def healthy(self) -> Sequence[Outcome]:
        return self.found[HEALTHY]

    @property
    def faults(self) -> list[Caught]:
        """The figures of every fault."""
        return [caught(fault, found, self.source) for fault, found in self.found.items() if not fault.none]


def text(out: Console, it: Simulated) -> None:
    """How long it takes, what it would catch, and what nobody can simulate."""
    out.print(Text.assemble((f"Release {it.release.ref}", "bold"), f" with {it.traffic}"))
    out.print(Text(f"{it.runs} simulated releases of each kind, seed {it.seed}", "dim"))
    out.print()
    _healthy(out, it)
    out.print()
    _faults(out, it)
    for sentence in notes(it.release):
        out.print(Text(sentence, "dim"))


def _healthy(out: Console, it: Simulated) -> None:
    outcomes = it.healthy
    back, held = sum(bool(one.reason) for one in outcomes), sum(one.held for one in outcomes)
    out.print(Text("A version as good as stable", "bold"))
    times = step_times(outcomes, len(plan(it.release)))
    longest = max((one.p90 for one in times if one), default=1.0)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("", "step", "median", "9 of 10", ""):
        table.add_column(title, justify="left" if title in ("step", "") else "right")
    for number, (step, time) in enumerate(zip(plan(it.release), times, strict=True), 1):
        if time is None:
            table.add_row(f"{number}", step.label, "never left", "", "")
        elif step.approval:
            table.add_row(f"{number}", step.label, "-", "-", "")
        else:
            bar = "█" * max(1, round(_LONG * time.median / longest))
            more = "░" * (round(_LONG * time.p90 / longest) - len(bar))
            table.add_row(f"{number}", step.label, length(time.median), length(time.p90), Text(bar + more, "green"))
    out.print(table)
    whole = Times.of([one.seconds for one in outcomes if not one.reason and not one.held])
    if whole:
        out.print(f"  promoted after {length(whole.median)} (median), {length(whole.p90)} (9 of 10)")
        out.print(Text(f"  weight  {sparkline(typical(outcomes))}", "green"))
    wrong = f"{_share(back / len(outcomes))}, at most {_share(at_most(back, len(outcomes)))} with 95% confidence"
    out.print(f"  rolled back by mistake: {wrong}")
    if held:
        where = min(len(one.steps) for one in outcomes if one.held)
        label = plan(it.release)[where].label
        out.print(f"  left waiting for evidence: {_share(held / len(outcomes))}, first at step {where + 1} ({label})")


def _faults(out: Console, it: Simulated) -> None:
    out.print(Text("A version that is worse", "bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("", "caught", "", "median", "9 of 10", "users met it", "by"):
        table.add_column(title, justify="left" if title in ("", "by") else "right", no_wrap=title != "by")
    for one in it.faults:
        bar = "█" * round(10 * one.caught)
        after = (length(one.after.median), length(one.after.p90)) if one.after else ("-", "-")
        colour = "green" if one.caught >= 0.95 else "yellow" if one.caught >= 0.5 else "red"
        gates = ", ".join(one.gates[:2]) or "-"
        table.add_row(name(one.fault), _share(one.caught), Text(f"{bar:<10}", colour), *after, _count(one.met), gates)
    out.print(table)


def name(fault: Fault) -> str:
    """A fault in words."""
    return f"+{fault.errors * 100:g}% errors" if fault.errors else f"{fault.slower:g}x as slow"


def sparkline(outcome: Outcome, width: int = _WIDE) -> str:
    """The candidate's weight over the time of one release, in eighths of all requests."""
    ends = max(outcome.seconds, 1.0)
    signs = []
    for column in range(width):
        moment = (column + 0.5) * ends / width
        share = next((share for at, share in reversed(outcome.shares) if at <= moment), 0)
        signs.append(_BARS[max(1, round(share * 8 / 1000)) if share else 0])
    return "".join(signs)


def notes(release: Release) -> list[str]:
    """What was left out, a sentence each."""
    found = ["Users met it: requests that failed more, or were slower, until all of them were home again."]
    own = [one.name for one in release.gates.limits if isinstance(one.check, PrometheusLimit)]
    if own:
        found.append(f"Queries of your own ({', '.join(own)}) are taken to pass: nobody knows what they would say.")
    if any(isinstance(step, ApprovalStep) for step in release.strategy.steps):
        found.append("Approvals are given at once.")
    found.append("Pods are ready at once.")
    return found


def as_json(it: Simulated) -> dict[str, Any]:
    """Everything, with times in seconds and shares between 0 and 1."""
    outcomes, steps = it.healthy, plan(it.release)
    back = sum(bool(one.reason) for one in outcomes)
    times = step_times(outcomes, len(steps))
    return {
        "namespace": it.release.namespace,
        "name": it.release.name,
        "traffic": {"text": it.traffic, "requestsPerSecond": it.source.rate, "errors": it.source.errors},
        "runs": it.runs,
        "seed": it.seed,
        "healthy": {
            "rolledBack": back / len(outcomes),
            "rolledBackAtMost": at_most(back, len(outcomes)),
            "held": sum(one.held for one in outcomes) / len(outcomes),
            "seconds": _times(Times.of([one.seconds for one in outcomes if not one.reason and not one.held])),
            "steps": [
                {"label": step.label, "share": step.weight / 1000, "seconds": _times(time)}
                for step, time in zip(steps, times, strict=True)
            ],
            "weights": [[at, share / 1000] for at, share in typical(outcomes).shares],
        },
        "faults": [_json_fault(one) for one in it.faults],
        "notes": notes(it.release),
    }


def _json_fault(one: Caught) -> dict[str, Any]:
    return {
        "errors": one.fault.errors,
        "slower": one.fault.slower,
        "caught": one.caught,
        "held": one.held,
        "seconds": _times(one.after),
        "usersMet": one.met,
        "gates": list(one.gates),
    }


def _times(times: Times | None) -> dict[str, float] | None:
    return {"median": times.median, "p90": times.p90} if times else None


def _share(share: float) -> str:
    return percent(round(share * 1000))


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"
