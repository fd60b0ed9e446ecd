"""The OpenAPI v3 documents that kubectl reads: an index, and one document for each group and version.

`kubectl apply` looks there for a patch operation with the kind and the fieldValidation parameter, `kubectl explain` for
the kind's schema, and some clients for merge keys. Built-in kinds are written by reference and without descriptions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from controller.sandbox.api.schema import builtins
from controller.sandbox.api.schema.tables import ATOMIC_OBJECTS, EXTENSIONS, KINDS, META_DEFINITIONS
from controller.sandbox.api.schema.wire import STRUCTS

Object = dict[str, Any]

_REFERENCE = "#/components/schemas/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_VERBS = {"get": "get", "put": "update", "patch": "patch", "delete": "delete", "post": "create"}
_PATCHES = ("apply-patch+yaml", "json-patch+json", "merge-patch+json", "strategic-merge-patch+json")
_WRITES = ("dryRun", "fieldManager", "fieldValidation")
_INTERNAL = frozenset(("x-go-type",))


class Served(Protocol):
    """What a document says of one served kind; `schema()` is asked only for custom ones."""

    @property
    def group(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def plural(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def namespaced(self) -> bool: ...
    @property
    def custom(self) -> bool: ...
    @property
    def verbs(self) -> Sequence[str]: ...
    @property
    def subresources(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def schema(self) -> Any: ...


def path_of(group: str, version: str) -> str:
    """Where a group and version live: `api/v1`, `apis/apps/v1`."""
    return f"apis/{group}/{version}" if group else f"api/{version}"


def index(documents: Mapping[str, Object]) -> Object:
    """The answer to /openapi/v3: `documents` by their path (`apis/apps/v1`); each hash changes with its document."""
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash(documents[path])}"} for path in documents
        }
    }


def _hash(document: Object) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest().upper()


def document(served: Iterable[Served], version: str = "unversioned") -> Object:
    """The document of one group and version; `served` are its kinds, `version` is the server's."""
    paths: Object = {}
    schemas = _Schemas()
    for kind in served:
        name = schemas.add_kind(kind)
        paths |= _paths(kind, name)
    schemas.add_definitions(("DeleteOptions", "Status", "ListMeta"))
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.found.items()))},
    }


class _Schemas:
    """The components of one document."""

    def __init__(self) -> None:
        self.found: Object = {_META + "Patch": {"type": "object"}}

    def add_kind(self, kind: Served) -> str:
        """The component's name, with its list and everything below added."""
        marker = [{"group": kind.group, "kind": kind.kind, "version": kind.version}]
        if kind.custom:
            name = ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind])
            self.found[name] = _custom(kind.schema()) | {"x-kubernetes-group-version-kind": marker}
            self.add_definitions(("ObjectMeta",))
        else:
            definition = _definition_of(kind)
            self.add_definitions((definition,))
            name = component_name(definition)
            self.found[name] = self.found[name] | {"x-kubernetes-group-version-kind": marker}
        items = {"type": "array", "items": {"$ref": _REFERENCE + name}}
        self.found[name + "List"] = {
            "type": "object",
            "required": ["items"],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {"$ref": f"{_REFERENCE}{_META}ListMeta"},
                "items": items,
            },
            "x-kubernetes-group-version-kind": [marker[0] | {"kind": f"{kind.kind}List"}],
        }
        return name

    def add_definitions(self, names: Iterable[str]) -> None:
        """Definitions of built-in kinds with all that they refer to."""
        todo = list(names)
        while todo:
            name = todo.pop()
            if component_name(name) in self.found:
                continue
            below: list[str] = []
            self.found[component_name(name)] = _builtin(name, below)
            todo += below


def _definition_of(kind: Served) -> str:
    wanted = (kind.group, kind.version, kind.kind)
    return next(entry.definition for entry in KINDS if entry[:3] == wanted)


def component_name(definition: str) -> str:
    """`ObjectMeta` -> `io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta`."""
    if definition in META_DEFINITIONS:
        return _META + definition
    return f"{_package(definition)}.{builtins.go_name(definition)}"


def _package(definition: str) -> str:
    return _packages().get(definition, "io.k8s.api.core.v1")


_found_packages: dict[str, str] = {}


def _packages() -> dict[str, str]:
    """The package of each definition: that of the first kind that leads to it, the core group's kinds first."""
    if not _found_packages:
        _claim("PodTemplateSpec", "io.k8s.api.core.v1")
        for entry in KINDS:
            base = entry.group.split(".")[0] or "core"
            package = f"io.k8s.api.{base}.{entry.version}"
            if entry.group == "apiextensions.k8s.io":
                package = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
            _claim(entry.definition, package)
    return _found_packages


def _claim(definition: str, package: str) -> None:
    todo = [definition]
    while todo:
        name = todo.pop()
        if name in _found_packages or name in META_DEFINITIONS:
            continue
        _found_packages[name] = package
        _builtin(name, todo)


def _builtin(name: str, below: list[str]) -> Object:
    """One definition with references instead of what it contains; their names are added to `below`."""

    def refer(other: str) -> Object:
        below.append(other)
        return {"$ref": other}

    raw = builtins.raw_definitions()[name]
    properties = {}
    for field, short in raw["fields"].items():
        shape = _public(builtins.shape(short, refer))
        qualified = f"{name}.{field}"
        extras: Object = dict(EXTENSIONS.get(qualified, {}))
        if qualified in STRUCTS or short == "ObjectMeta":
            extras["default"] = {}
        if extras and "$ref" in shape:
            shape = {"allOf": [shape]}
        if shape.get("type") == "array":
            extras.setdefault("x-kubernetes-list-type", "atomic")
        properties[field] = _named(shape) | extras
    out: Object = {"type": "object", "properties": properties}
    if "required" in raw:
        out["required"] = raw["required"]
    if name in ATOMIC_OBJECTS:
        out["x-kubernetes-map-type"] = "atomic"
    return out


def _named(shape: Any) -> Any:
    """The shape with its references as paths of components."""
    if isinstance(shape, dict):
        if "$ref" in shape:
            return {"$ref": _REFERENCE + component_name(shape["$ref"])}
        return {key: _named(value) for key, value in shape.items()}
    return [_named(item) for item in shape] if isinstance(shape, list) else shape


def _public(schema: Any) -> Any:
    """A schema without our own marks, and int-or-string as the published documents write it."""
    if isinstance(schema, list):
        return [_public(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-go-type") in ("IntOrString", "Quantity"):
        return {"oneOf": [{"type": "string"}, {"type": "number"}]}
    return {key: _public(value) for key, value in schema.items() if key not in _INTERNAL}


def _custom(schema: Object) -> Object:
    """A CRD's schema as it is published: with apiVersion, kind and metadata, and without what only CRDs know."""
    out: Object = _public(schema)
    properties = dict(out.get("properties", {}))
    properties["apiVersion"] = {"type": "string"}
    properties["kind"] = {"type": "string"}
    properties["metadata"] = {"allOf": [{"$ref": f"{_REFERENCE}{_META}ObjectMeta"}], "default": {}}
    return out | {"properties": properties}


def _paths(kind: Served, component: str) -> Object:
    base = f"/{path_of(kind.group, kind.version)}"
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    collection, item = f"{base}{scope}/{kind.plural}", f"{base}{scope}/{kind.plural}/{{name}}"
    paths: Object = {}
    if "list" in kind.verbs:
        paths[collection] = {"get": _operation(kind, "get", component + "List", action="list")}
        if kind.namespaced:
            paths[f"{base}/{kind.plural}"] = {"get": _operation(kind, "get", component + "List", action="list")}
    if "create" in kind.verbs:
        paths.setdefault(collection, {})["post"] = _operation(kind, "post", component)
    methods = [method for method, verb in _VERBS.items() if verb in kind.verbs and method != "post"]
    if methods:
        paths[item] = {method: _operation(kind, method, component) for method in methods}
    for name, verbs in kind.subresources.items():
        methods = [method for method, verb in _VERBS.items() if verb in verbs]
        paths[f"{item}/{name}"] = {method: _operation(kind, method, component) for method in methods}
    for path, operations in paths.items():
        names = [name for name in ("name", "namespace") if f"{{{name}}}" in path]
        operations["parameters"] = [_in_path(name) for name in names]
    return paths


def _in_path(name: str) -> Object:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}


def _operation(kind: Served, method: str, component: str, action: str = "") -> Object:
    answer = {"application/json": {"schema": {"$ref": _REFERENCE + component}}}
    operation: Object = {
        "responses": {"200": {"description": "OK", "content": answer}},
        "x-kubernetes-action": action or {"put": "put", "post": "post"}.get(method, method),
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
    }
    if method in ("post", "put", "patch"):
        names = [*_WRITES, "force"] if method == "patch" else _WRITES
        operation["parameters"] = [_in_query(name) for name in names]
        types = [f"application/{name}" for name in _patches(kind)] if method == "patch" else ["*/*"]
        body = _META + "Patch" if method == "patch" else component
        content = {name: {"schema": {"$ref": _REFERENCE + body}} for name in types}
        operation["requestBody"] = {"content": content, "required": True}
    return operation


def _patches(kind: Served) -> tuple[str, ...]:
    """What a kind can be patched with; kubectl reads here that custom resources take no strategic merge."""
    return tuple(name for name in _PATCHES if not (kind.custom and name.startswith("strategic")))


def _in_query(name: str) -> Object:
    return {
        "name": name,
        "in": "query",
        "schema": {"type": "boolean" if name == "force" else "string", "uniqueItems": True},
    }
