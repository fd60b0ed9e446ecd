"""The schemas of the built-in kinds: what server-side apply and pruning need is there, and it loads lazily."""

from __future__ import annotations

import pytest

from controller.sandbox.api.schema import builtins
from controller.sandbox.api.schema.tables import ATOMIC_OBJECTS, EXTENSIONS, INT64, MICRO_TIMES, QUANTITIES
from controller.sandbox.api.schema.wire import KEPT_LISTS, NOT_ALWAYS, NULLS, POINTERS, SCALARS, STRUCTS


def at(kind: tuple[str, str, str], *path: str) -> builtins.Schema:
    schema = builtins.schema(*kind)
    for name in path:
        schema = schema["items"] if name == "[]" else schema["properties"][name]
    return schema


DEPLOYMENT = ("apps", "v1", "Deployment")
POD = ("template", "spec")


def test_every_kind_has_a_schema() -> None:
    for kind in builtins.kinds():
        schema = builtins.schema(kind.group, kind.version, kind.kind)
        assert schema["type"] == "object"
        assert "metadata" in schema["properties"], kind


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        builtins.schema("apps", "v1", "Nonsense")


def test_merge_keys_and_list_types() -> None:
    containers = at(DEPLOYMENT, "spec", *POD, "containers")
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    ports = at(DEPLOYMENT, "spec", *POD, "containers", "[]", "ports")
    assert ports["x-kubernetes-patch-merge-key"] == "containerPort"
    assert ports["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    assert ports["items"]["properties"]["protocol"]["default"] == "TCP"
    assert at(DEPLOYMENT, "spec", "strategy")["x-kubernetes-patch-strategy"] == "retainKeys"
    assert at(DEPLOYMENT, "spec", "selector")["x-kubernetes-map-type"] == "atomic"
    assert "x-kubernetes-list-type" not in at(DEPLOYMENT, "spec", *POD, "tolerations")


def test_widths_and_unions() -> None:
    assert at(DEPLOYMENT, "spec", "replicas")["format"] == "int32"
    assert at(DEPLOYMENT, "status", "observedGeneration")["format"] == "int64"
    assert at(("", "v1", "Service"), "spec", "ports", "[]", "targetPort")["x-kubernetes-int-or-string"]
    limits = at(DEPLOYMENT, "spec", *POD, "containers", "[]", "resources", "limits")
    assert limits["additionalProperties"]["x-kubernetes-int-or-string"]


def test_definitions_are_shared_and_may_contain_themselves() -> None:
    assert at(DEPLOYMENT, "spec", *POD) is at(("apps", "v1", "StatefulSet"), "spec", *POD)
    schema = builtins.definition("JSONSchemaProps")
    assert schema["properties"]["not"] is schema


def test_the_tables_name_only_fields_that_there_are() -> None:
    definitions = builtins.raw_definitions()
    tables = (EXTENSIONS, INT64, MICRO_TIMES, QUANTITIES, POINTERS, STRUCTS, SCALARS, NULLS, KEPT_LISTS, NOT_ALWAYS)
    for table in tables:
        for entry in table:
            definition, _, field = entry.partition(".")
            assert field in definitions[definition]["fields"], entry
    assert set(definitions) >= ATOMIC_OBJECTS
