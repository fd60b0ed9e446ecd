"""Host names, namespaces and gateways as Istio reads them in its objects."""

from __future__ import annotations

from controller.core.objects import Object, namespace
from controller.routers.istio.names import DOMAIN, MESH

EVERYBODY: frozenset[str] = frozenset({"*"})


def in_full(host: str, where: str) -> str:
    """A host as an object of namespace ``where`` means it: without a dot it is a Service of that namespace."""
    return host if "." in host or "*" in host else f"{host}.{where}.svc.{DOMAIN}"


def covers(pattern: str, host: str) -> bool:
    """Whether a host, or a wildcard such as ``*.shop.svc.cluster.local`` or ``*``, speaks of the exact ``host``."""
    return host.endswith(pattern[1:]) if pattern.startswith("*") else pattern == host


def exported(obj: Object) -> frozenset[str]:
    """The namespaces that see an object, ``*`` for all. The mesh's own default is not known here and taken for all."""
    listed = (obj.get("spec") or {}).get("exportTo") or ["*"]
    spaces = frozenset(namespace(obj) if entry == "." else str(entry) for entry in listed)
    return EVERYBODY if "*" in spaces else spaces


def sees(spaces: frozenset[str], where: str) -> bool:
    """Whether an object exported to ``spaces`` is seen in the namespace ``where``."""
    return "*" in spaces or where in spaces


def includes(wider: frozenset[str], narrower: frozenset[str]) -> bool:
    """Whether everybody who sees the one sees the other."""
    return "*" in wider or narrower <= wider


def overlap(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether anybody sees both."""
    return "*" in one or "*" in other or bool(one & other)


def answers_in_mesh(virtual_service: Object, host: str) -> bool:
    """Whether sidecars obey this VirtualService for ``host``."""
    spec = virtual_service.get("spec") or {}
    if MESH not in (spec.get("gateways") or [MESH]):
        return False
    return any(covers(in_full(str(entry), namespace(virtual_service)), host) for entry in spec.get("hosts") or [])
