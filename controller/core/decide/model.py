"""What goes into a decision beside the Release and its status, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.core.limits import Value
from controller.core.observed import History, Look
from controller.core.release import Command, Release
from controller.core.seen import Difference, RoutesSeen, WorkloadSeen
from controller.core.status import Status
from controller.core.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Judged:
    """One look, and the answers to the limits' own queries at its end, by the name of the limit.

    ``skew``: seconds by which the provider's clock was ahead of ours, None where it did not say.
    """

    look: Look
    values: Mapping[str, Value] = field(default_factory=dict)
    skew: float | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything a pass saw. ``now`` in epoch seconds; it is the only clock that a decision has.

    ``looks``: those that ended since ``status.step.looked_until``, oldest first. ``problems``: why the Release cannot
    be followed as it stands, one sentence each with the remedy; a release in progress is held meanwhile (holds.py).
    ``blind``: nothing else could be seen, since no spec is known that would say where to look.
    ``edited``: a newer spec than the one that is followed (edits.py). ``lag``: seconds after
    its end until a look can be asked for. ``history``: stable's looks of the last half hour, when a comparison is about
    to begin; None when they were not asked for. ``differences``: what others changed since it was written.
    ``unrouted_before``: requests per second to the Service that no proxy found a pod for, before the release; None when
    it was not asked for, or nobody answered.
    ``mended``: objects (as ``Difference.object``) that the last pass wrote, and that answered: whatever is different
    there now was changed after that. ``failures``: what the last pass could not write. ``settled`` is about a
    Release that is being deleted: whether the last pass had nothing left to write in its stage.
    """

    now: float
    workload: WorkloadSeen
    routes: RoutesSeen
    command: Command | None = None
    looks: tuple[Judged, ...] = ()
    problems: tuple[str, ...] = ()
    blind: bool = False
    edited: Release | None = None
    lag: float = 0.0
    history: History | None = None
    differences: tuple[Difference, ...] = ()
    unrouted_before: float | None = None
    mended: frozenset[str] = frozenset()
    settled: bool = False
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that people want to know, recorded once when it happens. ``warning``: it needs somebody's attention."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write down, then to do.

    ``wanted`` None: touch nothing. ``follow``: from the next pass on the edited spec is followed. ``after``: seconds
    until a timer needs the next pass, None when only a change does. ``done``: the Release is being deleted and has
    nothing any more that would have to be handed back.
    """

    status: Status
    wanted: Wanted | None
    events: tuple[Event, ...] = ()
    after: float | None = None
    done: bool = False
    follow: bool = False
