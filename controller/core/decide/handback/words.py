"""What people read about a hand-back."""

from __future__ import annotations

from controller.core.decide.describe import clock
from controller.core.decide.handback.ends import End, alone, answering
from controller.core.decide.handback.stages import given_back
from controller.core.decide.model import Event, Observed
from controller.core.decide.want import drained_at, wish
from controller.core.release import Release
from controller.core.status import Revision, Stage, Status


def told(release: Release, status: Status, observed: Observed, end: End) -> str:
    """The message: what it waits for, and what is wrong with the way out where something is."""
    text = f"handing back: {_stage(release, status, observed, end)}"
    if not observed.failures:
        return text
    return f"{text}; {'; '.join(observed.failures)}. It is tried again. {by_force(release)}"


def by_force(release: Release) -> str:
    """How to have the Release gone at once."""
    command = f"kubectl patch release {release.name} -n {release.namespace} --type merge"
    return f'To let go of everything as it is: {command} -p \'{{"metadata":{{"finalizers":null}}}}\''


def begins(release: Release, end: End) -> Event:
    """What is said at the beginning."""
    deployment = release.workload.deployment or "(its name cannot be read)"
    match end:
        case End.RESUME:
            text = f"Deployment {deployment} starts its own pods, then gets its requests"
        case End.KEEP:
            text = f"Deployment {deployment} is not what stable is: requests go to stable, and stable stays"
        case End.GONE:
            text = f"Deployment {deployment} is gone too: routes are given back"
    return Event("HandingBack", f"the Release is deleted: {text}")


def ends(release: Release, status: Status, end: End) -> Event:
    """What is said at the end."""
    if end is End.KEEP and status.stable is not None:
        return Event("HandedBack", _kept(release, status.stable), warning=True)
    if end is End.GONE:
        return Event("HandedBack", "routes are as they were")
    return Event("HandedBack", "routes are as they were, and the Deployment's pods are its own")


def _kept(release: Release, stable: Revision) -> str:
    """What was left behind, and the two ways on."""
    deployment, kept, images = release.workload.deployment, stable.deployment, ", ".join(stable.images)
    return (
        f"{stable.name} ({images}) goes on serving as Deployment {kept}, which is yours now; routes name its subset. "
        f"Deployment {deployment}, which says something else, stays paused without pods. To go on, create a Release "
        f"again: it takes {stable.name} as stable and releases what {deployment} says. To do without, put "
        f"{images} into {deployment}, run kubectl rollout resume deployment/{deployment}, take the subset out of the "
        f"routes once its pods are ready, and delete Deployment {kept}"
    )


def _stage(release: Release, status: Status, observed: Observed, end: End) -> str:
    at = status.hand_back
    assert at is not None
    if at.stage is Stage.HOME:
        return _home(release, status, observed, end)
    if at.stage is Stage.LEAVING:
        stable = status.stable
        return f"{stable.deployment if stable else 'stable'} stays and serves, everything else of the release goes"
    if at.stage is Stage.CLEARING:
        left = ", ".join(one.deployment for one in observed.workload.revisions)
        return f"routes are as they were; {left or 'what belonged to the revisions'} goes"
    return _restoring(release, status, observed)


def _home(release: Release, status: Status, observed: Observed, end: End) -> str:
    stable, template = status.stable, observed.workload.template
    others = [one for one in answering(status, observed) if one is not stable]
    home = f"requests go to {stable.name}" if stable else "requests go to the Deployment's own pods"
    if others and not alone(status, observed) and stable:
        return f"{home}; {', '.join(_drains(release, one) for one in others)}"
    if end is not End.RESUME or template is None:
        return home
    need, name = wish(release, status, template), release.workload.deployment
    if template.serving < need:
        trouble = f": {template.trouble}; {by_force(release)}" if template.trouble else ""
        return f"{home}; Deployment {name} starts its own pods ({template.serving} of {need} available){trouble}"
    return f"{home}; the mesh learns of the pods of Deployment {name}"


def _drains(release: Release, one: Revision) -> str:
    drained = drained_at(release, one)
    return f"{one.name} drains until {clock(drained)}" if drained is not None else f"a route still names {one.name}"


def _restoring(release: Release, status: Status, observed: Observed) -> str:
    left = answering(status, observed)
    if not given_back(status, observed) and observed.settled:
        named = ", ".join(sorted({one.name for one in left} & observed.routes.named))
        return f"a route that is not ours names {named}: take its subset out of that route. {by_force(release)}"
    ends = [drained for one in left if (drained := drained_at(release, one)) is not None]
    if not ends or not given_back(status, observed):
        return "routes are put back as they were"
    return f"routes are as they were; requests on their way end until {clock(max(ends))}"
