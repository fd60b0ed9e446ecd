"""The structural OpenAPI schema of a model, as the API server takes it.

pydantic writes JSON Schema of 2020-12; the API server knows the structural subset of OpenAPI 3.0. So: references are
inlined, Optional is an absent field, a constant is an enum of one, exclusive bounds are booleans; titles, defaults and
``additionalProperties: false`` go (unknown fields are dropped by the server, and refused by kubectl and lint).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

_KEPT = (
    *("description", "type", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "exclusiveMinimum"),
    *("maximum", "exclusiveMaximum", "minItems", "maxItems", "minProperties", "maxProperties", "required"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-preserve-unknown-fields"),
    "x-kubernetes-validations",
)
"""What goes into the schema, in the order in which it is written; what a node contains comes last."""
_INT64 = 2**63 - 1


def structural(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of ``model``, without references; fields stand in the order of the models."""
    source = model.model_json_schema(by_alias=True)
    return _convert(source, source.get("$defs", {}))


def _convert(source: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    source = _resolved(source, definitions)
    result = {key: source[key] for key in _KEPT if key in source and not key.startswith("exclusive")}
    if "description" in result:
        result["description"] = " ".join(result["description"].split())
    if "const" in source:
        result["enum"] = [source["const"]]
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if exclusive in source:
            result[bound], result[exclusive] = source[exclusive], True
    if result.get("type") == "integer":
        result.setdefault("format", "int32" if result.get("maximum", _INT64) < 2**31 else "int64")
    result = {key: result[key] for key in _KEPT if key in result}
    if "items" in source:
        result["items"] = _convert(source["items"], definitions)
    if "properties" in source:
        result["properties"] = {name: _convert(child, definitions) for name, child in source["properties"].items()}
    elif isinstance(source.get("additionalProperties"), dict):
        result["additionalProperties"] = _convert(source["additionalProperties"], definitions)
    return result


def _resolved(source: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Without the reference and the "or null" around what is meant; a description beside them wins over the inner."""
    while True:
        beside = {key: value for key, value in source.items() if key not in ("$ref", "anyOf", "default", "title")}
        if "$ref" in source:
            inner = definitions[source["$ref"].rpartition("/")[2]]
        elif "anyOf" in source:
            # Only Optional makes an anyOf here; a choice of types would be no structural schema.
            (inner,) = [choice for choice in source["anyOf"] if choice.get("type") != "null"]
        else:
            return source
        source = {**inner, **beside}
