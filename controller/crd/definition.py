"""The CustomResourceDefinition of a Release, made of the models that parse it."""

from __future__ import annotations

from typing import Any

from controller.crd.envelope import definition
from controller.crd.parse import KIND
from controller.crd.record import record_crd
from controller.crd.schema import structural
from controller.crd.status.model import StatusModel
from controller.crd.status.models import DERIVED, MOVED, Status
from controller.crd.wire import Spec

_COLUMNS = (
    ("Phase", "string", ".status.phase", "Where the release stands.", 0),
    ("Step", "string", ".status.step.position", "The step in progress and how many there are.", 0),
    ("Weight", "string", ".status.weight", "The candidate's wanted share of requests.", 0),
    ("Stable", "string", ".status.stable.revision", "The revision that was promoted last.", 0),
    ("Candidate", "string", ".status.candidate.revision", "The revision that is being released.", 0),
    ("Message", "string", ".status.message", "What the release waits for.", 0),
    ("Age", "date", ".metadata.creationTimestamp", "Since when there is this Release.", 0),
)


def release_crd() -> dict[str, Any]:
    """The definition, as JSON to send to an API server."""
    schema = {
        "type": "object",
        "description": "One workload and how its new versions reach the users.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(Spec),
            "status": status_schema(),
        },
    }
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    return definition(KIND, "rel", _COLUMNS, schema, subresources={"status": {}, "scale": scale})


def definitions() -> list[dict[str, Any]]:
    """The definitions of every kind of ours."""
    return [release_crd(), record_crd()]


def status_schema() -> dict[str, Any]:
    """The schema of the status: the models', with its groups and with what is derived for people."""
    schema = structural(Status)
    properties: dict[str, Any] = {}
    for name, child in schema["properties"].items():
        if name not in MOVED:
            properties[name] = child
            continue
        group, member = MOVED[name]
        empty = {"type": "object", "description": f"What is known of the {_GROUPS[group]}.", "properties": {}}
        properties.setdefault(group, empty)["properties"][member] = child
    schema["properties"] = properties
    _add_derived(Status, schema)
    return schema


_GROUPS = {"template": "template", "failed": "template that was rolled back last"}


def _add_derived(model: type[StatusModel], schema: dict[str, Any]) -> None:
    for name, field in model.model_fields.items():
        child = _model_in(field.annotation)
        alias = str(field.alias or name)
        if child and alias in schema["properties"]:
            below = schema["properties"][alias]
            _add_derived(child, below.get("items", below))
    for name, description in DERIVED.get(model, {}).items():
        schema["properties"][name] = {"type": "string", "maxLength": 317, "description": description}


def _model_in(annotation: Any) -> type[StatusModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, StatusModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)
