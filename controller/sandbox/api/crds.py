"""CustomResourceDefinitions become served kinds; a deleted one takes its objects with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from controller.sandbox.api.definitions import CLEANUP, DEFINITIONS, established, is_established, stored_versions
from controller.sandbox.api.deletion import DeleteOptions, remove
from controller.sandbox.api.failure import Failure, qualified
from controller.sandbox.api.kinds import SCALE, STATUS
from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.api.resources import Reader, Resource, ScalePaths, version_priority
from controller.sandbox.api.state import State, normal
from controller.sandbox.api.store import Change
from controller.sandbox.api.tables.printer import printer_columns
from controller.sandbox.client import Object


def resources_of(crd: Object) -> list[Resource]:
    """The served versions of a CRD, each as a resource."""
    spec = crd["spec"]
    terminating = bool(crd["metadata"].get("deletionTimestamp"))
    return [_resource(spec, version, terminating) for version in spec["versions"] if version.get("served")]


def _resource(spec: Object, version: Object, terminating: bool) -> Resource:
    names = (spec.get("names") or {}) | {}
    group = spec["group"]
    subresources = version.get("subresources") or {}
    scale = subresources.get("scale")
    served: dict[str, tuple[str, ...]] = {}
    if subresources.get("status") is not None:
        served |= STATUS
    if scale is not None:
        served |= SCALE
    storage = next(other["name"] for other in spec["versions"] if other.get("storage"))
    webhook = (spec.get("conversion") or {}).get("strategy") == "Webhook"
    schema: Object = (version.get("schema") or {}).get("openAPIV3Schema") or _ANYTHING
    return Resource(
        group=group,
        version=version["name"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec.get("scope") == "Namespaced",
        singular=names.get("singular") or names["kind"].lower(),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=served,
        table=qualified(group, names["plural"]),
        schema=lambda: schema,
        columns=printer_columns(version.get("additionalPrinterColumns")),
        fields=_selectable(version),
        scale=None if scale is None else _scale_paths(scale),
        scale_texts=scale,
        custom=True,
        terminating=terminating,
        deprecation=_deprecation(spec, version),
        list_kind=names.get("listKind") or f"{names['kind']}List",
        to_storage=partial(_convert, f"{group}/{storage}", webhook),
        from_storage=partial(_convert, f"{group}/{version['name']}", webhook),
    )


def _deprecation(spec: Object, version: Object) -> str:
    """A deprecated version's own words, or which version of higher priority to use in its place."""
    if not version.get("deprecated"):
        return ""
    if version.get("deprecationWarning"):
        return str(version["deprecationWarning"])
    group, kind = spec["group"], spec["names"]["kind"]
    current = [other["name"] for other in spec["versions"] if other.get("served") and not other.get("deprecated")]
    best = min(current, key=version_priority, default=version["name"])
    use = f"; use {group}/{best} {kind}" if version_priority(best) < version_priority(version["name"]) else ""
    return f"{group}/{version['name']} {kind} is deprecated{use}"


_ANYTHING: Object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _convert(api_version: str, webhook: bool, item: Object) -> Object:
    """The item in another version: without a webhook only the version's name changes."""
    if item["apiVersion"] == api_version:
        return item
    if webhook:
        raise Failure(
            500,
            "InternalError",
            f"conversion of {item['kind']} to {api_version} needs a webhook, which the embedded API does not call: "
            "use the storage version, or conversion strategy None",
        )
    return {**item, "apiVersion": api_version}


def _selectable(version: Object) -> Mapping[str, Reader]:
    return {
        path["jsonPath"].lstrip("."): partial(_text_at, tuple(path["jsonPath"].lstrip(".").split(".")))
        for path in version.get("selectableFields") or []
    }


def _text_at(path: tuple[str, ...], item: Object) -> str:
    value: Any = item
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scale_paths(scale: Object) -> ScalePaths:
    def words(name: str) -> tuple[str, ...]:
        return tuple(filter(None, (scale.get(name) or "").split(".")))

    return ScalePaths(
        words("specReplicasPath"), words("statusReplicasPath"), words("labelSelectorPath"), selector_is_text=True
    )


def _served(crd: Object) -> tuple[Object, bool]:
    """What decides how a kind is served."""
    return crd["spec"], bool(crd["metadata"].get("deletionTimestamp"))


class Definitions:
    """Keeps the registry in step with the stored CRDs."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._terminating: dict[str, str] = {}  # table of a kind that goes -> its CRD's name
        self._listening: set[str] = set()
        state.store.listen(DEFINITIONS, self._changed)

    def _changed(self, change: Change) -> None:
        crd = change.new.object
        group, plural = crd["spec"]["group"], crd["spec"]["names"]["plural"]
        if change.deleted:
            self._terminating.pop(qualified(group, plural), None)
            self._state.registry.replace(group, plural, [])
            return
        if change.old is None or _served(change.old.object) != _served(crd):
            self._state.registry.replace(group, plural, resources_of(crd))
        if crd["metadata"].get("deletionTimestamp"):
            self._terminate(crd, qualified(group, plural))
        elif not is_established(crd) or stored_versions(crd) != crd["status"].get("storedVersions"):
            self._state.store.put(DEFINITIONS, normal(established(crd, self._state.timestamp())))

    def _terminate(self, crd: Object, table: str) -> None:
        """Delete the kind's objects; the CRD goes with the last of them."""
        state = self._state
        self._terminating[table] = crd["metadata"]["name"]
        if table not in self._listening:
            self._listening.add(table)
            state.store.listen(table, lambda change: self._finish(table) if change.deleted else None)
        resources = state.registry.of_table(table) or resources_of(crd)
        for _, row in list(state.store.rows(table)):
            remove(state, resources[0], row, DeleteOptions())
        self._finish(table)

    def _finish(self, table: str) -> None:
        name = self._terminating.get(table)
        if name is None or self._state.store.count(table):
            return
        row = self._state.store.get(DEFINITIONS, "", name)
        if row is None:
            return
        del self._terminating[table]
        crd: Object = duplicate(row.object)
        crd["metadata"]["finalizers"] = [word for word in crd["metadata"].get("finalizers") or [] if word != CLEANUP]
        if crd["metadata"]["finalizers"]:
            self._state.store.put(DEFINITIONS, normal(crd))
        else:
            self._state.store.delete(DEFINITIONS, normal(crd))
