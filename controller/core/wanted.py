"""What the cluster should look like: the half of a decision that routers and workloads turn into objects.

Plain values without names of Kubernetes kinds. Nothing here says in which order objects change: the decision asks
for the next safe state only, and a pass may stop after any write (traffic-safety rules are in decide.py and act.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.core.traffic import Traffic


class Template(StrEnum):
    """What is to happen to the user's own Deployment, the template of managed revisions."""

    LEAVE = "leave"
    """Nothing: it runs its own pods (before adoption, or while nothing is known)."""
    PAUSE = "pause"
    """``paused: true``; its ReplicaSets stay for now, they may still answer requests."""
    EMPTY = "empty"
    """``paused: true`` and no ReplicaSets: such a Deployment starts no pod whoever writes what."""
    RESUME = "resume"
    """``paused: false``: it is handed back to the user and runs its own pods again."""


class Reach(StrEnum):
    """How much of what is wanted may be written now: less than all while something is wrong with spec or objects."""

    ALL = "all"
    """Everything, in the safe order."""
    ROUTES = "routes"
    """The routes as always, and more pods where some are missing; nothing goes down."""
    HOME = "home"
    """The same where the route objects themselves are in doubt: only what surely names another revision than stable is
    taken back to it."""
    PODS = "pods"
    """More pods where some are missing, and nothing else."""


@dataclass(frozen=True)
class WantedRevision:
    """One revision that should exist. ``replicas`` is asked for as is; 0 keeps the object without pods.

    ``new`` revisions are made from the template as it is found in the same pass; the pod template of a revision that
    exists is never changed, except for ``restarted`` (the value of the restart annotation; "" leaves it).
    """

    name: str
    replicas: int
    new: bool = False
    restarted: str = ""


@dataclass(frozen=True)
class Wanted:
    """The next safe state. Revisions, subsets and routes that are not named here are taken away.

    ``traffic`` None leaves the routes as they are (nothing of ours is ready to be named yet).
    ``subsets`` holds every revision that must be addressable; it contains all that ``traffic`` names.
    ``template_replicas``: the number that a template that is resumed has to ask for, None leaves the user's own.
    """

    revisions: tuple[WantedRevision, ...]
    subsets: tuple[str, ...]
    traffic: Traffic | None
    template: Template = Template.LEAVE
    reach: Reach = Reach.ALL
    template_replicas: int | None = None
