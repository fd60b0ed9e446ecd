"""Deployments that cannot be released, and names that are none."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core.objects import Ref
from tests.workloads.shop import Shop, deployment

CLAIM: dict[str, Any] = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}


def claim(*modes: str) -> dict[str, Any]:
    metadata = {"name": "data", "namespace": "shop"}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": {"accessModes": list(modes)},
    }


def problem(shop: Shop) -> str:
    return shop.template.problem


def test_an_ordinary_deployment_has_none() -> None:
    assert problem(Shop(deployment())) == ""


def test_one_workload_name_for_every_revision() -> None:
    template = deployment()
    template["spec"]["template"]["metadata"]["labels"]["service.istio.io/workload-name"] = "podinfo"
    assert problem(Shop(template)) == (
        "Deployment shop/podinfo: its pods are labelled service.istio.io/workload-name, so the mesh would report every "
        "revision as one; take the label away"
    )


@pytest.mark.parametrize("field", ["containers", "initContainers"])
def test_a_port_of_the_node(field: str) -> None:
    container = {"name": "podinfo", "image": "x", "ports": [{"containerPort": 80, "hostPort": 8080}]}
    spec: dict[str, Any] = {field: [container]}
    assert problem(Shop(deployment(**spec))) == (
        "Deployment shop/podinfo: container podinfo has hostPort 8080, which pods of two revisions cannot both have on "
        "a node; take it away"
    )


def test_the_network_of_the_node() -> None:
    container = {"name": "podinfo", "image": "x", "ports": [{"containerPort": 80, "hostPort": 80}]}
    assert problem(Shop(deployment(containers=[container], hostNetwork=True))).endswith("set hostNetwork to false")


@pytest.mark.parametrize("mode", ["ReadWriteOnce", "ReadWriteOncePod"])
def test_a_claim_that_two_revisions_cannot_share(mode: str) -> None:
    assert problem(Shop(deployment(**CLAIM), claim(mode))) == (
        f"Deployment shop/podinfo: volume v is the claim data with access mode {mode}, which pods of two revisions "
        "cannot share; use a claim with ReadWriteMany, or take it away"
    )


@pytest.mark.parametrize("modes", [("ReadWriteMany",), ("ReadOnlyMany",), ("ReadWriteOnce", "ReadWriteMany")])
def test_a_claim_that_can_be_shared(modes: tuple[str, ...]) -> None:
    assert problem(Shop(deployment(**CLAIM), claim(*modes))) == ""


def test_a_claim_that_is_not_there_is_for_the_pods_to_say() -> None:
    shop = Shop(deployment(**CLAIM))
    assert problem(shop) == ""
    assert Ref("v1", "PersistentVolumeClaim", "shop", "data") in shop.workload.reads(shop.release, shop.found)


def test_a_claim_for_each_pod_is_nobody_elses() -> None:
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    assert problem(Shop(deployment(volumes=[{"name": "v", "ephemeral": {"volumeClaimTemplate": template}}]))) == ""


def test_a_deployment_that_is_not_there() -> None:
    seen = Shop().seen
    assert seen.template is None
    assert seen.missing == "spec.workload.deployment: there is no Deployment shop/podinfo; create it"


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_something_else_of_that_name(kind: str) -> None:
    shop = Shop(deployment() | {"kind": kind})
    assert Ref("apps/v1", kind, "shop", "podinfo") in shop.workload.reads(shop.release, shop.found)
    assert shop.seen.missing == (
        f"spec.workload.deployment: shop/podinfo is a {kind}, and only Deployments can be released; name a Deployment"
    )


def test_other_kinds_are_not_asked_for_where_the_deployment_is_there() -> None:
    shop = Shop(deployment())
    kinds = {ref.kind for ref in shop.workload.reads(shop.release, shop.found)}
    assert kinds == {"Deployment"}


def service(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "podinfo", "namespace": "shop"}
    ports = [{"name": "http", "port": 80}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports, **spec}}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"selector": {"app": "podinfo", "version": "v1"}},
            (
                "it selects pods with version=v1, which those of Deployment shop/podinfo are not labelled; use the "
                "same labels, and none that changes with the version"
            ),
        ),
        ({}, "it has no selector, so no pod of a revision is behind it; give it the pods' labels"),
        (
            {"selector": {"app": "podinfo"}, "ports": [{"port": 80, "targetPort": "web"}]},
            "targetPort web names no port of Deployment shop/podinfo, which has http; use one of them",
        ),
    ],
)
def test_a_service_behind_which_no_pod_would_be(spec: dict[str, Any], words: str) -> None:
    """Ready pods that are none of the Service's endpoints: each request to their subset would be a 503."""
    container = {"name": "podinfo", "image": "x", "ports": [{"name": "http", "containerPort": 80}]}
    assert problem(Shop(deployment(containers=[container]), service(**spec))) == f"Service shop/podinfo: {words}"


@pytest.mark.parametrize(
    "spec",
    [
        {"selector": {"app": "podinfo"}},
        {"selector": {"app": "podinfo", "sluice.dev/revision": "abc"}},
        {"type": "ExternalName"},
        {"selector": {"app": "podinfo"}, "ports": [{"port": 80, "targetPort": "proxy"}]},
        {
            "selector": {"app": "podinfo"},
            "ports": [{"port": 80, "targetPort": 8080}, {"port": 9, "targetPort": "nope"}],
        },
    ],
)
def test_a_service_that_finds_them(spec: dict[str, Any]) -> None:
    sidecar = {"name": "p", "image": "p", "restartPolicy": "Always", "ports": [{"name": "proxy", "containerPort": 1}]}
    assert problem(Shop(deployment(initContainers=[sidecar]), service(**spec))) == ""
