"""What is served, told to clients: the group list, each version's resources, and the two aggregated forms."""

from __future__ import annotations

from controller.sandbox.api.resources import Registry, Resource
from controller.sandbox.client import Object


def api_versions(address: str) -> Object:
    """``/api``."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def groups(registry: Registry) -> Object:
    """``/apis``."""
    found = [_group(name, versions) for name, versions in registry.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(registry: Registry, name: str) -> Object | None:
    """``/apis/GROUP``; None when it is not served."""
    versions = registry.groups().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions else None


def _group(name: str, versions: list[str]) -> Object:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resources(registry: Registry, group_name: str, version: str) -> Object | None:
    """``/apis/GROUP/VERSION`` or ``/api/v1``; None when it is not served."""
    found = registry.of_version(group_name, version)
    if found is None:
        return None
    listed = [entry for resource in found for entry in _entries(resource)]
    group_version = f"{group_name}/{version}" if group_name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def _entries(resource: Resource) -> list[Object]:
    main: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        main["shortNames"] = list(resource.short_names)
    if resource.categories:
        main["categories"] = list(resource.categories)
    return [main, *(_subentry(resource, name, verbs) for name, verbs in resource.subresources.items())]


def _subentry(resource: Resource, name: str, verbs: tuple[str, ...]) -> Object:
    entry: Object = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(verbs),
    }
    if name == "scale":
        entry |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    return entry


def aggregated(registry: Registry, discovery_version: str, *, core: bool) -> Object:
    """``/api`` (``core``) or ``/apis`` as one APIGroupDiscoveryList of ``v2`` or ``v2beta1``."""
    items = []
    for name, versions in registry.groups().items():
        if bool(name) == core:
            continue
        listed = [
            {"version": version, "resources": _discovered(registry, name, version), "freshness": "Current"}
            for version in versions
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": listed})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{discovery_version}",
        "metadata": {},
        "items": items,
    }


def _discovered(registry: Registry, group_name: str, version: str) -> list[Object]:
    found = []
    for resource in registry.of_version(group_name, version) or []:
        entry: Object = {
            "resource": resource.plural,
            "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "singularResource": resource.singular,
            "verbs": list(resource.verbs),
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        if resource.subresources:
            entry["subresources"] = [_discovered_sub(resource, *pair) for pair in resource.subresources.items()]
        found.append(entry)
    return found


def _discovered_sub(resource: Resource, name: str, verbs: tuple[str, ...]) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    if name == "scale":
        kind = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    return {"subresource": name, "responseKind": kind, "verbs": list(verbs)}
