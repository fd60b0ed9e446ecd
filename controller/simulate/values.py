"""A cluster of plain values, for thousands of releases a minute: adopted already, and every pod is ready at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.core.release import Release
from controller.core.seen import RevisionSeen, RoutesSeen, TemplateSeen, WorkloadSeen
from controller.core.status import Phase, Revision, Status
from controller.core.wanted import Wanted

STABLE, CANDIDATE = "stable", "candidate"


@dataclass
class ValueCluster:
    """Implements controller.simulate.play.Cluster. ``shares``: (since, the candidate's per mille), one a change."""

    replicas: int = 10
    revisions: dict[str, int] = field(default_factory=dict)
    subsets: frozenset[str] = frozenset({STABLE})
    weights: tuple[tuple[str, int], ...] = ((STABLE, 1000),)
    testers: str = ""
    now: float = 0.0
    shares: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.revisions = self.revisions or {STABLE: self.replicas}

    def see(self, release: Release, now: float) -> tuple[WorkloadSeen, RoutesSeen]:
        self.now = now
        present = CANDIDATE if CANDIDATE in self.revisions else ""
        template = TemplateSeen(2, self.replicas, True, (CANDIDATE,), present, CANDIDATE)
        seen = tuple(
            RevisionSeen(name, name, (name,), pods, pods, pods, pods, current=True)
            for name, pods in sorted(self.revisions.items())
        )
        named = frozenset(name for name, _ in self.weights) | ({self.testers} if self.testers else frozenset())
        return WorkloadSeen(template, seen), RoutesSeen(self.subsets, self.weights, True, self.testers, named)

    def act(self, release: Release, wanted: Wanted) -> bool:
        before = (self.revisions, self.subsets, self.weights, self.testers)
        self.revisions = {one.name: one.replicas for one in wanted.revisions}
        self.subsets = frozenset(wanted.subsets)
        if wanted.traffic is not None:
            if wanted.traffic.weights.shares != self.weights:
                self.shares.append((self.now, wanted.traffic.weights[CANDIDATE]))
            self.weights = wanted.traffic.weights.shares
            self.testers = wanted.traffic.testers.revision if wanted.traffic.testers else ""
        return before != (self.revisions, self.subsets, self.weights, self.testers)


def at_rest(release: Release, now: float) -> Status:
    """The status of a Release whose stable revision serves; its template is another one since a moment ago."""
    stable = Revision(STABLE, STABLE, (STABLE,), routable_since=now - 3600.0)
    return Status(
        observed_generation=release.generation,
        template_generation=1,
        phase=Phase.IDLE,
        phase_since=now - 3600.0,
        stable=stable,
    )
