"""Tables, as `kubectl get` shows them, and PartialObjectMetadata."""

from __future__ import annotations

from collections.abc import Iterable

from controller.sandbox.api.content import Form
from controller.sandbox.api.resources import Column, Resource
from controller.sandbox.api.tables.pods import pod_conditions
from controller.sandbox.client import Object


def table(items: Iterable[Object], resource: Resource, form: Form, now: float, metadata: Object) -> Object:
    """``items`` (in the resource's version) as a meta.k8s.io Table; ``now`` in Unix seconds."""
    columns = resource.columns
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns],
        "rows": [_row(item, resource, form, now) for item in items],
    }


def partial(item: Object, form: Form) -> Object:
    """The object's metadata alone."""
    version = f"meta.k8s.io/{form.version}"
    return {"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": item["metadata"]}


def _definition(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(item: Object, resource: Resource, form: Form, now: float) -> Object:
    row: Object = {"object": None, "cells": [column.read(item, now) for column in resource.columns]}
    if resource.table == "pods" and (conditions := pod_conditions(item)):
        row["conditions"] = conditions
    if form.include == "Object":
        row["object"] = item
    elif form.include == "Metadata":
        row["object"] = partial(item, form)
    return row
