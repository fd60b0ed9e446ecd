"""Which end a hand-back comes to, and what it still lacks."""

from __future__ import annotations

from enum import Enum

from controller.core.decide.facts import serving
from controller.core.decide.model import Observed
from controller.core.decide.want import wish
from controller.core.release import Release
from controller.core.status import Revision, Stage, Status


class End(Enum):
    """See the package's own words."""

    RESUME = "resume"
    """The Deployment runs its own pods again."""
    KEEP = "keep"
    """Stable's Deployment stays."""
    GONE = "gone"
    """There is nothing to hand back to."""


def end_of(status: Status, observed: Observed) -> End:
    """The end, by what is seen now; settled once the routes are given back, unless the Deployment goes."""
    template, at = observed.workload.template, status.hand_back
    assert at is not None
    if template is None or template.deleting:
        return End.GONE
    if at.stage is Stage.LEAVING:
        return End.KEEP
    given = at.stage in (Stage.RESTORING, Stage.CLEARING)
    stable = status.stable
    # Where no revision serves, the Deployment is all that is left to serve.
    if given or stable is None or observed.workload.revision(stable.name) is None or template.revision == stable.name:
        return End.RESUME
    return End.KEEP


def recovered(observed: Observed) -> Revision | None:
    """The revision that gets all requests, for a status that was lost; None where none does."""
    seen = observed.workload.revision(serving(observed))
    return Revision(seen.name, seen.deployment, seen.images) if seen else None


def unlisted(status: Status, observed: Observed) -> tuple[Revision, ...]:
    """Revisions that are there and that the status does not name."""
    known = {one.name for one in (*status.retiring, *((status.stable,) if status.stable else ()))}
    return tuple(
        Revision(one.name, one.deployment, one.images) for one in observed.workload.revisions if one.name not in known
    )


def alone(status: Status, observed: Observed) -> bool:
    """Whether no revision but stable has a pod."""
    return all(_empty(one, observed) for one in status.retiring)


def ready(release: Release, status: Status, observed: Observed, end: End) -> bool:
    """Whether the Service as a whole could be named: enough pods of the Deployment's own, and none of a stranger.

    Where nothing was promoted yet, the pods of the first revision were behind the Service from their beginning.
    """
    template = observed.workload.template
    if end is not End.RESUME or template is None:
        return end is End.GONE
    need = wish(release, status, template)
    enough = template.replicas >= need and template.serving >= need
    return enough and (status.stable is None or alone(status, observed))


def answering(status: Status, observed: Observed) -> tuple[Revision, ...]:
    """The revisions whose pods may still be answering requests."""
    known = (*((status.stable,) if status.stable else ()), *status.retiring)
    return tuple(one for one in known if not _empty(one, observed))


def _empty(one: Revision, observed: Observed) -> bool:
    seen = observed.workload.revision(one.name)
    return seen is None or (seen.current and seen.replicas == 0 and seen.ready == 0)
