"""A cluster as a value: it does what a decision wants, one write after the other, and its pods take their time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from controller.core.decide import (
    Decision,
    Event,
    Judged,
    Observed,
    decide,
    history_until,
    next_look,
    unrouted_until,
)
from controller.core.decide.edits import Following, following, moves_objects
from controller.core.decide.standing import underway
from controller.core.observed import Counts, History, Look
from controller.core.release import (
    Canary,
    Command,
    Gates,
    IstioRouting,
    Limit,
    ManagedWorkload,
    ObjectRef,
    Release,
    Routing,
    SuccessRateLimit,
    WeightStep,
)
from controller.core.seen import RevisionSeen, RoutesSeen, TemplateSeen, WorkloadSeen
from controller.core.status import Phase, Status
from controller.core.traffic import MatchKind, TesterMatch, ValueMatch
from controller.core.wanted import Reach, Template, Wanted

TESTER = TesterMatch(headers=(ValueMatch("x-canary", MatchKind.EXACT, "always"),))


def canary(**changes: object) -> Release:
    base = Release(
        namespace="shop",
        name="podinfo",
        workload=ManagedWorkload("podinfo", keep_previous=0),
        traffic=Routing("podinfo", IstioRouting((ObjectRef("shop", "podinfo"),), "podinfo"), propagation=2, drain=5),
        strategy=Canary((WeightStep(100, 20), WeightStep(500, 20))),
        gates=Gates(none=True, minimum_step=10, interval=5, warm_up=0),
        generation=1,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


STEPS = (WeightStep(10, 4), WeightStep(100, 4), WeightStep(500, 4))
QUICK = Gates(limits=(Limit("success", SuccessRateLimit(0.99), 10),), minimum_step=4, interval=2, warm_up=0)


def quick(strategy: Canary, keep: float = 12.0) -> Release:
    """A Release of short times, for histories of many passes; ``keep``: seconds for which the previous one stays."""
    traffic = replace(canary().traffic, propagation=1, drain=2)
    workload = ManagedWorkload("podinfo", keep_previous=keep)
    return canary(workload=workload, strategy=strategy, gates=QUICK, traffic=traffic)


def served(requests: int, errors: int) -> Counts:
    """So many requests; one in a hundred was slower than 100 ms."""
    return Counts(requests, errors, (0.1, 0.25, inf), (requests * 0.99, requests, requests))


@dataclass
class Pods:
    images: tuple[str, ...]
    replicas: int
    ready: int = 0


@dataclass
class World:
    """``crash`` holds images whose pods never become ready; ``bad`` images of which every request fails.

    ``ejected``: the candidate gets nothing, whatever was asked for.
    ``unrouted``: requests of each look that reach no pod, ``unrouted_before`` the same a second before the release.
    ``before``: what is answered about stable's history, ``asked`` times. Three kinds of problems: ``problems`` of the
    spec, which is refused with them; ``foreign``: a destination of others stands in the named route; ``untemplated``:
    why the template cannot be released. ``accepted``: the spec that the release in progress follows.
    """

    release: Release = field(default_factory=canary)
    status: Status = field(default_factory=Status)
    now: float = 1_000_000.0
    image: str = "x:1"
    generation: int = 1
    replicas: int = 3
    own: bool = True
    paused: bool = False
    revisions: dict[str, Pods] = field(default_factory=dict)
    subsets: set[str] = field(default_factory=set)
    weights: dict[str, int] = field(default_factory=dict)
    testers: str = ""
    command: Command | None = None
    crash: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    silent: bool = False
    ejected: bool = False
    unrouted: float | None = 0.0
    unrouted_before: float | None = 0.0
    before: History = field(default_factory=lambda: History(missing="there is no history in this world"))
    asked: int = 0
    problems: tuple[str, ...] = ()
    foreign: bool = False
    untemplated: str = ""
    accepted: Release | None = None
    history: list[tuple[float, Phase, dict[str, int]]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    passes: int = 0
    writes: int = 0

    def observed(self) -> Observed:
        known = {pods.images: name for name, pods in self.revisions.items()}
        revision = known.get((self.image,), "")
        template = TemplateSeen(
            generation=self.generation,
            replicas=self.replicas,
            paused=self.paused,
            images=(self.image,),
            revision=revision,
            proposal=self.image.replace(":", ""),
            own_replicasets=("podinfo-abc",) if self.own else (),
            own_replicas=self.replicas if self.own else 0,
            problem=self.untemplated,
        )
        seen = tuple(
            RevisionSeen(name, f"podinfo-{name}", p.images, p.replicas, p.ready, p.ready, p.replicas, current=True)
            for name, p in sorted(self.revisions.items())
        )
        named = frozenset(self.weights) | ({self.testers} if self.testers else frozenset())
        trouble = ("the route also goes to other",) if self.foreign else ()
        weights = () if self.foreign else tuple(sorted(self.weights.items()))
        routes = RoutesSeen(frozenset(self.subsets), weights, not self.foreign, self.testers, named, trouble)
        follow = self.following()
        problems = self.problems + follow.problems + ((self.untemplated,) if self.untemplated else ()) + trouble
        looks = tuple(self._looks())
        until = history_until(follow.release or self.release, self.status, self.now)
        wanted = until is not None and (bool(looks) or self.status.phase is Phase.PREPARING)
        self.asked += wanted
        return Observed(
            self.now,
            WorkloadSeen(template, seen),
            routes,
            self.command,
            looks,
            problems,
            history=self.before if wanted else None,
            unrouted_before=self.unrouted_before if looks and unrouted_until(self.status) is not None else None,
            blind=follow.release is None,
            edited=follow.edited,
        )

    def following(self) -> Following:
        return following(None if self.problems else self.release, self.accepted, self.status)

    def _looks(self) -> Iterator[Judged]:
        release = self.following().release or self.release
        status, gates = self.status, release.gates
        end = next_look(release, status)
        while end is not None and end <= self.now:
            candidate = status.candidate.name if status.candidate else ""
            share = self.weights.get(candidate, 0) / 1000
            total = 0 if self.silent else 1000
            wrong = candidate in self.revisions and self.revisions[candidate].images[0] in self.bad
            sent = 0 if self.ejected else round(total * share)
            arms = served(sent, sent if wrong else 0), served(total - sent, 0)
            yield Judged(Look(end, gates.interval, *arms, unrouted=self.unrouted))
            end += gates.interval

    def turn(self) -> Decision:
        """One pass: decide, record, act; the pods move on a little."""
        follow = self.following()
        decision = decide(follow.release or self.release, self.status, self.observed())
        self.remember(follow, decision)
        self.events += decision.events
        self.passes += 1
        if self.command and decision.status.handled and not decision.status.handled.cleared:
            self.command = None
        self.writes = sum(1 for _ in self.act(decision.wanted))
        self.history.append((self.now, self.status.phase, dict(self.weights)))
        return decision

    def remember(self, follow: Following, decision: Decision) -> None:
        """The status as it is written, with the spec that is followed from here on."""
        self.status = decision.status
        if decision.follow and follow.release and follow.edited and moves_objects(follow.release, follow.edited):
            self.weights, self.testers = {}, ""  # the new objects; the former ones are handed back
        if not underway(self.status):
            self.accepted = None
        elif follow.current or decision.follow:
            self.accepted = self.release

    def act(self, wanted: Wanted | None) -> Iterator[str]:
        """Every write in the safe order, one at a time; stopping in the middle is a crash."""
        if wanted is None:
            return
        for one in wanted.revisions:
            known = one.name == self.image.replace(":", "")  # of another version's pods nothing is there to read
            if one.new and known and one.name not in self.revisions:
                self.revisions[one.name] = Pods((self.image,), one.replicas)
                yield f"create {one.name}"
            elif one.name in self.revisions and self.revisions[one.name].replicas < one.replicas:
                self.revisions[one.name].replicas = one.replicas
                yield f"scale up {one.name}"
        if wanted.reach is Reach.PODS:
            return
        for name in sorted(set(wanted.subsets) - self.subsets if wanted.reach is not Reach.HOME else ()):
            self.subsets.add(name)
            yield f"add subset {name}"
        if wanted.traffic is not None:
            weights = dict(wanted.traffic.weights.shares)
            testers = wanted.traffic.testers.revision if wanted.traffic.testers else ""
            if (weights, testers) != (self.weights, self.testers):
                self.weights, self.testers = weights, testers
                yield f"routes {weights}"
        if wanted.reach is Reach.ALL:
            yield from self._down(wanted)

    def _down(self, wanted: Wanted) -> Iterator[str]:
        kept = {one.name: one for one in wanted.revisions}
        for name in sorted(self.revisions):
            pods = self.revisions[name]
            if name not in kept:
                del self.revisions[name]
                yield f"delete {name}"
            elif pods.replicas > kept[name].replicas:
                pods.replicas = kept[name].replicas
                pods.ready = min(pods.ready, pods.replicas)
                yield f"scale down {name}"
        for name in sorted(self.subsets - set(wanted.subsets)):
            self.subsets.discard(name)
            yield f"remove subset {name}"
        if wanted.template in (Template.PAUSE, Template.EMPTY) and not self.paused:
            self.paused, self.generation = True, self.generation + 1
            yield "pause"
        if wanted.template is Template.EMPTY and self.paused and self.own:
            self.own = False
            yield "empty"

    def pods(self) -> None:
        """One more pod of each revision becomes ready."""
        for pods in self.revisions.values():
            if pods.images[0] not in self.crash:
                pods.ready = min(pods.replicas, pods.ready + 1)

    def push(self, image: str) -> None:
        self.image, self.generation = image, self.generation + 1

    def happen(self, action: str) -> bool:
        """One thing that users, nodes or colleagues do, of those that every random history knows; False for another."""
        images = ["x:1", "x:2", "x:3", "x:4"]
        match action.split():
            case ["push"]:
                self.push(images[(images.index(self.image) + 1) % 4])
            case ["revert"]:
                self.push(self.status.stable.images[0] if self.status.stable else self.image)
            case ["bad"]:
                self.bad.add(self.image)
            case ["good"]:
                self.bad.clear()
            case ["kill"]:
                for pods in self.revisions.values():
                    pods.ready = 0 if pods.images == (self.image,) else pods.ready
            case ["say", name]:
                self.command = Command(name, "eve")
            case _:
                return False
        return True

    def run(self, until: Callable[[World], bool], seconds: float = 3600.0) -> None:
        """Pass after pass until ``until``; AssertionError when it has not come true after ``seconds``."""
        end = self.now + seconds
        while not until(self):
            assert self.now < end, f"still {self.status.phase}: {self.status.message}"
            assert self.passes < 20_000, "it never rests"
            decision = self.turn()
            self.pods()
            if decision.after is None or decision.after > 0:
                self.now += min(decision.after or 1.0, 1.0)

    def rest(self, seconds: float = 3600.0) -> None:
        """Until nothing moves any more and no timer runs."""
        end = self.now + seconds
        while True:
            assert self.now < end, f"still {self.status.phase}: {self.status.message}"
            decision = self.turn()
            self.pods()
            if (
                decision.after is None
                and not self.writes
                and all(p.ready == p.replicas or p.images[0] in self.crash for p in self.revisions.values())
            ):
                return
            self.now += min(1.0 if decision.after is None else decision.after, 1.0)

    def idle(self) -> World:
        """Adopted and at rest."""
        self.run(lambda world: world.status.phase is Phase.IDLE and world.status.stable is not None)
        self.rest()
        self.history.clear()
        self.events.clear()
        return self

    @property
    def shares(self) -> list[int]:
        """The sequence of the weights that the image now in the template was given, in per mille."""
        name = self.image.replace(":", "")
        found: list[int] = []
        for _, _, weights in self.history:
            share = weights.get(name, 0)
            if not found or found[-1] != share:
                found.append(share)
        return found


def gated(world: World, **changes: Any) -> World:
    """Judged by a success rate over at least 50 requests."""
    limit = Limit("success", SuccessRateLimit(0.99), 50)
    gates = Gates(limits=(limit,), minimum_step=10, interval=5, warm_up=0, step_deadline=60, **changes)
    world.release = replace(world.release, gates=gates)
    return world
