"""The example in manifests/examples is a Release, and says what its comments say."""

from __future__ import annotations

from typing import Any

from controller.core.release import (
    ApprovalStep,
    Bake,
    Canary,
    Capacity,
    Compare,
    Fallback,
    Gates,
    IstioRouting,
    LatencyLimit,
    Limit,
    ManagedWorkload,
    ObjectRef,
    RampStep,
    Release,
    Routing,
    SuccessRateLimit,
    WeightStep,
)
from controller.core.traffic import MatchKind, TesterMatch, ValueMatch
from controller.crd import parse_release

EXPECTED = Release(
    namespace="shop",
    name="podinfo",
    workload=ManagedWorkload(
        deployment="podinfo", progress_deadline=600.0, capacity=Capacity.WEIGHT, keep_previous=600.0
    ),
    traffic=Routing(
        service="podinfo",
        router=IstioRouting(
            virtual_services=(ObjectRef("shop", "podinfo"),),
            destination_rule="podinfo",
            routes=("primary",),
            hosts=("podinfo.example.com",),
            gateways=("istio-system/public", "mesh"),
        ),
        port=9898,
        propagation=10.0,
        drain=30.0,
    ),
    strategy=Canary(
        steps=(
            WeightStep(0, 60.0),
            WeightStep(10, 120.0),
            WeightStep(50, 300.0),
            RampStep(to=500, by=50, every=60.0),
            ApprovalStep("release-managers", 86400.0, Fallback.ROLLBACK),
        ),
        bake=Bake(600.0, 950),
        testers=(
            TesterMatch(headers=(ValueMatch("x-canary", MatchKind.EXACT, "always"),)),
            TesterMatch(headers=(ValueMatch("cookie", MatchKind.REGEX, "^(.*?;)?(canary=always)(;.*)?$"),)),
        ),
    ),
    gates=Gates(
        interval=15.0,
        compare=Compare(),
        limits=(
            Limit("success-rate", SuccessRateLimit(0.99), 100),
            Limit("p99", LatencyLimit(0.99, 0.5), 100),
        ),
        failure_limit=2,
        on_inconclusive=Fallback.HOLD,
        step_deadline=900.0,
        minimum_step=60.0,
        warm_up=30.0,
    ),
)


def test_the_example_is_a_release(release: dict[str, Any]) -> None:
    assert parse_release(release) == EXPECTED


def test_its_comments_show_the_defaults(release: dict[str, Any]) -> None:
    short = {**release, "spec": {**release["spec"]}}
    del short["spec"]["gates"]
    assert parse_release(short).gates == Gates(compare=Compare())
