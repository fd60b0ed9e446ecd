"""Requests that reach the Service past our routes, where that is allowed: any pod of any revision gets them."""

from __future__ import annotations

from controller.core.decide.model import Observed
from controller.core.decide.traffic import share
from controller.core.plan import percent
from controller.core.release import Release, Unsplit
from controller.core.status import Status

UNSPLIT = "UnsplitTraffic"


def weights_alone(release: Release) -> bool:
    """Whether nothing but weights sends requests to the candidate, so that too many are as wrong as too few.

    Ways past the routes count where they are allowed, listed or not: callers without a sidecar show in no object.
    """
    return not release.strategy.testers and release.traffic.unsplit is not Unsplit.ALLOW


def past_told(release: Release, status: Status, observed: Observed) -> tuple[str, str]:
    """The ways past the routes, with the share that the candidate really gets, "" without any; and one word for it."""
    ways, step = observed.routes.unsplit, status.step
    if not ways:
        return "", "None"
    text = f"requests reach Service {release.traffic.service} past the routes: {'; '.join(ways)}"
    if step is None or step.measured is None or not step.measured.total:
        return f"{text}; what they send to a new revision follows its number of pods, not its weight", "Allowed"
    measured = step.measured
    return (
        f"{text}; asked for {percent(share(release, step.index))}, the mesh sends {measured.share:.1%} "
        f"({measured.candidate} of {measured.total} requests)"
    ), "Allowed"
