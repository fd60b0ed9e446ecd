from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.core.decide.facts import notice

World = Any  # what may be None in it is there by the story


def test_the_progress_deadline_counts_from_the_last_thing_that_pods_came_nearer_by(world: World) -> None:
    """A node that is being added, a long pull: each is progress, and so is a pod that becomes ready."""
    world.idle().push("x:2")
    world.crash.add("x:2")
    world.run(lambda w: "x2" in w.revisions)
    begun = world.status.timers.progress_since

    def noticed(**seen: Any) -> float:
        observed = world.observed()
        workload = observed.workload
        revisions = tuple(replace(one, **seen) if one.name == "x2" else one for one in workload.revisions)
        later = replace(observed, now=begun + 100, workload=replace(workload, revisions=revisions))
        since = notice(world.release, world.status, later).timers.progress_since
        assert since is not None
        return float(since - begun)

    assert noticed() == 0
    assert noticed(progressed_at=begun + 60) == 60
    assert noticed(progressed_at=begun - 60) == 0
    assert noticed(progressed_at=begun + 1000) == 100, "another clock is ahead: not into the future"
    assert noticed(ready=1) == 100
