"""A CRD's additionalPrinterColumns: cells by JSONPath, as apiextensions' table convertor makes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from controller.sandbox.api.resources import Column
from controller.sandbox.api.tables.cells import AGE, NAME, age
from controller.sandbox.api.tables.jsonpath import BadPath, compile_path
from controller.sandbox.client import Object

_DEFAULT = (Column("Age", AGE.read, type="date"),)


def printer_columns(wanted: list[Object] | None) -> tuple[Column, ...]:
    """The name, then the columns that a CRD's version asks for; its age where it asks for none."""
    if not wanted:
        return (NAME, *_DEFAULT)
    return (NAME, *(_column(entry) for entry in wanted))


def _column(entry: Object) -> Column:
    return Column(
        entry["name"],
        _reader(entry["jsonPath"], entry["type"]),
        entry["type"],
        entry.get("format", ""),
        entry.get("priority", 0),
        entry.get("description") or "Custom resource definition column (in JSONPath format): " + entry["jsonPath"],
    )


def _reader(path: str, kind: str) -> Callable[[Object, float], Any]:
    try:
        find = compile_path(path)
    except BadPath:  # said when the CRD was posted; a column that slipped through is empty
        return lambda _item, _now: None

    def read(item: Object, now: float) -> Any:
        found = find(item)
        return _cell(found[0], kind, now) if found else None

    return read


def _cell(value: Any, kind: str, now: float) -> Any:
    """One value as a cell of a column's type; None where it does not fit."""
    if kind == "string":
        return value if isinstance(value, str) else _text(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "integer":
        return int(value) if number else None
    if kind == "number":
        return value if number else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "date" and isinstance(value, str):
        try:
            return age(value, now)
        except ValueError:
            return "<invalid>"
    return None


def _text(value: Any) -> str:
    if isinstance(value, dict | list | bool):
        return json.dumps(value, separators=(",", ":"), sort_keys=True)
    return "<nil>" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
