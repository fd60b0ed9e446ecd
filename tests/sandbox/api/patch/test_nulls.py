"""Nulls in custom resources: a write drops those that mean nothing, an apply has them refused. The same is asked of a
real API server where KUBEBUILDER_ASSETS names one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from controller.sandbox.client import ApiError, Client

Object = dict[str, Any]

ITEM = {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}, "value": {"type": "string"}}}
SPEC = {
    "size": {"type": "integer", "default": 2},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"], "items": ITEM},
    "note": {"type": "string", "nullable": True},
    "port": {"x-kubernetes-int-or-string": True},
    "free": {"x-kubernetes-preserve-unknown-fields": True},
}
Write = Callable[[str, Object], Awaitable[Object]]


@pytest.fixture
async def path(crd: Callable[..., Object], establish: Callable[..., Awaitable[str]], namespace: str) -> str:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": SPEC}}}
    return await establish(crd(schema), namespace)


def widget(path: str, name: str, spec: Object) -> Object:
    api_version = "/".join(path.split("/")[2:4])
    return {"apiVersion": api_version, "kind": "Widget", "metadata": {"name": name}, "spec": spec}


async def test_a_create_drops_them(client: Client, path: str) -> None:
    spec = {"size": None, "labels": None, "items": [{"key": "a", "value": None}], "note": None, "free": None}
    made = await client.create(path, widget(path, "w", {**spec, "port": None}))
    assert made["spec"] == {"size": 2, "items": [{"key": "a"}], "note": None}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"labels": None}, 'spec.labels in body must be of type object: "null"'),
        ({"labels": {"a": None}}, 'spec.labels.a in body must be of type string: "null"'),
        ({"items": None}, 'spec.items in body must be of type array: "null"'),
        ({"items": [{"key": "a", "value": None}]}, 'in body must be of type string: "null"'),
        ({"port": None}, 'spec.port in body must be of type integer,string: "null"'),
    ],
)
async def test_an_apply_has_them_refused(client: Client, path: str, spec: Object, told: str) -> None:
    with pytest.raises(ApiError) as caught:
        await client.apply(f"{path}/w", widget(path, "w", spec), manager="m")
    assert (caught.value.code, told in str(caught.value)) == (422, True), caught.value


async def test_an_apply_may_name_those_that_mean_something(client: Client, path: str) -> None:
    spec = {"size": None, "note": None, "free": None}
    made = await client.apply(f"{path}/w", widget(path, "w", spec), manager="m")
    assert made["spec"] == {"size": 2, "note": None}


async def test_an_object_that_an_apply_empties_is_null(client: Client, path: str) -> None:
    await client.apply(f"{path}/w", widget(path, "w", {"labels": {"a": "1"}}), manager="m")
    with pytest.raises(ApiError, match=r"spec\.labels in body must be of type object"):
        await client.apply(f"{path}/w", widget(path, "w", {"labels": {}}), manager="m")
    left = await client.apply(f"{path}/w", widget(path, "w", {}), manager="m")
    assert left["spec"] == {"size": 2}
