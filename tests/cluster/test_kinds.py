from __future__ import annotations

import pytest

from controller.cluster.kinds import Kind, Resource, where

DEPLOYMENTS = Resource("apps", "v1", "Deployment", "deployments", True)
NAMESPACES = Resource("", "v1", "Namespace", "namespaces", False)


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        ("apps/v1", "Deployment", Kind("apps", "Deployment", "v1")),
        ("v1", "Service", Kind("", "Service", "v1")),
        ("networking.istio.io/v1beta1", "VirtualService", Kind("networking.istio.io", "VirtualService", "v1beta1")),
    ],
)
def test_a_kind_from_a_manifest(api_version: str, kind: str, expected: Kind) -> None:
    assert Kind.of(api_version, kind) == expected
    assert Kind.of_object({"apiVersion": api_version, "kind": kind}) == expected


@pytest.mark.parametrize(
    ("resource", "place", "expected"),
    [
        (DEPLOYMENTS, ("shop", "a", ""), "/apis/apps/v1/namespaces/shop/deployments/a"),
        (DEPLOYMENTS, ("shop", "a", "status"), "/apis/apps/v1/namespaces/shop/deployments/a/status"),
        (DEPLOYMENTS, ("shop", "", ""), "/apis/apps/v1/namespaces/shop/deployments"),
        (DEPLOYMENTS, ("", "", ""), "/apis/apps/v1/deployments"),
        (NAMESPACES, ("", "shop", ""), "/api/v1/namespaces/shop"),
        (NAMESPACES, ("", "a/../b?", ""), "/api/v1/namespaces/a%2F..%2Fb%3F"),
    ],
)
def test_paths(resource: Resource, place: tuple[str, str, str], expected: str) -> None:
    assert resource.path(*place) == expected


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "text"),
    [(NAMESPACES, "shop", "a", "cluster-scoped"), (DEPLOYMENTS, "", "a", "name its namespace")],
)
def test_a_namespace_that_does_not_fit_is_no_request(resource: Resource, namespace: str, name: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        resource.path(namespace, name)


def test_names_for_people() -> None:
    assert str(Kind("apps", "Deployment", "v1")) == DEPLOYMENTS.label == "Deployment.apps"
    assert str(Kind("", "Pod")) == "Pod"
    assert DEPLOYMENTS.api_version == "apps/v1"
    assert NAMESPACES.api_version == "v1"
    assert where("Deployment", "shop", "a") == "Deployment shop/a"
    assert where("Deployment", "shop") == "Deployment shop/*"
    assert where("Namespace", "", "shop") == "Namespace shop"
    assert where("Deployment") == "Deployment *"
