"""A Release that is being deleted: what it took over goes back to the user, and no request is lost. Pure.

The theory. While a Release manages a Deployment, routes name subsets; a route without a subset selects every pod of the
Service, whoever made it: stable's, those of the Deployment itself, and a candidate's. So routes may only be given back
when all of these are one version, and nobody's pods may go before the routes have left them. Three ends follow from
what the Deployment says:

    what stable is             it starts its own pods again; once enough of them are available and no other revision
                               has a pod left, the routes go back, and after the drain the revisions go
    something else             nobody has vetted that. Requests go home, and stable's Deployment stays as the user's
    (a release in its middle,  own, with its configuration; routes go on naming it, with the notes in them that say what
    or one that failed)        they were before. The Deployment stays paused, so that nothing unvetted starts. A later
                               Release takes what serves as its stable revision and releases the Deployment's version
    nothing: it is gone, or    (also in a namespace that goes, where no object can be made any more.) Nothing is waited
    going                      for but the drain of pods that still answer; routes and subsets are given back, and
                               Kubernetes removes the rest

Where nothing was promoted yet the Deployment still runs pods of its own: it is handed back in the first way, whatever
it says. Each end is a row of stages; the status holds the stage, so that a restart at any write goes on from there:

    Home        all requests to stable; every other revision drains, then has no pods. Meanwhile the Deployment resumes
    Restoring   routes as they were before the Release; the mesh learns of it, requests end
    Clearing    revisions, then their configuration, then subsets go; last the finalizer
    Leaving     (second end) the other revisions go; stable's Deployment is cut loose; last the finalizer

Home comes first even where the routes could go back at once: its last condition has held for ``propagation`` when it
ends, so that no proxy knows a candidate's pod, and every proxy some of the Deployment's own, when the Service as a
whole is named. The end is chosen anew in every pass until the routes are given back: after that the Deployment is the
user's, and what it says is rolled out as Kubernetes does.
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide.describe import describe
from controller.core.decide.facts import notice
from controller.core.decide.handback.ends import End, alone, end_of, ready, recovered, unlisted
from controller.core.decide.handback.stages import advance, is_done
from controller.core.decide.handback.wanted import after, handed
from controller.core.decide.handback.words import begins, ends, told
from controller.core.decide.model import Decision, Event, Observed
from controller.core.release import Release
from controller.core.status import HandBack, Phase, Status

__all__ = ["End", "alone", "end_of", "hand_back"]


def hand_back(release: Release, status: Status, observed: Observed) -> Decision:
    """One pass for a Release that is being deleted. Nothing that would make it Invalid holds it up."""
    begun = _begun(status, observed)
    known = notice(release, _with_all(begun, observed), observed)
    end = end_of(known, observed)
    known = _timed(release, known, observed, end)
    moved = advance(release, known, observed, end)
    decided = describe(release, moved, observed, told(release, moved, observed, end))
    stepped = status.hand_back is None or moved.hand_back != known.hand_back
    done = not stepped and is_done(decided, observed, end)
    events: tuple[Event, ...] = (begins(release, end),) if status.hand_back is None else ()
    events += (ends(release, decided, end),) if done else ()
    return Decision(
        status=decided,
        wanted=handed(release, decided, observed, end),
        events=events,
        after=0.0 if stepped else after(release, decided, observed),
        done=done,
    )


def _begun(status: Status, observed: Observed) -> Status:
    """The release, if one is in progress, is over: whoever is not stable retires."""
    if status.hand_back is not None:
        return status
    stable = status.stable or (None if status.candidate else recovered(observed))
    others = {one.name: one for one in (*status.retiring, status.candidate, status.previous) if one}
    return replace(
        status,
        phase=Phase.HANDING_BACK,
        phase_since=observed.now,
        stable=stable,
        candidate=None,
        previous=None,
        retiring=tuple(one for name, one in others.items() if stable is None or name != stable.name),
        step=None,
        gates=(),
        approvals=(),
        evidence="",
        paused=False,
        drifts=(),
        timers=replace(status.timers, progress_since=None),
        hand_back=HandBack(),
    )


def _with_all(status: Status, observed: Observed) -> Status:
    """Every revision that has objects drains before it goes, also one that the status does not know."""
    return replace(status, retiring=status.retiring + unlisted(status, observed))


def _timed(release: Release, status: Status, observed: Observed, end: End) -> Status:
    """Since when the routes could go back; not before everything needed for that has been true without a gap."""
    at = status.hand_back
    assert at is not None
    since = observed.now if at.ready_since is None else at.ready_since
    return replace(status, hand_back=replace(at, ready_since=since if ready(release, status, observed, end) else None))
