"""The comparison's series: counted out at a scrape, bounded in number, gone with the release."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest
from prometheus_client import generate_latest

from controller.core.analysis import AtStep, Kept, Settings, observe, start
from controller.core.decide import Decision
from controller.core.observed import Counts, Look
from controller.core.release import Canary, Compare, Gates, IstioRouting, ManagedWorkload, Release, Routing, WeightStep
from controller.core.status import Drift, Phase, Revision, Status, StepStatus, Unrouted
from controller.reconcile import series
from controller.telemetry import Telemetry

BEGIN = 1_700_000_000.0
RELEASE = Release(
    namespace="shop",
    name="podinfo",
    workload=ManagedWorkload("podinfo"),
    traffic=Routing("podinfo", IstioRouting((), "podinfo")),
    strategy=Canary((WeightStep(100, 60),)),
    gates=Gates(compare=Compare()),
)


def status(looks: int) -> Status:
    """In the middle of a step, after so many looks: 1 % of the candidate's requests failed, none of stable's."""
    settings = Settings(look=15.0, warm_up=30.0)
    arm = Counts(1000.0, 0.0, (0.1, 0.25, inf), (990.0, 1000.0, 1000.0))
    state = start(settings, (arm,) * 120)
    for number in range(looks):
        look = Look(BEGIN + 15.0 * (number + 1), 15.0, replace(arm, errors=10.0), arm)
        state = observe(state, look, AtStep(0, 0.1, BEGIN))
    step = StepStatus(0, 1, "10%", routed_since=BEGIN, in_effect_since=BEGIN)
    revisions: dict[str, Any] = {"stable": Revision("a", "podinfo-a"), "candidate": Revision("b", "podinfo-b")}
    return Status(phase=Phase.PROGRESSING, step=step, evidence=Kept(state), **revisions)


def read(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    given = {"namespace": "shop", "name": "podinfo", **labels}
    return telemetry.registry.get_sample_value(f"sluice_compare_{name}", given)


def show(telemetry: Telemetry, now: Status) -> None:
    series.show(telemetry.releases, RELEASE, now, Decision(now, None), BEGIN + 600)


def test_the_excess_with_its_bounds_both_samples_and_the_evidence() -> None:
    telemetry = Telemetry()
    show(telemetry, status(2))
    assert read(telemetry, "excess_ratio", metric="errors", bound="estimate") == pytest.approx(0.01)
    lower = read(telemetry, "excess_ratio", metric="errors", bound="lower")
    upper = read(telemetry, "excess_ratio", metric="errors", bound="upper")
    assert lower is not None
    assert upper is not None
    assert lower < 0.01 < upper
    assert read(telemetry, "requests", metric="errors", arm="candidate") == 2000.0
    assert read(telemetry, "requests", metric="errors", arm="stable") == 2000.0
    assert read(telemetry, "bad_requests", metric="errors", arm="candidate") == 20.0
    harm = read(telemetry, "harm_ratio", metric="errors")
    assert harm is not None
    assert harm > 0.1
    assert read(telemetry, "good_ratio", metric="latency") == pytest.approx(0.05, rel=0.01)
    lines = [line for line in generate_latest(telemetry.registry).decode().splitlines() if line.startswith("sluice_co")]
    assert len(lines) == 2 * 9


def test_bounds_are_counted_out_at_a_scrape_only(monkeypatch: pytest.MonkeyPatch) -> None:
    telemetry, counted = Telemetry(), []

    def compared(*given: Any) -> None:
        counted.append(given)

    monkeypatch.setattr(series, "compared", compared)
    for looks in range(3):
        show(telemetry, status(looks))
    assert counted == []
    generate_latest(telemetry.registry)
    generate_latest(telemetry.registry)
    assert len(counted) == 1


@pytest.mark.parametrize("how", ["the release is over", "the Release is gone"])
def test_they_go(how: str) -> None:
    telemetry = Telemetry()
    show(telemetry, status(2))
    assert read(telemetry, "harm_ratio", metric="errors") is not None
    if how == "the release is over":
        show(telemetry, Status(phase=Phase.IDLE))
    else:
        telemetry.releases.drop("shop", "podinfo")
    assert read(telemetry, "harm_ratio", metric="errors") is None


def test_what_others_changed_is_counted_once_and_goes_with_the_release() -> None:
    telemetry = Telemetry()
    labels = {"namespace": "shop", "name": "podinfo", "subject": "Routes"}

    def counted() -> float | None:
        return telemetry.registry.get_sample_value("sluice_drifts_total", labels)

    first, second = (Drift("Routes", "VirtualService shop/podinfo", at=at) for at in (1.0, 2.0))
    one, ended = Status(drifts=(first,)), Status(drifts=(replace(first, ended=2.0), second))
    for before, after in ((Status(), one), (one, one), (one, ended), (ended, Status())):
        series.show(telemetry.releases, RELEASE, before, Decision(after, None), BEGIN)
    assert counted() == 2.0
    telemetry.releases.drop("shop", "podinfo")
    assert counted() is None


def test_requests_without_a_pod_are_shown_while_they_are_looked_at() -> None:
    telemetry = Telemetry()

    def shown() -> float | None:
        return telemetry.registry.get_sample_value("sluice_unrouted_requests", {"namespace": "shop", "name": "podinfo"})

    for unrouted, wanted in ((None, None), (Unrouted(0.1, 7.0), 7.0), (None, None), (Unrouted(0.1), 0.0)):
        show(telemetry, replace(status(0), unrouted=unrouted))
        assert shown() == wanted
    telemetry.releases.drop("shop", "podinfo")
    assert shown() is None
