"""The OpenAPI documents hold what kubectl looks for: the kinds, their fields, and how each may be patched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from controller.sandbox.api.schema import builtins, openapi
from controller.sandbox.api.schema.tables import KINDS

Object = dict[str, Any]
_ALL = ("create", "delete", "get", "list", "patch", "update", "watch")
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."


@dataclass(frozen=True)
class Kind:
    """A served kind."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    custom: bool = False
    verbs: Sequence[str] = _ALL
    subresources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    own_schema: Object = field(default_factory=dict)

    def schema(self) -> Object:
        return self.own_schema


DEPLOYMENT = Kind("apps", "v1", "deployments", "Deployment", subresources={"status": ("get", "patch", "update")})
WIDGET = Kind(
    "example.com",
    "v1",
    "widgets",
    "Widget",
    custom=True,
    own_schema={
        "type": "object",
        "properties": {"spec": {"type": "object", "description": "What is wanted.", "nullable": True}},
    },
)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (item for name, item in value.items() if name == "$ref" and isinstance(item, str))
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


@pytest.mark.parametrize(("group", "path"), [("", "api/v1"), ("apps", "apis/apps/v1")])
def test_path_of(group: str, path: str) -> None:
    assert openapi.path_of(group, "v1") == path


def test_index_has_a_hash_that_changes_with_the_document() -> None:
    def address(document: Object) -> str:
        url: str = openapi.index({"apis/apps/v1": document})["paths"]["apis/apps/v1"]["serverRelativeURL"]
        return url

    assert address({"a": 1}).startswith("/openapi/v3/apis/apps/v1?hash=")
    assert address({"a": 1}) == address({"a": 1})
    assert address({"a": 1}) != address({"a": 2})


def test_every_reference_leads_somewhere() -> None:
    for group, version in {(entry.group, entry.version) for entry in KINDS}:
        kinds = [
            Kind(entry.group, entry.version, entry.kind.lower() + "s", entry.kind)
            for entry in KINDS
            if (entry.group, entry.version) == (group, version)
        ]
        document = json.loads(json.dumps(openapi.document([*kinds, WIDGET])))
        components = document["components"]["schemas"]
        assert {name.removeprefix("#/components/schemas/") for name in references(document)} <= components.keys()


def test_a_built_in_kind() -> None:
    document = openapi.document([DEPLOYMENT], "v1.34.0")
    assert document["info"] == {"title": "Kubernetes", "version": "v1.34.0"}
    schemas = document["components"]["schemas"]
    deployment = schemas["io.k8s.api.apps.v1.Deployment"]
    marker = {"group": "apps", "kind": "Deployment", "version": "v1"}
    assert deployment["x-kubernetes-group-version-kind"] == [marker]
    assert deployment["properties"].keys() == builtins.raw_definitions()["Deployment"]["fields"].keys()
    ports = schemas["io.k8s.api.core.v1.Container"]["properties"]["ports"]
    assert ports["x-kubernetes-list-type"] == "map"
    assert ports["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    assert ports["x-kubernetes-patch-merge-key"] == "containerPort"
    assert schemas["io.k8s.api.apps.v1.DeploymentList"]["properties"]["items"]["items"] == {
        "$ref": "#/components/schemas/io.k8s.api.apps.v1.Deployment"
    }
    assert "x-go-type" not in json.dumps(document)


def test_paths_and_what_they_take() -> None:
    paths = openapi.document([DEPLOYMENT])["paths"]
    one = "/apis/apps/v1/namespaces/{namespace}/deployments"
    assert paths.keys() == {one, f"{one}/{{name}}", f"{one}/{{name}}/status", "/apis/apps/v1/deployments"}
    assert paths[one]["get"]["x-kubernetes-action"] == "list"
    patch = paths[f"{one}/{{name}}"]["patch"]
    assert {item["name"] for item in patch["parameters"]} == {"dryRun", "fieldManager", "fieldValidation", "force"}
    assert set(patch["requestBody"]["content"]) == {
        f"application/{name}-patch+{form}"
        for name, form in (("apply", "yaml"), ("json", "json"), ("merge", "json"), ("strategic-merge", "json"))
    }
    assert "post" not in paths[f"{one}/{{name}}/status"]


def test_only_the_verbs_of_a_kind() -> None:
    reviews = Kind("authorization.k8s.io", "v1", "x", "Lease", namespaced=False, verbs=("create",), custom=True)
    paths = openapi.document([reviews])["paths"]
    assert {path: set(operations) - {"parameters"} for path, operations in paths.items()} == {
        "/apis/authorization.k8s.io/v1/x": {"post"}
    }


def test_a_custom_kind() -> None:
    document = openapi.document([WIDGET])
    widget = document["components"]["schemas"]["com.example.v1.Widget"]
    assert widget["properties"]["spec"] == {"type": "object", "description": "What is wanted.", "nullable": True}
    assert widget["properties"]["metadata"]["allOf"] == [{"$ref": f"#/components/schemas/{_META}ObjectMeta"}]
    assert "metadata" not in WIDGET.own_schema["properties"]
    patch = document["paths"]["/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]
