"""Simulated releases go through the controller's decisions; their figures are of the order that bench/judge proves."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any

import pytest

from controller.core.plan import plan
from controller.core.release import Canary, Compare, Fallback, Gates, Limit, Release, SuccessRateLimit, WeightStep
from controller.crd import parse_release
from controller.simulate import ObjectCluster, rehearse
from controller.simulate.assumed import Assumed, Fault
from controller.simulate.play import LAG, Play
from controller.simulate.rehearsal import _Perfect, _skip
from controller.simulate.runs import START, Outcome, outcomes
from controller.simulate.values import STABLE, ValueCluster, at_rest
from tests.stage import deployment
from tests.stage import release as on_stage

RAMP = Canary(tuple(WeightStep(share, 300) for share in (10, 50, 100, 250, 500)))


def ramp(**gates: Any) -> Release:
    """The steps of bench/judge, on a mesh that learns of a change at once."""
    base = parse_release(on_stage())
    traffic = replace(base.traffic, propagation=0.0)
    return replace(base, strategy=RAMP, traffic=traffic, gates=Gates(**({"compare": Compare()} | gates)))


def run(fault: Fault, rate: float = 100.0, releases: int = 12, **gates: Any) -> list[Outcome]:
    return outcomes(ramp(**gates), Assumed(rate), fault, range(releases), "test")


def seconds(found: list[Outcome]) -> float:
    """The median from the first request to the look that was enough, as bench/judge counts it."""
    assert all(one.reason == "Harmful" and one.gate == "comparison" for one in found)
    return median(one.seconds for one in found) - LAG


def test_five_percent_of_errors_are_found_within_two_minutes_and_seven_failed_requests() -> None:
    found = run(Fault(errors=0.05), releases=24)
    assert seconds(found) <= 120.0
    lag = LAG * 100 * 0.01 * 0.05  # what fails at 1 % while the look is scraped
    assert median(one.exposure * 100 * 0.05 for one in found) <= 7.0 + lag


def test_half_of_all_requests_failing_is_found_in_45_seconds() -> None:
    assert seconds(run(Fault(errors=0.5), rate=1000.0)) <= 45.0


def test_twice_as_slow_is_found_within_two_minutes() -> None:
    assert seconds(run(Fault(slower=2.0))) <= 120.0


def test_a_version_as_good_as_stable_is_promoted() -> None:
    found = run(Fault(), releases=6)
    assert [one.reason for one in found] == [""] * 6
    assert all(len(one.steps) == len(RAMP.steps) and min(one.steps) >= 300.0 for one in found)
    assert all(one.shares[-1][1] == 1000 for one in found)


def test_a_fixed_limit_rolls_back_by_its_own_name() -> None:
    limit = Limit("success", SuccessRateLimit(0.99), 20)
    found = run(Fault(errors=0.3), releases=3, compare=None, limits=(limit,), failure_limit=2)
    assert [(one.reason, one.gate) for one in found] == [("GateFailed", "success")] * 3


def test_without_enough_requests_a_release_is_left_waiting_or_falls_back() -> None:
    held = run(Fault(), rate=0.2, releases=2, step_deadline=300.0)
    assert [(one.held, one.reason, len(one.steps)) for one in held] == [(True, "", 0)] * 2
    back = run(Fault(), rate=0.2, releases=2, step_deadline=300.0, on_inconclusive=Fallback.ROLLBACK)
    assert [(one.held, bool(one.reason)) for one in back] == [(False, True)] * 2


def test_the_same_seed_gives_the_same_releases_in_any_portions() -> None:
    release, fault = ramp(), Fault(errors=0.05)
    whole = outcomes(release, Assumed(100.0), fault, range(4), "a")
    parts = [
        one for number in range(4) for one in outcomes(release, Assumed(100.0), fault, range(number, number + 1), "a")
    ]
    assert whole == parts
    assert whole != outcomes(release, Assumed(100.0), fault, range(4), "b")


@pytest.mark.parametrize("propagation", [0.0, 2.0, 10.0])
def test_values_and_objects_take_the_same_steps_at_the_same_times(propagation: float) -> None:
    """The quick cluster obeys as the one of real objects does."""
    base = ramp(none=True, compare=None, minimum_step=10.0)
    release = replace(base, traffic=replace(base.traffic, propagation=propagation))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": "shop"},
        "spec": {"selector": {"app": "podinfo"}, "ports": [{"name": "http", "port": 80}]},
    }
    objects = rehearse(release, ObjectCluster([deployment("x:1"), service]), deployment("x:2")["spec"]["template"])
    cluster = ValueCluster()
    play = Play(release, cluster, _Perfect(), at_rest(release, START), START)
    while play.status.stable and play.status.stable.name == STABLE:
        _skip(play)
        play.turn()
    assert [share for _, share in cluster.shares] == [*(step.weight for step in plan(release)), 1000]
    assert [at - START for at, _ in cluster.shares] == [stage.entered for stage in objects.stages]
