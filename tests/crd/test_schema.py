"""What real API servers refuse in a CRD, and what Sluice promises of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from controller.crd.definition import definitions, release_crd
from controller.crd.record import record_crd

Object = dict[str, Any]

# Structural schemas, OpenAPI 3.0: Kubernetes, "Specifying a structural schema".
REFUSED = {
    *("$ref", "$defs", "definitions", "$schema", "$id", "const", "discriminator", "examples", "example", "prefixItems"),
    *("patternProperties", "propertyNames", "dependencies", "if", "then", "else", "contains", "title", "deprecated"),
    *("anyOf", "oneOf", "allOf", "not", "uniqueItems", "default", "nullable", "readOnly", "writeOnly", "id"),
    *("additionalItems", "unevaluatedProperties", "multipleOf"),
}


def nodes(schema: Object, path: str = "") -> Iterator[tuple[str, Object]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for part, sign in (("items", "[]"), ("additionalProperties", "{}")):
        if part in schema:
            yield from nodes(schema[part], path + sign)


def test_no_keyword_is_used_that_servers_refuse(schema: Object) -> None:
    for path, node in nodes(schema):
        assert not REFUSED & set(node), path
        if "x-kubernetes-preserve-unknown-fields" not in node:
            assert isinstance(node["type"], str), path
        assert not ("properties" in node and "additionalProperties" in node), path
        for bound in ("exclusiveMinimum", "exclusiveMaximum"):
            assert isinstance(node.get(bound, True), bool), path


def test_only_the_virtual_service_is_free_of_a_type(schema: Object) -> None:
    free = [path for path, node in nodes(schema) if "type" not in node]
    assert free == [".spec.traffic.istio.virtualService"]


def test_every_list_map_and_string_has_a_maximum(schema: Object) -> None:
    for path, node in nodes(schema):
        if not path.startswith((".spec", ".status")):
            continue
        if node.get("type") == "array":
            assert "maxItems" in node, path
        if node.get("type") == "string":
            assert "maxLength" in node or "enum" in node, path
        if "additionalProperties" in node:
            assert "maxProperties" in node, path


def test_patterns_are_of_re2(schema: Object) -> None:
    patterns = [node["pattern"] for _, node in nodes(schema) if "pattern" in node]
    assert patterns
    for pattern in patterns:
        re.compile(pattern)
        assert "(?" not in pattern, f"{pattern} looks around, which servers refuse"


def test_keys_of_list_maps_are_required(schema: Object) -> None:
    maps = {path: node for path, node in nodes(schema) if node.get("x-kubernetes-list-type") == "map"}
    assert set(maps) == {".spec.gates.limits", ".status.conditions"}
    for path, node in maps.items():
        assert set(node["x-kubernetes-list-map-keys"]) <= set(node["items"]["required"]), path


def test_sets_are_of_scalars(schema: Object) -> None:
    sets = [node for _, node in nodes(schema) if node.get("x-kubernetes-list-type") == "set"]
    assert sets
    assert {node["items"]["type"] for node in sets} == {"string"}


def test_no_field_is_named_like_one_of_yamls_booleans(schema: Object) -> None:
    names = {name.lower() for _, node in nodes(schema) for name in node.get("properties", {})}
    assert not names & {"on", "off", "yes", "no", "y", "n", "true", "false", "null"}


def test_every_field_is_described(schema: Object) -> None:
    bare = [
        path
        for path, node in nodes(schema)
        if path.startswith((".spec", ".status")) and not path.endswith(("[]", "{}")) and not node.get("description")
    ]
    assert bare == []


def test_every_rule_says_one_thing(schema: Object) -> None:
    rules = [(node, rule) for _, node in nodes(schema) for rule in node.get("x-kubernetes-validations", [])]
    assert len(rules) > 10
    for node, rule in rules:
        assert "\n" not in rule["message"]
        assert len(rule["message"]) < 2048
        if "fieldPath" in rule:
            assert rule["fieldPath"].removeprefix(".") in node["properties"]


def test_words_of_cel_are_escaped_in_rules(schema: Object) -> None:
    rules = [rule["rule"] for _, node in nodes(schema) for rule in node.get("x-kubernetes-validations", [])]
    assert any("has(self.__for__)" in rule for rule in rules)
    assert not any("self.for" in rule for rule in rules)


def test_numbers_have_formats_that_servers_know(schema: Object) -> None:
    formats = {node.get("format") for _, node in nodes(schema) if node.get("type") == "integer"}
    assert formats == {"int32", "int64"}


def test_the_definition_around_it() -> None:
    crd = release_crd()
    spec = crd["spec"]
    assert crd["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}" == "releases.sluice.dev"
    assert spec["names"]["shortNames"] == ["rel"]
    (version,) = spec["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert definitions() == [crd, record_crd()]


def test_columns_and_scale_name_fields_that_are_there(schema: Object) -> None:
    (version,) = release_crd()["spec"]["versions"]
    paths = {path for path, _ in nodes(schema)}
    columns = {column["name"]: column["jsonPath"] for column in version["additionalPrinterColumns"]}
    assert list(columns) == ["Phase", "Step", "Weight", "Stable", "Candidate", "Message", "Age"]
    assert {path for path in columns.values() if not path.startswith(".metadata")} <= paths
    assert set(version["subresources"]) == {"status", "scale"}
    assert set(version["subresources"]["scale"].values()) <= paths


@pytest.mark.parametrize("field", ["versions", "sticky", "webhooks", "notify", "mirror"])
def test_what_is_not_built_is_not_in_the_schema(schema: Object, field: str) -> None:
    assert not [path for path, _ in nodes(schema["properties"]["spec"]) if path.endswith(f".{field}")]
