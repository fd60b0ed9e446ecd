"""The models of the status, each beside its dataclass in ``controller.core.status``, field by field."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from controller.core import status as core
from controller.crd.status.model import StatusModel
from controller.crd.status.types import (
    ACCEPTED_LIMIT,
    EVIDENCE_LIMIT,
    Amount,
    Count,
    Name,
    Sentence,
    Shares,
    Time,
    cut,
    percent,
)


class Revision(StatusModel):
    """One version of the workload."""

    mirrors = core.Revision

    name: Name = Field(alias="revision")
    """Its short hash."""
    deployment: Name = ""
    """The Deployment that runs it."""
    images: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    """Its images, in the order of its containers."""
    replicas: Count = 0
    """The replicas asked for."""
    ready: Count = 0
    """The replicas that are ready."""
    routable_since: Time | None = None
    """Since when its subset is there."""
    unrouted_since: Time | None = None
    """Since when no route names it."""

    def derived(self) -> dict[str, Any]:
        return {"image": self.images[0]} if self.images else {}


class Measured(StatusModel):
    """What the mesh really sent since the present weights were asked for."""

    mirrors = core.Measured

    candidate: Count
    """Requests to the candidate."""
    total: Count
    """Requests to both."""

    def derived(self) -> dict[str, Any]:
        return {"share": f"{100 * self.candidate / self.total:.3g}%"} if self.total else {}


class Failing(StatusModel):
    """The candidate's newest look with requests, if more of them failed than of stable's."""

    mirrors = core.Failing

    errors: Count
    """Requests that failed."""
    requests: Count
    """All of them."""
    missed: Count = 0
    """Stable's requests since, while the candidate got none."""


class StepStatus(StatusModel):
    """The place in the plan."""

    mirrors = core.StepStatus

    index: Count = 0
    """The step in progress, from 0."""
    count: Count = 0
    """How many steps there are."""
    label: Sentence = ""
    """What the step does."""
    target: Count = 0
    """The step whose capacity is asked for."""
    started: Time | None = None
    """When the step was decided."""
    routed_since: Time | None = None
    """Since when the routes ask for its traffic."""
    looked_until: Time | None = None
    """The end of the last look that was judged."""
    in_effect_since: Time | None = None
    """Since when its traffic is in effect; its clock starts there."""
    wanted: Shares | None = None
    """The wanted share of each revision."""
    measured: Measured | None = None
    """The share that the candidate really gets."""
    mismatches_in_a_row: Count = 0
    """Looks in a row in which the measured share was not the wanted one."""
    failing: Failing | None = None
    """The candidate's newest look with requests, if more of them failed than of stable's."""

    def derived(self) -> dict[str, Any]:
        return {"position": f"{min(self.index + 1, self.count)}/{self.count}"} if self.count else {}


class Unrouted(StatusModel):
    """Requests to the Service that no proxy found a pod for."""

    mirrors = core.Unrouted

    before: Amount
    """How many per second there were before the release."""
    latest: Amount = 0.0
    """How many there were in the newest look."""
    looks_in_a_row: Count = 0
    """The newest looks with far more than before."""
    requests: Amount = 0.0
    """How many these had together."""
    seconds: Amount = 0.0
    """Their time."""


class GateStatus(StatusModel):
    """The last answer of one gate."""

    mirrors = core.GateStatus

    name: Name
    """The gate's name."""
    value: Amount | None = None
    """The value, in the gate's own unit: a ratio, seconds, requests per second."""
    limits: Sentence = ""
    """Its bounds."""
    sample: Count = 0
    """The requests that it rests on."""
    verdict: core.Verdict = core.Verdict.INCONCLUSIVE
    """What the gate says."""
    reason: Sentence = ""
    """Why."""
    failures_in_a_row: Count = 0
    """Looks in a row outside its bounds."""
    pool_requests: Amount = 0.0
    """Requests since the last judgement, while they are too few for one."""
    pool_bad: Amount = 0.0
    """The bad ones among them."""


class HandledCommand(StatusModel):
    """The last command that was handled."""

    mirrors = core.HandledCommand

    name: Name
    """The command."""
    by: Sentence = ""
    """Who gave it."""
    reason: Sentence = ""
    """Why."""
    at: Time | None = None
    """When it was handled."""
    ignored: Sentence = ""
    """Why it made no sense; empty when it was followed."""
    cleared: bool = False
    """Its annotation is gone, so that the same command would count again."""


class Approval(StatusModel):
    """An approval that was given."""

    mirrors = core.Approval

    step: Count
    """The step that it let pass, from 0."""
    by: Sentence = ""
    """Who gave it."""
    reason: Sentence = ""
    """Why."""
    at: Time | None = None
    """When."""


class Condition(StatusModel):
    """A condition in the sense of Kubernetes."""

    mirrors = core.Condition

    type: Name
    """What it is about."""
    status: core.Truth
    """True, False or Unknown."""
    reason: Name = "Unknown"
    """One word for machines."""
    message: Annotated[str, *cut(4096)] = ""
    """A sentence for people."""
    since: Time | None = Field(default=None, alias="lastTransitionTime")
    """When the status last changed."""
    observed_generation: Count = 0
    """The generation of the spec that it speaks of."""


_BY_TYPE: dict[str, Any] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


def _one_of_a_type(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    return tuple({condition.type: condition for condition in conditions}.values())


class Timers(StatusModel):
    """Moments that later passes count from."""

    mirrors = core.Timers

    template_free_since: Time | None = None
    """Since when no route leads to the template's own pods."""
    progress_since: Time | None = None
    """The candidate's last progress towards readiness."""
    routes_written: Time | None = None
    """Since when the routes were seen to say the traffic that is wanted now."""
    template_paused: Time | None = None
    """Since when the Deployment was seen paused."""


class Drift(StatusModel):
    """Something of Sluice's that somebody changed."""

    mirrors = core.Drift

    subject: Name
    """What it is about: Routes, Subsets, Revision, Configuration or Template."""
    object: Name
    """Kind, namespace and name."""
    what: Sentence = ""
    """How it was found."""
    manager: Name = ""
    """The field manager that changed it."""
    at: Time | None = None
    """When it was seen first."""
    ended: Time | None = None
    """When it was as it was written again."""


class HandBack(StatusModel):
    """How far a Release that is being deleted has come."""

    mirrors = core.HandBack

    stage: core.Stage = core.Stage.HOME
    """Home: requests go to stable. Restoring: routes go back. Clearing: revisions go. Leaving: stable stays."""
    ready_since: Time | None = None
    """Since when the routes may go back to the Service as a whole."""


class Status(StatusModel):
    """What Sluice wrote down of the release."""

    mirrors = core.Status

    observed_generation: Count = 0
    """The generation of the spec that this status speaks of."""
    template_generation: Count = 0
    """The generation of the template that this status speaks of."""
    template_content: Name = ""
    """Tells the template's configuration apart."""
    phase: core.Phase = core.Phase.IDLE
    """Where the release stands."""
    phase_since: Time | None = None
    """Since when."""
    release: Count = 0
    """The number of the release in progress, or of the last one."""
    stable: Revision | None = None
    """The revision that was promoted last."""
    candidate: Revision | None = None
    """The revision that is being released."""
    previous: Revision | None = None
    """The revision that was stable before."""
    retiring: Annotated[tuple[Revision, ...], Field(max_length=64)] = ()
    """Revisions that no route names any more and whose pods drain."""
    floor: Count = 0
    """Stable never has fewer replicas during the release."""
    failed_generation: Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})] | None = None
    """The generation of the template that was rolled back."""
    failed_content: Name = ""
    """Tells its configuration apart."""
    failed_name: Name = ""
    """The revision that was rolled back; its object stays, without pods."""
    failed_reason: Name = ""
    """Why, in one word."""
    failed_message: Sentence = ""
    """Why, in a sentence."""
    paused: bool = False
    """A person has paused the release."""
    step: StepStatus | None = None
    """The place in the plan."""
    gates: Annotated[tuple[GateStatus, ...], Field(max_length=64)] = ()
    """The last answer of each gate."""
    unrouted: Unrouted | None = None
    """Requests to the Service that no proxy found a pod for."""
    handled: HandledCommand | None = None
    """The last command that was handled."""
    approvals: Annotated[tuple[Approval, ...], Field(max_length=64)] = ()
    """Approvals that were given."""
    conditions: Annotated[
        tuple[Condition, ...],
        Field(max_length=32, json_schema_extra=_BY_TYPE),
        AfterValidator(_one_of_a_type),
    ] = ()
    """Conditions; Ready, Reconciling and Stalled as kstatus reads them."""
    message: Annotated[str, *cut(4096)] = ""
    """What the release waits for, in a sentence."""
    evidence: Annotated[str, BeforeValidator(str), Field(max_length=EVIDENCE_LIMIT)] = ""
    """The evidence so far; for Sluice alone to read."""
    accepted: Annotated[str, Field(max_length=ACCEPTED_LIMIT)] = ""
    """The spec that the release in progress follows; for Sluice alone to read."""
    timers: Timers = Timers()
    """Moments that later passes count from."""
    drifts: Annotated[tuple[Drift, ...], Field(max_length=32)] = ()
    """What somebody changed, now and in the last minutes."""
    hand_back: HandBack | None = None
    """How far the hand-back has come, once the Release is being deleted."""
    revisions: Annotated[tuple[Name, ...], Field(max_length=256)] = ()
    """The revisions that still have objects."""
    replicas: Count = 0
    """Pods of the revision with most traffic, for autoscalers."""
    selector: Annotated[str, Field(max_length=4096)] = ""
    """Selects them."""

    def derived(self) -> dict[str, Any]:
        if self.candidate is None or self.step is None or self.step.wanted is None:
            return {}
        return {"weight": percent(self.step.wanted[self.candidate.name])}


MOVED = {
    "templateGeneration": ("template", "generation"),
    "templateContent": ("template", "content"),
    "failedGeneration": ("failed", "generation"),
    "failedContent": ("failed", "content"),
    "failedName": ("failed", "revision"),
    "failedReason": ("failed", "reason"),
    "failedMessage": ("failed", "message"),
}
"""Fields that stand in a group on the wire."""

DERIVED: dict[type[StatusModel], dict[str, str]] = {
    Revision: {"image": "The image of its first container."},
    Measured: {"share": "The candidate's share of them."},
    StepStatus: {"position": "The step in progress and how many there are, such as 2/5."},
    Status: {"weight": "The candidate's wanted share of requests."},
}
"""What ``derived`` writes, with its description for the schema."""
