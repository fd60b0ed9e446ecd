"""Every field that users may write changes what the core is told."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from controller.core.release import Compare, Gates, IstioRouting, ManagedWorkload, ObjectRef, Routing
from controller.crd import parse_release

Object = dict[str, Any]

PROMETHEUS = {"name": "cart", "prometheus": {"query": "up", "min": 1, "max": 2}, "minRequests": 5}

# The place in the schema -> (where to change it in the full spec, another value for it).
CHANGES: dict[str, tuple[str, Any]] = {
    "replicas": ("replicas", 7),
    "workload.deployment": ("workload.deployment", "other"),
    "workload.progressDeadline": ("workload.progressDeadline", "11m"),
    "workload.capacity": ("workload.capacity", "full"),
    "workload.keepPrevious": ("workload.keepPrevious", "1h"),
    "traffic.service": ("traffic.service", "other"),
    "traffic.port": ("traffic.port", 81),
    "traffic.propagation": ("traffic.propagation", "11s"),
    "traffic.drain": ("traffic.drain", "31s"),
    "traffic.unsplit": ("traffic.unsplit", "allow"),
    "traffic.istio.virtualService": ("traffic.istio.virtualService", ["podinfo", "a/b"]),
    "traffic.istio.routes[]": ("traffic.istio.routes", ["other"]),
    "traffic.istio.destinationRule": ("traffic.istio.destinationRule", "other"),
    "traffic.istio.hosts[]": ("traffic.istio.hosts", ["other"]),
    "traffic.istio.gateways[]": ("traffic.istio.gateways", ["mesh"]),
    **{
        f"strategy.canary.testers[].{part}{{}}.{kind}": (f"strategy.canary.testers[0].{part}", {"x": {kind: value}})
        for part in ("headers", "queryParams")
        for kind, value in (("exact", "v"), ("prefix", "v"), ("regex", "v"), ("present", True))
    },
    "strategy.canary.steps[].weight": ("strategy.canary.steps[1].weight", "2%"),
    "strategy.canary.steps[].for": ("strategy.canary.steps[1].for", "3m"),
    "strategy.canary.steps[].ramp.to": ("strategy.canary.steps[3].ramp.to", "45%"),
    "strategy.canary.steps[].ramp.by": ("strategy.canary.steps[3].ramp.by", "9%"),
    "strategy.canary.steps[].ramp.every": ("strategy.canary.steps[3].ramp.every", "2m"),
    "strategy.canary.steps[].approval": ("strategy.canary.steps[4].approval", "others"),
    "strategy.canary.steps[].timeout": ("strategy.canary.steps[4].timeout", "1h"),
    "strategy.canary.steps[].onTimeout": ("strategy.canary.steps[4].onTimeout", "hold"),
    "strategy.canary.bake.weight": ("strategy.canary.bake.weight", "90%"),
    "strategy.canary.bake.for": ("strategy.canary.bake.for", "11m"),
    "gates.interval": ("gates.interval", "16s"),
    "gates.compare.errors.relative": ("gates.compare.errors.relative", 1.2),
    "gates.compare.errors.absolute": ("gates.compare.errors.absolute", "0.2%"),
    "gates.compare.latency.relative": ("gates.compare.latency.relative", 1.2),
    "gates.compare.latency.absolute": ("gates.compare.latency.absolute", "0.2%"),
    "gates.compare.falseAlarm": ("gates.compare.falseAlarm", "1%"),
    "gates.compare.budget": ("gates.compare.budget", "1%"),
    "gates.compare.none": ("gates.compare", {"none": True}),
    "gates.limits[].name": ("gates.limits[0].name", "other"),
    "gates.limits[].successRate.min": ("gates.limits[0].successRate.min", "98%"),
    "gates.limits[].latency.quantile": ("gates.limits[1].latency.quantile", 0.9),
    "gates.limits[].latency.max": ("gates.limits[1].latency.max", "1s"),
    "gates.limits[].requestRate.min": ("gates.limits[2].requestRate.min", 6),
    "gates.limits[].prometheus.query": ("gates.limits[3].prometheus.query", "down"),
    "gates.limits[].prometheus.min": ("gates.limits[3].prometheus.min", 0),
    "gates.limits[].prometheus.max": ("gates.limits[3].prometheus.max", 3),
    "gates.limits[].minRequests": ("gates.limits[0].minRequests", 101),
    "gates.failureLimit": ("gates.failureLimit", 3),
    "gates.onInconclusive": ("gates.onInconclusive", "rollback"),
    "gates.stepDeadline": ("gates.stepDeadline", "16m"),
    "gates.minimumStep": ("gates.minimumStep", "61s"),
    "gates.warmUp": ("gates.warmUp", "31s"),
    "gates.none": ("gates", {"none": True}),
    "paused": ("paused", True),
}


@pytest.fixture
def full(release: Object) -> Object:
    """The example with the fields that it leaves out."""
    release["spec"]["replicas"] = 3
    release["spec"]["gates"]["limits"] += [{"name": "rate", "requestRate": {"min": 5}}, copy.deepcopy(PROMETHEUS)]
    return release


def leaves(schema: Object, path: str) -> list[str]:
    if "properties" in schema:
        return [leaf for name, child in schema["properties"].items() for leaf in leaves(child, f"{path}.{name}")]
    if "additionalProperties" in schema:
        return leaves(schema["additionalProperties"], path + "{}")
    if "items" in schema:
        return leaves(schema["items"], path + "[]")
    return [path.removeprefix(".")]


def test_no_field_of_the_schema_is_left_out(schema: Object) -> None:
    assert sorted(leaves(schema["properties"]["spec"], "")) == sorted(CHANGES)


@pytest.mark.parametrize("place", CHANGES)
def test_every_wire_field_reaches_the_core(full: Object, place: str) -> None:
    path, value = CHANGES[place]
    other = copy.deepcopy(full)
    here: Any = other["spec"]
    *before, last = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    for part in before:
        here = here[part]
    assert here.get(last) != value
    here[last] = value
    assert parse_release(other) != parse_release(full)


def minimal(**sections: Any) -> Object:
    spec = {
        "workload": {"deployment": "podinfo"},
        "traffic": {"service": "podinfo", "istio": {}},
        "strategy": {"canary": {"steps": [{"weight": "5%"}]}},
    }
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Release",
        "metadata": {"name": "podinfo", "namespace": "shop"},
        "spec": {**spec, **sections},
    }


def test_what_is_not_written_takes_the_cores_defaults() -> None:
    release = parse_release(minimal())
    assert release.workload == ManagedWorkload("podinfo")
    router = IstioRouting((ObjectRef("shop", "podinfo"),), "podinfo")
    assert release.traffic == Routing("podinfo", router)
    assert release.gates == Gates(compare=Compare())
    assert (release.replicas, release.paused) == (None, False)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"successRate": {"min": "99%"}}, 100),
        ({"latency": {"quantile": 0.5, "max": "1s"}}, 100),
        ({"requestRate": {"min": 1}}, 0),
        ({"prometheus": {"query": "up", "min": 1}}, 0),
        ({"prometheus": {"query": "up", "min": 1}, "minRequests": 7}, 7),
    ],
)
def test_the_default_sample_depends_on_the_limit(limit: Object, expected: int) -> None:
    release = parse_release(minimal(gates={"limits": [{"name": "a", **limit}]}))
    assert release.gates.limits[0].min_requests == expected


def test_names_without_a_namespace_are_in_the_releases_own() -> None:
    traffic = {"service": "podinfo", "istio": {"virtualService": ["a", "public/b"]}}
    router = parse_release(minimal(traffic=traffic)).traffic.router
    assert router.virtual_services == (ObjectRef("shop", "a"), ObjectRef("public", "b"))
