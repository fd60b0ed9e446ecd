"""Host names as Istio reads them: short names, wildcards, visibility, and the domains a client may use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

CLUSTER_DOMAIN = "cluster.local"
MESH = "mesh"


def resolve(host: str, namespace: str) -> str:
    """A name without a dot belongs to ``namespace``; every other name, wildcards included, stays as it is."""
    if "." in host or "*" in host:
        return host
    return service_host(host, namespace)


def service_host(name: str, namespace: str) -> str:
    """The full host name of a Service."""
    return f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}"


def resolve_gateway(name: str, namespace: str) -> str:
    """``mesh`` or ``namespace/name``; a name alone means the namespace of the object that names it."""
    if name == MESH:
        return name
    if "/" in name:
        space, _, rest = name.partition("/")
        return f"{namespace if space == '.' else space}/{rest}"
    if "." not in name:
        return f"{namespace}/{name}"
    parts = name.split(".")
    return f"{parts[1]}/{parts[0]}"


def is_wildcard(host: str) -> bool:
    return host.startswith("*")


def matches(pattern: str, host: str) -> bool:
    """Whether ``host``, itself perhaps a wildcard, and ``pattern`` have names in common."""
    if is_wildcard(pattern) and is_wildcard(host):
        left, right = pattern[1:], host[1:]
        return left.endswith(right) or right.endswith(left)
    if is_wildcard(pattern):
        return host.endswith(pattern[1:])
    if is_wildcard(host):
        return pattern.endswith(host[1:])
    return pattern == host


def intersection(left: Iterable[str], right: Iterable[str]) -> list[str]:
    """The narrower host of each pair that has names in common, without repetition, in order."""
    right = list(right)
    found: dict[str, None] = {}
    for a in left:
        for b in right:
            if matches(a, b):
                narrower = a if not is_wildcard(a) or (is_wildcard(b) and len(a) >= len(b)) else b
                found[narrower] = None
    return list(found)


class HostSet:
    """Hosts to be looked up by an exact name."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = set(hosts)
        self._wildcards = sorted((host for host in self._hosts if is_wildcard(host)), key=len, reverse=True)

    def most_specific(self, host: str) -> str | None:
        """The one that says most about ``host``: the name itself, else the longest wildcard that matches."""
        if host in self._hosts:
            return host
        return next((wildcard for wildcard in self._wildcards if matches(wildcard, host)), None)


def export_set(export_to: Sequence[str] | None, namespace: str) -> frozenset[str]:
    """Namespaces that see an object: ``*`` for all, the empty set for the default (all), ``~`` for none."""
    return frozenset(namespace if entry == "." else entry for entry in export_to or ())


def visible(exported: frozenset[str], namespace: str) -> bool:
    return not exported or "*" in exported or namespace in exported


def domains(host: str, client_namespace: str) -> list[str]:
    """Every name a client in ``client_namespace`` may call a Service of this full host by."""
    suffix = f".svc.{CLUSTER_DOMAIN}"
    if not host.endswith(suffix):
        return [host]
    qualified = host.removesuffix(suffix)
    name, _, namespace = qualified.partition(".")
    found = [host, f"{qualified}.svc", qualified]
    if namespace == client_namespace:
        found.append(name)
    return found
