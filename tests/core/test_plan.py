from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.plan import percent, plan, replicas_for
from controller.core.release import (
    ApprovalStep,
    Canary,
    Capacity,
    Gates,
    IstioRouting,
    ManagedWorkload,
    ObjectRef,
    RampStep,
    Release,
    Routing,
    WeightStep,
)
from controller.core.release import Step as WrittenStep


def release(*steps: WrittenStep, minimum: float = 60.0) -> Release:
    return Release(
        namespace="shop",
        name="podinfo",
        workload=ManagedWorkload("podinfo"),
        traffic=Routing("podinfo", IstioRouting((ObjectRef("shop", "podinfo"),), "podinfo")),
        strategy=Canary(steps),
        gates=Gates(minimum_step=minimum),
    )


def test_weights_ramps_and_approvals_become_one_list() -> None:
    steps = plan(
        release(
            WeightStep(5, 120), WeightStep(50, 300), RampStep(500, 200, 60), ApprovalStep("managers"), WeightStep(1000)
        )
    )
    assert [(step.weight, step.duration, step.label) for step in steps] == [
        (5, 120, "0.5%"),
        (50, 300, "5%"),
        (250, 60, "25% of ramp"),
        (450, 60, "45% of ramp"),
        (500, 60, "50% of ramp"),
        (500, 0, "approval by managers at 50%"),
        (1000, 60, "100%"),
    ]
    assert [bool(step.approval) for step in steps] == [False] * 5 + [True, False]


def test_an_approval_before_any_weight_waits_with_testers_only() -> None:
    (first,) = plan(release(ApprovalStep("qa", timeout=60.0)))
    assert (first.weight, first.duration, first.label) == (0, 0.0, "approval by qa at 0%")


def test_no_step_is_shorter_than_the_minimum() -> None:
    assert [step.duration for step in plan(release(WeightStep(10, 5), RampStep(30, 10, 1), minimum=10))] == [10] * 3


@pytest.mark.parametrize(("share", "text"), [(0, "0%"), (1, "0.1%"), (10, "1%"), (155, "15.5%"), (1000, "100%")])
def test_percent(share: int, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("share", "stable", "capacity", "wanted"),
    [
        (0, 3, Capacity.WEIGHT, 1),
        (1, 1000, Capacity.WEIGHT, 1),
        (100, 10, Capacity.WEIGHT, 1),
        (101, 10, Capacity.WEIGHT, 2),
        (500, 10, Capacity.WEIGHT, 5),
        (501, 10, Capacity.WEIGHT, 10),
        (1, 10, Capacity.FULL, 10),
        (10, 0, Capacity.FULL, 1),
    ],
)
def test_replicas_follow_the_share(share: int, stable: int, capacity: Capacity, wanted: int) -> None:
    assert replicas_for(share, stable, capacity) == wanted


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 500), st.sampled_from(Capacity))
def test_more_share_never_asks_for_fewer_pods(one: int, two: int, stable: int, capacity: Capacity) -> None:
    low, high = sorted((one, two))
    assert replicas_for(low, stable, capacity) <= replicas_for(high, stable, capacity) <= max(1, stable)
