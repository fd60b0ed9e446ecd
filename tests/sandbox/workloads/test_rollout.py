"""The arithmetic of rollouts: tables of known cases, and whole rollouts that keep their promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.client import Object
from controller.sandbox.workloads.revisions import DESIRED, MAXIMUM
from controller.sandbox.workloads.rollout import Rollout, Sizes, scaled


def replica_set(name: str, replicas: int, available: int | None = None, **notes: str) -> Object:
    found = replicas if available is None else available
    return {
        "metadata": {"name": name, "creationTimestamp": f"2026-01-01T00:00:0{len(name)}Z", "annotations": notes},
        "spec": {"replicas": replicas, "template": {"metadata": {}, "spec": {"containers": [name]}}},
        "status": {"replicas": replicas, "readyReplicas": found, "availableReplicas": found},
    }


def rollout(
    replicas: int, new: Object | None, *old: Object, surge: Any = "25%", unavailable: Any = "25%", **spec: Any
) -> Rollout:
    update = {"maxSurge": surge, "maxUnavailable": unavailable}
    strategy = {"type": "RollingUpdate", "rollingUpdate": update}
    body = {"replicas": replicas, "strategy": strategy, "template": {}, **spec}
    return Rollout({"metadata": {"name": "web"}, "spec": body}, new, old)


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", (3, 2)),
        (4, "25%", "25%", (1, 1)),
        (1, "25%", "25%", (1, 0)),
        (3, 1, 0, (1, 0)),
        (2, 0, "1%", (0, 1)),  # both would be 0
        (5, 0, "100%", (0, 5)),
        (2, 0, 7, (0, 2)),
        (0, "25%", "25%", (0, 0)),
    ],
)
def test_limits(replicas: int, surge: Any, unavailable: Any, expected: tuple[int, int]) -> None:
    found = rollout(replicas, None, surge=surge, unavailable=unavailable)
    assert (found.surge, found.unavailable) == expected


@pytest.mark.parametrize(
    ("value", "total", "up", "expected"), [("50%", 3, True, 2), ("50%", 3, False, 1), (4, 3, True, 4)]
)
def test_scaled(value: Any, total: int, up: bool, expected: int) -> None:
    assert scaled(value, total, up=up) == expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (rollout(10, replica_set("n", 0), replica_set("old", 10), surge=3, unavailable=2), {"n": 3}),
        (rollout(10, replica_set("n", 3, 0), replica_set("old", 10), surge=3, unavailable=2), {"old": 8}),
        (rollout(10, replica_set("n", 3, 3), replica_set("old", 8), surge=3, unavailable=2), {"n": 5}),
        (rollout(10, replica_set("n", 5, 0), replica_set("old", 8), surge=3, unavailable=2), {}),
        # pods of the old one that serve nobody go first, whatever the new one does
        (rollout(10, replica_set("n", 5, 0), replica_set("old", 8, 5), surge=3, unavailable=5), {"old": 5}),
        (rollout(3, replica_set("n", 3, 3), replica_set("old", 1), surge=1, unavailable=0), {"old": 0}),
        (rollout(3, replica_set("n", 5, 5), surge=1, unavailable=0), {"n": 3}),
        (rollout(3, replica_set("n", 3, 3), surge=1, unavailable=0), {}),
    ],
)
def test_rolling_steps(case: Rollout, expected: Sizes) -> None:
    assert case.rolling_step() == expected


def recreate(replicas: int, new: Object | None, *old: Object) -> Rollout:
    return rollout(replicas, new, *old, strategy={"type": "Recreate"})


def test_recreate_steps() -> None:
    assert recreate(3, None, replica_set("old", 3)).recreate_step(3) == {"old": 0}
    assert recreate(3, None, replica_set("old", 0)).recreate_step(2) is None
    assert recreate(3, None, replica_set("old", 0)).recreate_step(0) == {}
    assert recreate(3, replica_set("n", 0), replica_set("old", 0)).recreate_step(0) == {"n": 3}
    assert recreate(3, None).first_size() == 3


def noted(name: str, replicas: int, desired: int, maximum: int) -> Object:
    return replica_set(name, replicas, None, **{DESIRED: str(desired), MAXIMUM: str(maximum)})


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (rollout(5, noted("n", 3, 3, 4)), {"n": 5}),
        (rollout(5, None, noted("old", 3, 3, 4)), {"old": 5}),
        (rollout(0, noted("n", 3, 3, 4)), {"n": 0}),
        # the example of the Kubernetes documentation: 10 + 3 surge, 5 new and 8 old, to 15: 7 and 11
        (rollout(15, noted("n", 5, 10, 13), noted("old", 8, 10, 13), surge=3, unavailable=2), {"n": 7, "old": 11}),
        (rollout(0, noted("n", 5, 10, 13), noted("old", 8, 10, 13), surge=3, unavailable=2), {"n": 0, "old": 0}),
    ],
)
def test_scaling_in_proportion(case: Rollout, expected: Sizes) -> None:
    assert case.scaling_step() == expected


def test_scaling_is_seen_by_what_a_replica_set_was_told() -> None:
    assert rollout(5, noted("n", 3, 3, 4)).is_scaling()
    assert not rollout(3, noted("n", 3, 3, 4)).is_scaling()
    assert not rollout(5, noted("n", 0, 3, 4)).is_scaling()


@given(st.data(), st.integers(1, 12), st.integers(0, 5), st.integers(0, 5))
def test_a_rolling_update_ends_and_keeps_its_limits(
    data: st.DataObject, replicas: int, surge: int, unavailable: int
) -> None:
    """Pods become available one after the other, in any order; every step stays within surge and unavailability."""
    if surge == unavailable == 0:
        unavailable = 1
    sizes, available = {"n": 0, "old": replicas}, {"n": 0, "old": replicas}

    def now() -> Rollout:
        sets = {name: replica_set(name, sizes[name], available[name]) for name in sizes}
        return rollout(replicas, sets["n"], sets["old"], surge=surge, unavailable=unavailable)

    sizes["n"] = available["n"] = 0
    for _ in range(40 * replicas):
        step = now().rolling_step()
        sizes.update(step)
        available = {name: min(available[name], sizes[name]) for name in sizes}
        assert sum(sizes.values()) <= replicas + surge
        assert sum(available.values()) >= replicas - min(unavailable, replicas)
        if sizes["n"] > available["n"] and (not step or data.draw(st.booleans())):
            available["n"] += 1
        if sizes == {"n": replicas, "old": 0} and available["n"] == replicas:
            break
    assert sizes == {"n": replicas, "old": 0}


@given(st.integers(0, 30), st.integers(1, 20), st.integers(0, 20), st.integers(0, 4))
def test_scaling_reaches_the_allowed_total(replicas: int, new: int, old: int, surge: int) -> None:
    before = max(1, new + old - surge)
    notes = (before, before + surge)
    case = rollout(replicas, noted("n", new, *notes), noted("old", old, *notes), surge=surge, unavailable=1)
    sizes = {"n": new, "old": old} | case.scaling_step()
    assert all(size >= 0 for size in sizes.values())
    if old and replicas and not (replicas == new == before):
        assert sum(sizes.values()) == replicas + surge
