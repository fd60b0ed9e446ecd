"""Facts read from the objects found, by routers and workloads, for the decision to look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.core.objects import Ref


class Subject(StrEnum):
    """What a difference is about."""

    ROUTES = "Routes"
    SUBSETS = "Subsets"
    REVISION = "Revision"
    CONFIGURATION = "Configuration"
    TEMPLATE = "Template"


ROUTING = frozenset({Subject.ROUTES, Subject.SUBSETS})
"""Requests go by these: whoever keeps changing them back makes a release impossible."""


@dataclass(frozen=True)
class Difference:
    """An object that is not as it was written: somebody changed it since.

    ``what`` is a clause about the object ("route 'primary' goes to podinfo without a subset"). ``field`` is the path to
    what was changed, () when the object is not there. ``manager`` is who changed it as managedFields tells, "" when
    that tells nobody. ``lost``: it is gone, and nothing that is there says what it was.
    """

    subject: Subject
    ref: Ref
    what: str
    field: tuple[str, ...] = ()
    manager: str = ""
    lost: bool = False

    @property
    def object(self) -> str:
        """How a message calls it: ``VirtualService shop/podinfo``."""
        return str(self.ref)


@dataclass(frozen=True)
class TemplateSeen:
    """The user's own Deployment, from which revisions are made.

    ``revision`` names the known revision that it equals in meaning, "" when it equals none; ``proposal`` is the name
    that a new revision of it would get. ``content`` tells its configuration apart (ConfigMaps, chosen Secrets): the
    template was written by somebody when its generation or its content changed. ``own_replicas`` counts the pods that
    its own ReplicaSets ask for or have. ``restarted`` is the value of the restart annotation, "" without one.
    ``serving`` counts its own pods of its present spec that are available; ``trouble`` says what keeps them from it.
    ``problem`` says why it cannot be released at all (one sentence with the remedy), "" when it can.
    """

    generation: int
    replicas: int
    paused: bool
    images: tuple[str, ...]
    revision: str
    proposal: str
    content: str = ""
    own_replicasets: tuple[str, ...] = ()
    own_replicas: int = 0
    serving: int = 0
    trouble: str = ""
    restarted: str = ""
    deleting: bool = False
    problem: str = ""


@dataclass(frozen=True)
class RevisionSeen:
    """One revision's Deployment.

    ``replicas`` is what it was asked for; ``ready``, ``available`` and ``updated`` are pods, counted by Kubernetes,
    and only to be trusted when ``current`` (its status speaks of its present generation). ``trouble`` is what keeps
    its pods from running, in the pods' own words, "" when nothing is known. ``progressed_at`` is when it last came
    nearer to ready (seconds since the epoch), None when unknown.
    """

    name: str
    deployment: str
    images: tuple[str, ...]
    replicas: int
    ready: int
    available: int
    updated: int
    current: bool
    restarted: str = ""
    deleting: bool = False
    trouble: str = ""
    progressed_at: float | None = None


@dataclass(frozen=True)
class WorkloadSeen:
    """All of it; ``template`` None when the user's Deployment is not there: ``missing`` says so, with the remedy."""

    template: TemplateSeen | None
    revisions: tuple[RevisionSeen, ...] = ()
    missing: str = ""

    def revision(self, name: str) -> RevisionSeen | None:
        return next((one for one in self.revisions if one.name == name), None)


@dataclass(frozen=True)
class RoutesSeen:
    """The route objects as they are now.

    ``subsets``: revisions that are addressable, with exactly the right labels. ``weights``: (revision, per mille) as
    the named routes have them, () when they do not speak of our revisions at all; ``agree`` is False when the named
    routes (or several objects) differ among each other. ``testers`` is the revision at the testers' routes, "" without.
    ``named``: every revision that any route still refers to, also foreign routes and copies by mirrors.
    ``problems``: why these objects cannot be used, one sentence each with the remedy; empty when they can.
    ``unsplit``: where that is allowed, every way on which requests reach the Service past the routes, each a clause.
    """

    subsets: frozenset[str] = frozenset()
    weights: tuple[tuple[str, int], ...] = ()
    agree: bool = True
    testers: str = ""
    named: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    unsplit: tuple[str, ...] = ()
