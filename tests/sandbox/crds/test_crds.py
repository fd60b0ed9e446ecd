"""The foreign kinds' names are the real ones, and every definition is one that an API server accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.sandbox.crds import foreign_crds
from tests.documents import documents

_PUBLISHED = Path(__file__).parents[4] / "shared" / "crds"


def by_name() -> dict[str, dict[str, Any]]:
    return {crd["metadata"]["name"]: crd for crd in foreign_crds()}


@pytest.mark.parametrize(
    ("name", "kind", "versions", "short_names"),
    [
        ("virtualservices.networking.istio.io", "VirtualService", ["v1", "v1beta1", "v1alpha3"], ["vs"]),
        ("destinationrules.networking.istio.io", "DestinationRule", ["v1", "v1beta1", "v1alpha3"], ["dr"]),
        ("gateways.networking.istio.io", "Gateway", ["v1", "v1beta1", "v1alpha3"], ["gw"]),
        ("serviceentries.networking.istio.io", "ServiceEntry", ["v1", "v1beta1", "v1alpha3"], ["se"]),
        ("sidecars.networking.istio.io", "Sidecar", ["v1", "v1beta1", "v1alpha3"], None),
        ("peerauthentications.security.istio.io", "PeerAuthentication", ["v1", "v1beta1"], ["pa"]),
        ("telemetries.telemetry.istio.io", "Telemetry", ["v1", "v1alpha1"], ["telemetry"]),
        ("gatewayclasses.gateway.networking.k8s.io", "GatewayClass", ["v1"], ["gc"]),
        ("gateways.gateway.networking.k8s.io", "Gateway", ["v1"], ["gtw"]),
        ("httproutes.gateway.networking.k8s.io", "HTTPRoute", ["v1", "v1beta1"], None),
        ("grpcroutes.gateway.networking.k8s.io", "GRPCRoute", ["v1"], None),
        ("referencegrants.gateway.networking.k8s.io", "ReferenceGrant", ["v1beta1"], ["refgrant"]),
        ("scaledobjects.keda.sh", "ScaledObject", ["v1alpha1"], ["so"]),
    ],
)
def test_names(name: str, kind: str, versions: list[str], short_names: list[str] | None) -> None:
    spec = by_name()[name]["spec"]
    assert spec["names"]["kind"] == kind
    assert spec["names"].get("shortNames") == short_names
    assert [version["name"] for version in spec["versions"]] == versions
    assert [version["storage"] for version in spec["versions"]] == [True] + [False] * (len(versions) - 1)


def test_each_call_gives_new_objects() -> None:
    foreign_crds()[0]["spec"]["group"] = "changed"
    assert foreign_crds()[0]["spec"]["group"] == "networking.istio.io"


@pytest.mark.parametrize("file", ["istio.yaml", "gateway-api.yaml"])
def test_like_the_published(file: str) -> None:
    if not (_PUBLISHED / file).is_file():
        pytest.skip(f"the published definitions {_PUBLISHED / file} are not on this machine")
    for published in filter(None, documents((_PUBLISHED / file).read_text())):
        ours = by_name()[published["metadata"]["name"]]
        for field in ("group", "scope", "names"):
            assert ours["spec"][field] == published["spec"][field]
        stored = [version["name"] for version in published["spec"]["versions"] if version["storage"]]
        assert stored == [ours["spec"]["versions"][0]["name"]]
        versions = {version["name"]: version for version in ours["spec"]["versions"]}
        for version in published["spec"]["versions"]:
            assert version.get("subresources") == versions[version["name"]].get("subresources")
            columns = [(c["name"], c["jsonPath"], c["type"]) for c in version.get("additionalPrinterColumns", [])]
            mine = versions[version["name"]].get("additionalPrinterColumns", [])
            assert columns == [(c["name"], c["jsonPath"], c["type"]) for c in mine]
