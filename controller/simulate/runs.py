"""Many releases of one kind: how long each took, and how many were rolled back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Protocol

from controller.core.plan import plan
from controller.core.release import Command, CommandName, Release
from controller.core.status import Phase, Status
from controller.simulate.assumed import Fault
from controller.simulate.play import Play, Traffic
from controller.simulate.values import STABLE, ValueCluster, at_rest

START = 1_700_000_000.0


class Source(Protocol):
    """Where traffic comes from: assumed or recorded. ``rate``: requests a second; ``errors``: the share of bad ones."""

    @property
    def rate(self) -> float: ...

    @property
    def errors(self) -> float: ...

    def traffic(self, fault: Fault, rng: Random) -> Traffic:
        """One release's traffic."""
        ...


@dataclass(frozen=True)
class Outcome:
    """One release. ``reason``: the word of its rollback, "" without one. ``gate``: whose word it was. ``seconds``: from
    its first request to the end, or to the rollback. ``exposure``: seconds of everybody's requests that the candidate
    had got when requests were home again. ``steps``: how long each step took that it left. ``held``: it would wait for
    evidence on and on, at step ``len(steps)``. ``shares``: (second, per mille) of each change.
    """

    reason: str
    gate: str
    seconds: float
    exposure: float
    steps: tuple[float, ...]
    held: bool
    shares: tuple[tuple[float, int], ...]


def outcomes(release: Release, source: Source, fault: Fault, seeds: range, seed: str) -> list[Outcome]:
    """The releases of these numbers; number, fault and ``seed`` make the same release again."""
    return [_one(release, source, fault, Random(f"{seed}/{fault}/{number}")) for number in seeds]


def _one(release: Release, source: Source, fault: Fault, rng: Random) -> Outcome:
    cluster = ValueCluster(now=START)
    play = Play(replace(release, paused=False), cluster, source.traffic(fault, rng), at_rest(release, START), START)
    entered: dict[int, float] = {}
    held = False
    while True:
        status = play.status
        if status.phase in (Phase.ROLLING_BACK, Phase.FAILED) or _promoted(status) or held:
            break
        if status.step is not None and status.step.in_effect_since is not None:
            entered.setdefault(status.step.index, status.step.started or play.now)
        held = _holds(play)
        play.turn(_word(status))
    return _outcome(play, cluster, entered, held)


def _outcome(play: Play, cluster: ValueCluster, entered: dict[int, float], held: bool) -> Outcome:
    ended = play.now
    first = next((at for at, share in cluster.shares if share), ended)
    failed = play.status.phase in (Phase.ROLLING_BACK, Phase.FAILED)
    home = ended + (play.release.traffic.propagation if failed else 0.0)
    times = [entered[index] for index in sorted(entered)]
    lengths = [after - before for before, after in pairwise(times)]
    if not failed and not held and times:
        lengths.append(ended - times[-1])
    return Outcome(
        reason=play.status.failed_reason if failed else "",
        gate=_gate(play.status) if failed else "",
        seconds=ended - first,
        exposure=_exposure(cluster.shares, home),
        steps=tuple(lengths),
        held=held,
        shares=tuple((at - first, share) for at, share in cluster.shares),
    )


def _exposure(shares: list[tuple[float, int]], end: float) -> float:
    ends = [at for at, _ in shares[1:]] + [end]
    # The last entry may be the way home itself: until the mesh has learned of it the share before it holds.
    found, before = 0.0, 0
    for (begin, share), until in zip(shares, ends, strict=True):
        found += (until - begin) * max(share, before if share == 0 else 0) / 1000
        before = share
    return found


def _promoted(status: Status) -> bool:
    return status.stable is not None and status.stable.name != STABLE


def _holds(play: Play) -> bool:
    """Whether a step has waited for evidence for as long again as its deadline allows."""
    step, steps = play.status.step, plan(play.release)
    if step is None or step.in_effect_since is None or step.index >= len(steps):
        return False
    longest = max(play.release.gates.step_deadline, steps[step.index].duration)
    return play.now - step.in_effect_since > 2 * longest + 60.0


def _gate(status: Status) -> str:
    """The gate that a rollback's message names: the comparison's own, or a limit."""
    if status.failed_reason == "Harmful":
        return "comparison"
    worst = max(status.gates, key=lambda gate: gate.failures_in_a_row, default=None)
    return worst.name if worst is not None and worst.failures_in_a_row else status.failed_reason


def _word(status: Status) -> Command | None:
    """Whoever is asked approves, at once."""
    step = status.step
    if status.phase is not Phase.WAITING or step is None or step.in_effect_since is None:
        return None
    return None if any(one.step == step.index for one in status.approvals) else Command(CommandName.APPROVE, "nobody")
