"""podinfo in two versions: what most of the mesh's tests send requests to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from controller.sandbox.mesh import GatewayClient, PlainClient, SidecarClient
from tests.sandbox.mesh.backends import Object, metadata

PLAIN = PlainClient("shop")
BATCH = SidecarClient("batch", "shop", {"app": "batch"})
PUBLIC = GatewayClient("istio-system/public")
VERSIONS = {"v1": {"version": "v1"}, "v2": {"version": "v2"}}
GATEWAY: Object = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Gateway",
    "metadata": metadata("public", "istio-system"),
    "spec": {"servers": [{"port": {"number": 80, "protocol": "HTTP", "name": "http"}, "hosts": ["*"]}]},
}


def to(subset: str, host: str = "podinfo", **more: Any) -> Object:
    return {"route": [{"destination": {"host": host, "subset": subset}}], **more}


def when(subset: str, **match: Any) -> Object:
    return {"match": [match], **to(subset)}


def labelled(found: list[tuple[dict[str, str], float]], *names: str) -> Counter[tuple[str, ...]]:
    counted: Counter[tuple[str, ...]] = Counter()
    for labels, value in found:
        counted[tuple(labels[name] for name in names)] += int(value)
    return counted
