from __future__ import annotations

from typing import Any

from controller.core.decide import PATIENCE
from controller.core.status import Phase

World = Any  # what may be None in it is there by the story


def test_pods_that_do_not_come_are_asked_ever_more_seldom(world: World) -> None:
    """Nobody tells of an image that cannot be pulled; without a date of its own the pass that asks would never be."""
    world.idle().push("x:2")
    world.crash.add("x:2")
    world.run(lambda w: "x2" in w.revisions)
    since = world.status.timers.progress_since
    assert since is not None
    asked: list[float] = []
    while world.status.phase is Phase.PREPARING:
        after = world.turn().after
        assert after is not None
        world.now += after
        asked.append(world.now - since)
    doubled = [PATIENCE * 2**n for n in range(8)]
    assert [one for one in asked if one in doubled] == doubled
    assert len(asked) < 20
