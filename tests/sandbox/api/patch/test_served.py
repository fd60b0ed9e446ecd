"""The same requests as in recorded.json, sent to the embedded API over HTTP: its answers against the real server's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.sandbox.api import EmbeddedApi

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())
START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
TYPES = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
PATHS = {
    "gadget": "/apis/test.sluice.example/v1/namespaces/default/gadgets",
    "deployment": "/apis/apps/v1/namespaces/default/deployments",
    "service": "/api/v1/namespaces/default/services",
    "configmap": "/api/v1/namespaces/default/configmaps",
}
NULLS = "a custom resource's null is dropped, where the real server refuses what apply has emptied"
DIFFERENT = {  # from which step on the embedded API is known to answer otherwise, and why
    ("gadget", "shared fields stay until the last owner leaves"): (4, NULLS),
    ("gadget", "a map of objects"): (4, NULLS),
    ("gadget", "empty and null"): (0, NULLS),
    ("gadget", "status is another endpoint"): (4, NULLS),
    ("gadget", "json patches"): (36, "an update without resourceVersion is taken, also of a custom resource"),
    ("configmap", "tracking stopped with an empty list"): (1, "an empty managedFields is dropped before it is seen"),
}


class Clock:
    now = float(START)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def session(clock: Clock) -> AsyncIterator[aiohttp.ClientSession]:
    crd = RECORDED["crd"]
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": crd["schema"]},
    }
    names = {"kind": crd["kind"], "plural": crd["plural"]}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{crd['plural']}.{crd['group']}"},
        "spec": {"group": crd["group"], "scope": "Namespaced", "names": names, "versions": [version]},
    }
    async with EmbeddedApi(crds=[definition], clock=clock) as api:
        headers = {"Authorization": f"Bearer {api.connection.token}"}
        async with aiohttp.ClientSession(api.connection.url, headers=headers) as found:
            yield found


async def send(session: aiohttp.ClientSession, path: str, name: str, step: dict[str, Any]) -> tuple[int, Any]:
    params = {"fieldManager": step["manager"]} | ({"force": "true"} if step.get("force") else {})
    create = step["verb"] == "create"
    place = path if create else "/".join(filter(None, [path, name, step.get("subresource", "")]))
    headers = {"Content-Type": "application/json" if create else TYPES[step["verb"]]}
    data = json.dumps(step["body"]).encode()
    method = "POST" if create else "PATCH"
    async with session.request(method, place, data=data, headers=headers, params=params) as answer:
        return answer.status, await answer.json(content_type=None)


def stable(item: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from server to server; times in managedFields as the number of the step that set them."""
    for name in ("uid", "resourceVersion", "creationTimestamp", "generation"):
        item["metadata"].pop(name, None)
    for name in ("clusterIP", "clusterIPs"):
        item.get("spec", {}).pop(name, None)
    for entry in item["metadata"].get("managedFields", []):
        if isinstance(entry.get("time"), str) and entry["time"].startswith("2024-01-01T00:00:"):
            entry["time"] = int(entry["time"][-3:-1])
    return item


@pytest.mark.parametrize(
    "scenario", [pytest.param(one, id=f"{one['kind']}: {one['title']}") for one in RECORDED["scenarios"]]
)
async def test_as_the_real_server(session: aiohttp.ClientSession, clock: Clock, scenario: dict[str, Any]) -> None:
    steps = scenario["steps"]
    limit, _ = DIFFERENT.get((scenario["kind"], scenario["title"]), (len(steps), ""))
    name = steps[0]["body"]["metadata"]["name"]
    for number, step in enumerate(steps[:limit]):
        clock.now = float(START + number)
        code, answer = await send(session, PATHS[scenario["kind"]], name, step)
        about = f"step {number}, {step['verb']} {json.dumps(step['body'])}"
        assert code == step["code"], f"{about}: {answer}"
        if code < 300:
            assert stable(answer) == stable(json.loads(json.dumps(step["after"]))), about
        else:
            assert sorted(answer["message"].splitlines()) == sorted(step["message"].splitlines()), about
            assert answer.get("reason") == step["reason"], about
