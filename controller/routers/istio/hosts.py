"""Host names, namespaces and gateways as Istio reads them in its objects."""

from __future__ import annotations

from controller.core.objects import Object, namespace
from controller.routers.istio.names import DOMAIN, MESH

EXACT = 1000
"""More than any wildcard says: host names have at most 253 characters."""
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
    """Whether sidecars may obey this VirtualService for ``host``."""
    spec = virtual_service.get("spec") or {}
    return MESH in (spec.get("gateways") or [MESH]) and closeness(virtual_service, host) > 0


def closeness(virtual_service: Object, host: str) -> int:
    """How much the hosts of a VirtualService say about ``host``: EXACT for itself, less by wildcards, 0 for nothing."""
    hosts = (virtual_service.get("spec") or {}).get("hosts") or []
    patterns = [in_full(str(entry), namespace(virtual_service)) for entry in hosts]
    found = (EXACT if pattern == host else len(pattern) for pattern in patterns if covers(pattern, host))
    return max(found, default=0)
