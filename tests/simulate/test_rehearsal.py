"""A release with nothing in its way: the plan's weights in order, in the least time, with the controller's objects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.core.objects import FoundObjects
from controller.core.plan import plan
from controller.core.release import Gates, Release
from controller.crd import parse_release
from controller.routers import router_of
from controller.simulate import ObjectCluster, Rehearsal, Stuck, rehearse
from tests.stage import NAME, NAMESPACE, Stage, deployment, staged
from tests.stage import release as on_stage

EXAMPLES = sorted((Path(__file__).parents[2] / "manifests" / "examples").glob("*.yaml"))
QUICK = next(path for path in EXAMPLES if path.name == "quick.yaml")


def service(**spec: Any) -> dict[str, Any]:
    metadata = {"name": NAME, "namespace": NAMESPACE}
    ports = {"selector": {"app": NAME}, "ports": [{"name": "http", "port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": ports | spec}


def rehearsed(release: Release, *more: dict[str, Any]) -> Rehearsal:
    ports = {"ports": [{"name": "http", "port": release.traffic.port or 80}]}
    cluster = ObjectCluster([deployment("x:1"), service(**ports), *more])
    return rehearse(release, cluster, deployment("x:2")["spec"]["template"])


def example(path: Path) -> Release:
    return parse_release(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_goes_through_its_plan(path: Path) -> None:
    release = example(path)
    found = rehearsed(release)
    steps = plan(release)
    assert [stage.step for stage in found.stages] == [*steps, None]
    assert [stage.traffic.weights[found.candidate] for stage in found.stages] == [*(one.weight for one in steps), 1000]
    for stage in found.stages[:-1]:
        assert stage.step is not None
        assert stage.left - stage.in_effect >= stage.step.duration
    times = [moment for stage in found.stages for moment in (stage.entered, stage.in_effect, stage.left)]
    assert times == sorted(times)
    assert times[-1] == found.seconds


def test_without_gates_a_release_takes_its_steps_and_the_mesh_s_time() -> None:
    """Each step waits for the mesh once to learn of it, the first one for its subset as well."""
    release = replace(example(QUICK), gates=Gates(none=True, minimum_step=10))
    steps = plan(release)
    learning = release.traffic.propagation * (len(steps) + 2)
    assert rehearsed(release).seconds == sum(step.duration for step in steps) + learning


def test_a_paused_release_is_rehearsed_as_if_it_were_not() -> None:
    release = example(QUICK)
    assert rehearsed(replace(release, paused=True)).seconds == rehearsed(release).seconds


def test_objects_in_the_way_are_named() -> None:
    metadata = {"name": NAME, "namespace": NAMESPACE}
    routes = [{"route": [{"destination": {"host": "other"}}]}]
    virtual_service = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata,
        "spec": {"hosts": [NAME], "http": routes},
    }
    with pytest.raises(Stuck, match="also goes to other"):
        rehearsed(example(QUICK), virtual_service)


def written(objects: dict[tuple[str, str, str], Any]) -> dict[tuple[str, str, str], Any]:
    """The specs of what a controller writes."""
    kinds = ("VirtualService", "DestinationRule", "Deployment")
    return {key: one["spec"] for key, one in objects.items() if key[0] in kinds}


def on_the_api(stage: Stage) -> dict[tuple[str, str, str], Any]:
    tables = ("virtualservices.networking.istio.io", "destinationrules.networking.istio.io", "deployments.apps")
    found = [one for table in tables for one in stage.objects(table)]
    return written({(one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]): one for one in found})


def without_defaults(found: Any, wanted: Any) -> Any:
    """What was found, without fields that only the API server added to what was wanted."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {key: without_defaults(value, wanted[key]) for key, value in found.items() if key in wanted}
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [without_defaults(one, other) for one, other in zip(found, wanted, strict=True)]
    return found


async def test_the_objects_are_those_of_a_real_controller() -> None:
    """Over HTTP, at the same step: the whole spec of every object, revisions' names included."""
    async with staged() as stage:
        await stage.idle()
        await stage.push("x:2")
        await stage.until(lambda: stage.share("x:2") == 50)
        there = on_the_api(stage)
    at_half = next(one for one in rehearsed(parse_release(on_stage())).stages if one.index == 1)
    here = written(at_half.objects)
    assert here.keys() == there.keys()
    for key, spec in here.items():
        assert without_defaults(there[key], spec) == spec, key


def test_what_was_written_needs_no_further_write() -> None:
    release = example(QUICK)
    found = rehearsed(release)
    again = ObjectCluster(found.after.values())
    _, routes = again.see(release, found.seconds)
    assert dict(routes.weights) == {found.candidate: 1000}
    assert router_of(release).see(release, FoundObjects(found.after.values())).problems == ()
