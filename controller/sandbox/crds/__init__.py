"""The sandbox's own definitions of foreign kinds: Istio's, Gateway API's and KEDA's.

Names, short names, categories, columns and subresources are the real ones; the schemas keep every field and check none,
because the sandbox judges manifests by what Envoy makes of them. Versions share one storage, without conversion.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["foreign_crds"]

_AGE = "Age:date=.metadata.creationTimestamp"
_CONDITION = '.status.conditions[?(@.type=="{}")].status'
_APPROVAL = "api-approved.kubernetes.io"


class _Kind(NamedTuple):
    """One row: versions with the stored one first; columns as `Name:type=path`, Age apart.

    A `+` before the kind: its objects have no namespace.
    """

    group: str
    versions: str
    kind: str
    plural: str
    short_names: str
    categories: str
    columns: tuple[str, ...] = ()
    status: bool = True
    age: bool = True


_ISTIO = "networking.istio.io"
_ISTIO_VERSIONS = "v1 v1beta1 v1alpha3"
_ISTIO_ALL = "istio-io networking-istio-io"
_GATEWAY = "gateway.networking.k8s.io"

_KINDS = (
    _Kind(
        *(_ISTIO, _ISTIO_VERSIONS, "VirtualService", "virtualservices", "vs", _ISTIO_ALL),
        ("Gateways:string=.spec.gateways", "Hosts:string=.spec.hosts"),
    ),
    _Kind(
        *(_ISTIO, _ISTIO_VERSIONS, "DestinationRule", "destinationrules", "dr", _ISTIO_ALL),
        ("Host:string=.spec.host",),
    ),
    _Kind(_ISTIO, _ISTIO_VERSIONS, "Gateway", "gateways", "gw", _ISTIO_ALL, age=False),
    _Kind(
        *(_ISTIO, _ISTIO_VERSIONS, "ServiceEntry", "serviceentries", "se", _ISTIO_ALL),
        ("Hosts:string=.spec.hosts", "Location:string=.spec.location", "Resolution:string=.spec.resolution"),
    ),
    _Kind(_ISTIO, _ISTIO_VERSIONS, "Sidecar", "sidecars", "", _ISTIO_ALL, age=False),
    _Kind(
        *("security.istio.io", "v1 v1beta1", "PeerAuthentication", "peerauthentications", "pa"),
        "istio-io security-istio-io",
        ("Mode:string=.spec.mtls.mode",),
    ),
    _Kind(
        *("telemetry.istio.io", "v1 v1alpha1", "Telemetry", "telemetries", "telemetry"),
        "istio-io telemetry-istio-io",
    ),
    _Kind(
        *(_GATEWAY, "v1", "+GatewayClass", "gatewayclasses", "gc", "gateway-api"),
        ("Controller:string=.spec.controllerName", f"Accepted:string={_CONDITION.format('Accepted')}"),
    ),
    _Kind(
        *(_GATEWAY, "v1", "Gateway", "gateways", "gtw", "gateway-api"),
        (
            "Class:string=.spec.gatewayClassName",
            "Address:string=.status.addresses[*].value",
            f"Programmed:string={_CONDITION.format('Programmed')}",
        ),
    ),
    _Kind(
        *(_GATEWAY, "v1 v1beta1", "HTTPRoute", "httproutes", "", "gateway-api"),
        ("Hostnames:string=.spec.hostnames",),
    ),
    _Kind(
        *(_GATEWAY, "v1", "GRPCRoute", "grpcroutes", "", "gateway-api"),
        ("Hostnames:string=.spec.hostnames",),
    ),
    _Kind(_GATEWAY, "v1beta1", "ReferenceGrant", "referencegrants", "refgrant", "gateway-api", status=False),
    _Kind(
        *("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", "so", ""),
        (
            "ScaleTargetKind:string=.status.scaleTargetKind",
            "ScaleTargetName:string=.spec.scaleTargetRef.name",
            "Min:integer=.spec.minReplicaCount",
            "Max:integer=.spec.maxReplicaCount",
            f"Ready:string={_CONDITION.format('Ready')}",
            f"Active:string={_CONDITION.format('Active')}",
        ),
    ),
)


def foreign_crds() -> list[dict[str, Any]]:
    """A new CustomResourceDefinition for each foreign kind, as plain dicts that a real API server accepts too."""
    return [_definition(kind) for kind in _KINDS]


def _definition(row: _Kind) -> dict[str, Any]:
    kind = row.kind.removeprefix("+")
    names: dict[str, Any] = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": row.plural,
        "singular": kind.lower(),
    }
    if row.short_names:
        names["shortNames"] = row.short_names.split()
    if row.categories:
        names["categories"] = row.categories.split()
    metadata: dict[str, Any] = {"name": f"{row.plural}.{row.group}"}
    if row.group.endswith(".k8s.io"):
        metadata["annotations"] = {_APPROVAL: "unapproved, a stand-in for the published definition"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": row.group,
            "names": names,
            "scope": "Cluster" if row.kind.startswith("+") else "Namespaced",
            "conversion": {"strategy": "None"},
            "versions": [_version(row, name, stored=i == 0) for i, name in enumerate(row.versions.split())],
        },
    }


def _version(row: _Kind, name: str, *, stored: bool) -> dict[str, Any]:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema: dict[str, Any] = {"type": "object", "properties": {"spec": dict(anything)}}
    version: dict[str, Any] = {"name": name, "served": True, "storage": stored}
    if row.status:
        schema["properties"]["status"] = dict(anything)
        version["subresources"] = {"status": {}}
    version["schema"] = {"openAPIV3Schema": schema}
    columns = [_column(column) for column in (*row.columns, *([_AGE] if row.age else []))]
    if columns:
        version["additionalPrinterColumns"] = columns
    return version


def _column(text: str) -> dict[str, str]:
    name, _, rest = text.partition(":")
    kind, _, path = rest.partition("=")
    return {"name": name, "type": kind, "jsonPath": path}
