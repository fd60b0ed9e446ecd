"""What we wrote down last time: the only memory that decisions have.

Times are epoch seconds, kept to the millisecond on the wire (``controller.crd.status_to_wire``). Every field has its
initial state as default, so that a Release never seen before and a status that lost a field read alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from controller.core.traffic import Weights


class Phase(StrEnum):
    """Where a release stands; the transitions are in core/decide.py."""

    IDLE = "Idle"
    PREPARING = "Preparing"
    PROGRESSING = "Progressing"
    WAITING = "Waiting"
    PAUSED = "Paused"
    PROMOTING = "Promoting"
    BAKING = "Baking"
    ROLLING_BACK = "RollingBack"
    FAILED = "Failed"
    INVALID = "Invalid"


class Verdict(StrEnum):
    """What one gate says."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the workload: its short hash, its Deployment, the images in the order of its containers."""

    name: str
    deployment: str = ""
    images: tuple[str, ...] = ()
    replicas: int = 0
    ready: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What the mesh really sent: ``candidate`` of ``total`` requests, since the present weights were asked for."""

    candidate: int
    total: int

    @property
    def share(self) -> float:
        """A ratio between 0 and 1; 0 without requests."""
        return self.candidate / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class StepStatus:
    """The place in the plan.

    ``index`` counts from 0, ``count`` is the number of steps, ``label`` what people read ("5%"). ``started``: when the
    step was decided; ``in_effect_since``: when its traffic was first seen in effect, which is when its clock starts.
    """

    index: int = 0
    count: int = 0
    label: str = ""
    started: float | None = None
    in_effect_since: float | None = None
    wanted: Weights | None = None
    measured: Measured | None = None
    mismatches_in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class GateStatus:
    """The last answer of one gate.

    ``value`` is in the gate's own unit (a ratio, seconds, requests per second), ``limits`` its bounds as text,
    ``sample`` the number of requests it rests on.
    """

    name: str
    value: float | None = None
    limits: str = ""
    sample: int = 0
    verdict: Verdict = Verdict.INCONCLUSIVE
    reason: str = ""
    failures_in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class HandledCommand:
    """The last command that was handled; ``cleared`` once its annotation was seen absent, so that it counts again."""

    name: str
    by: str = ""
    reason: str = ""
    at: float | None = None
    cleared: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that was given to the step with this index."""

    step: int
    by: str = ""
    reason: str = ""
    at: float | None = None


class Truth(StrEnum):
    """The status of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in the sense of Kubernetes; ``since`` is its last transition."""

    type: str
    status: Truth = Truth.UNKNOWN
    reason: str = "Unknown"
    message: str = ""
    since: float | None = None
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class Timers:
    """Moments that later passes wait from or for.

    ``routes_home_since``: when every route was first seen without the candidate. ``drain_until``: until then pods that
    left the routes stay. ``progress_since``: the candidate's last progress towards readiness.
    """

    routes_home_since: float | None = None
    drain_until: float | None = None
    progress_since: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one Release.

    ``release`` numbers the releases from 1; 0 means that there was none. ``failed_generation`` is the template's
    generation that was rolled back, None without one. ``revisions`` names those that still have objects. ``evidence``
    belongs to core/analysis.py and is opaque here. ``replicas`` and ``selector`` serve the scale subresource.
    """

    observed_generation: int = 0
    template_generation: int = 0
    phase: Phase = Phase.IDLE
    phase_since: float | None = None
    release: int = 0
    stable: Revision | None = None
    candidate: Revision | None = None
    previous: Revision | None = None
    failed_generation: int | None = None
    step: StepStatus | None = None
    gates: tuple[GateStatus, ...] = ()
    handled: HandledCommand | None = None
    approvals: tuple[Approval, ...] = ()
    conditions: tuple[Condition, ...] = ()
    message: str = ""
    evidence: str = ""
    timers: Timers = field(default_factory=Timers)
    revisions: tuple[str, ...] = ()
    replicas: int = 0
    selector: str = ""

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, None if it was never set."""
        return next((condition for condition in self.conditions if condition.type == kind), None)
