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
    HANDING_BACK = "HandingBack"


class Verdict(StrEnum):
    """What one gate says."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the workload: its short hash, its Deployment, the images in the order of its containers.

    ``routable_since``: when its subset was first seen, without a gap since; None while it is not there.
    ``unrouted_since``: when no route was first seen to name it, without a gap since; None while one does.
    """

    name: str
    deployment: str = ""
    images: tuple[str, ...] = ()
    replicas: int = 0
    ready: int = 0
    routable_since: float | None = None
    unrouted_since: float | None = None


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
class Failing:
    """The candidate's newest look with requests, if more of them failed than of stable's: ``errors`` of ``requests``.

    ``missed``: stable's requests since, while the candidate got none.
    """

    errors: int
    requests: int
    missed: int = 0


@dataclass(frozen=True, slots=True)
class StepStatus:
    """The place in the plan.

    ``index`` counts from 0, ``count`` is the number of steps (at ``index == count`` everything goes to the candidate),
    ``label`` what people read ("5%"). ``target`` is the step whose capacity is asked for: ``index``, or the next one
    while its pods are being waited for. ``started``: when the step was decided; ``routed_since``: when the routes were
    first seen to ask for its traffic; ``in_effect_since``: when that was in effect, which is when its clock starts.
    ``looked_until``: the end of the last look that was judged.
    """

    index: int = 0
    count: int = 0
    label: str = ""
    target: int = 0
    started: float | None = None
    routed_since: float | None = None
    looked_until: float | None = None
    in_effect_since: float | None = None
    wanted: Weights | None = None
    measured: Measured | None = None
    mismatches_in_a_row: int = 0
    failing: Failing | None = None


@dataclass(frozen=True, slots=True)
class Unrouted:
    """Requests to the Service that no proxy found a pod for: neither revision's, so that no gate counts them.

    ``before``: per second, before the release's first weight. ``latest``: in the newest look. ``looks_in_a_row``: how
    many of the newest looks had far more than before; ``requests`` is what these had in ``seconds`` together.
    """

    before: float
    latest: float = 0.0
    looks_in_a_row: int = 0
    requests: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class GateStatus:
    """The last answer of one gate.

    ``value`` is in the gate's own unit (a ratio, seconds, requests per second), ``limits`` its bounds as text,
    ``sample`` the number of requests it rests on. While the requests seen are fewer than the gate needs they are
    pooled over looks: ``pool_requests``, and the ``pool_bad`` ones among them, counted since the last judgement.
    """

    name: str
    value: float | None = None
    limits: str = ""
    sample: int = 0
    verdict: Verdict = Verdict.INCONCLUSIVE
    reason: str = ""
    failures_in_a_row: int = 0
    pool_requests: float = 0.0
    pool_bad: float = 0.0


@dataclass(frozen=True, slots=True)
class HandledCommand:
    """The last command that was handled; ``cleared`` once its annotation was seen absent, so that it counts again.

    ``ignored`` says in one clause why it made no sense, "" when it was followed.
    """

    name: str
    by: str = ""
    reason: str = ""
    at: float | None = None
    ignored: str = ""
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


class Stage(StrEnum):
    """How far a Release that is being deleted has come; what each is for stands in core/decide/handback."""

    HOME = "Home"
    RESTORING = "Restoring"
    CLEARING = "Clearing"
    LEAVING = "Leaving"


@dataclass(frozen=True, slots=True)
class HandBack:
    """``ready_since``: since when all is there that the routes need to go back to the Service as a whole."""

    stage: Stage = Stage.HOME
    ready_since: float | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """Something of ours that somebody changed.

    ``subject`` and ``object`` say what it is ("VirtualService shop/podinfo"), ``what`` how it was found, ``manager`` by
    whom as managedFields tells, "" when that tells nobody. ``at``: when it was seen first; ``ended``: when it was seen
    to be as it was written again, or was changed once more; None while it is not.
    """

    subject: str
    object: str
    what: str = ""
    manager: str = ""
    at: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Timers:
    """Moments that later passes wait from or for.

    ``template_free_since``: when every route was first seen to name revisions only, so that the template's own pods
    get no more requests. ``progress_since``: the candidate's last progress towards readiness. ``routes_written``: when
    the routes were first seen to say the traffic that is wanted now, ``template_paused``: when the template was first
    seen paused: from then on, whatever says otherwise was changed by somebody.
    """

    template_free_since: float | None = None
    progress_since: float | None = None
    routes_written: float | None = None
    template_paused: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one Release.

    ``release`` numbers the releases from 1; 0 means that there was none. ``failed_generation`` is the template's
    generation that was rolled back, None without one. ``template_content`` and ``failed_content`` tell the
    configuration of those templates apart (a changed ConfigMap leaves the generation as it is). ``retiring`` are
    revisions that no route shall name any more and whose pods drain. ``floor`` is stable's count of replicas when the
    release began: it never has fewer until the release is over and what was before has drained or was let go.
    ``previous`` was stable before: it stays warm for a while, then its object stays without pods. ``revisions`` names
    those that still have objects. ``failed_name`` is the revision that was rolled back: its object stays, without pods,
    to tell it from a newer one; ``failed_reason`` (one word) and ``failed_message`` (one sentence) say why.
    ``unrouted`` is None until it is known what was usual before the release.
    ``paused``: by a command, beside the spec's own. ``accepted`` is the spec that is followed while a release is in
    progress, packed by ``controller.crd`` and opaque here. ``evidence`` belongs to core/analysis and is opaque here:
    what is written is its text, "" without any.
    ``drifts``: what somebody changed of ours, oldest first: all that is so now, and of routes and subsets what was so
    in the last minutes. ``hand_back`` is there once the Release is being deleted. ``replicas`` and ``selector`` serve
    the scale subresource.
    """

    observed_generation: int = 0
    template_generation: int = 0
    phase: Phase = Phase.IDLE
    phase_since: float | None = None
    release: int = 0
    stable: Revision | None = None
    candidate: Revision | None = None
    previous: Revision | None = None
    retiring: tuple[Revision, ...] = ()
    floor: int = 0
    template_content: str = ""
    failed_generation: int | None = None
    failed_content: str = ""
    failed_name: str = ""
    failed_reason: str = ""
    failed_message: str = ""
    paused: bool = False
    step: StepStatus | None = None
    gates: tuple[GateStatus, ...] = ()
    unrouted: Unrouted | None = None
    handled: HandledCommand | None = None
    approvals: tuple[Approval, ...] = ()
    conditions: tuple[Condition, ...] = ()
    message: str = ""
    evidence: object = ""
    accepted: str = ""
    timers: Timers = field(default_factory=Timers)
    drifts: tuple[Drift, ...] = ()
    hand_back: HandBack | None = None
    revisions: tuple[str, ...] = ()
    replicas: int = 0
    selector: str = ""

    @property
    def returning(self) -> bool:
        """Whether the candidate is the previous revision, which a person wants back: it takes no step of a release."""
        return self.candidate is not None and self.previous is not None and self.candidate.name == self.previous.name

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, None if it was never set."""
        return next((condition for condition in self.conditions if condition.type == kind), None)
