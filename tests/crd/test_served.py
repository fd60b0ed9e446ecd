"""The definition on an API server: posted, used, and its subresources."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.core import status as core
from controller.core.traffic import Weights
from controller.crd import status_from_wire, status_to_wire
from controller.crd.definition import release_crd
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import MERGE_PATCH, ApiError, Client

Object = dict[str, Any]
RELEASES = "/apis/sluice.dev/v1alpha1/namespaces/shop/releases"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
async def api() -> AsyncIterator[EmbeddedApi]:
    async with EmbeddedApi() as served:
        yield served


@pytest.fixture
async def client(api: EmbeddedApi) -> AsyncIterator[Client]:
    async with Client(api.connection, "crd-test") as opened:
        await opened.create(CRDS, release_crd())
        await opened.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        yield opened


async def test_the_definition_is_taken_and_established(client: Client) -> None:
    crd = await client.get(f"{CRDS}/releases.sluice.dev")
    conditions = {entry["type"]: entry["status"] for entry in crd["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


async def test_the_example_comes_back_as_it_was_written(client: Client, release: Object) -> None:
    created = await client.create(RELEASES, release)
    assert created["spec"] == release["spec"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"weight": 5}, "steps[0].weight"),
        ({"weight": "5%", "for": "1d"}, "steps[0].for"),
        ({"approval": "ops", "for": "5m"}, "for means nothing without weight"),
        ({"weight": "5%", "for": "721h"}, "it must be from 0s to 720h"),
        ({}, "give exactly one of weight, ramp or approval"),
    ],
)
async def test_a_bad_spec_is_refused_with_its_field(client: Client, release: Object, step: Object, words: str) -> None:
    release["spec"]["strategy"]["canary"]["steps"][0] = step
    with pytest.raises(ApiError) as refused:
        await client.create(RELEASES, release)
    assert refused.value.code == 422
    assert words in refused.value.message


async def test_a_status_is_kept_whole(client: Client, release: Object) -> None:
    created = await client.create(RELEASES, release)
    status = core.Status(
        observed_generation=1,
        phase=core.Phase.PROGRESSING,
        phase_since=1767323045.123,
        stable=core.Revision("abc", "podinfo-abc", ("podinfo:1",), 3, 3),
        candidate=core.Revision("def", "podinfo-def", ("podinfo:2",), 1, 1),
        step=core.StepStatus(index=1, count=5, wanted=Weights.split("abc", "def", 10), measured=core.Measured(9, 1000)),
        gates=(core.GateStatus("p99", 0.48, "at most 500ms", 1204, core.Verdict.PASS, pool_bad=1.5),),
        conditions=(core.Condition("Ready", core.Truth.FALSE, "Progressing", "1% since 12:00", 1767323045.0, 1),),
        message="waits until 12:05",
        replicas=3,
        selector="app=podinfo",
    )
    created["status"] = status_to_wire(status)
    stored = await client.replace(f"{RELEASES}/podinfo/status", created)
    assert status_from_wire(stored["status"]) == status
    assert stored["status"] == created["status"]


async def test_autoscalers_find_the_scale(client: Client, release: Object) -> None:
    release["spec"]["replicas"] = 4
    created = await client.create(RELEASES, release)
    created["status"] = status_to_wire(core.Status(replicas=4, selector="app=podinfo"))
    await client.replace(f"{RELEASES}/podinfo/status", created)
    scaled = await client.patch(f"{RELEASES}/podinfo/scale", {"spec": {"replicas": 6}}, MERGE_PATCH)
    assert (scaled["spec"], scaled["status"]) == ({"replicas": 6}, {"replicas": 4, "selector": "app=podinfo"})
    assert (await client.get(f"{RELEASES}/podinfo"))["spec"]["replicas"] == 6


async def test_without_a_first_number_there_is_nothing_to_scale(client: Client, release: Object) -> None:
    await client.create(RELEASES, release)
    with pytest.raises(ApiError, match=r"the spec replicas field .* does not exist"):
        await client.get(f"{RELEASES}/podinfo/scale")


async def test_people_see_the_columns(client: Client, release: Object) -> None:
    created = await client.create(RELEASES, copy.deepcopy(release))
    created["status"] = status_to_wire(
        core.Status(
            phase=core.Phase.WAITING,
            stable=core.Revision("abc"),
            candidate=core.Revision("def"),
            step=core.StepStatus(index=4, count=5, wanted=Weights.split("abc", "def", 500)),
            message="waits for an approval",
        )
    )
    await client.replace(f"{RELEASES}/podinfo/status", created)
    table = await client.request("GET", RELEASES, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "Phase", "Step", "Weight", "Stable", "Candidate", "Message", "Age"]
    (row,) = table["rows"]
    assert row["cells"][:7] == ["podinfo", "Waiting", "5/5", "50%", "abc", "def", "waits for an approval"]
