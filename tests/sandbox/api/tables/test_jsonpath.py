from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.api.tables.jsonpath import BadPath, compile_path
from controller.sandbox.api.tables.printer import printer_columns

ITEM = {
    "metadata": {"name": "x", "creationTimestamp": "1970-01-01T00:00:00Z", "annotations": {"a.b/c": "v"}},
    "spec": {"size": 3, "ratio": 0.5, "on": True, "list": [1, 2, 3], "map": {"k": "v"}},
    "status": {"conditions": [{"type": "A", "status": "no"}, {"type": "Ready", "status": "yes", "n": 2}]},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", [3]),
        ("{.spec.size}", [3]),
        ("$.spec.size", [3]),
        (".spec.none.deeper", []),
        (".metadata.annotations.a\\.b/c", ["v"]),
        (".metadata.annotations['a.b/c']", ["v"]),
        ('.metadata.annotations["a.b/c"]', ["v"]),
        (".spec.list[0]", [1]),
        (".spec.list[-1]", [3]),
        (".spec.list[9]", []),
        (".spec.list[*]", [1, 2, 3]),
        (".spec.list[1:]", [2, 3]),
        (".spec.map.*", ["v"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["yes"]),
        (".status.conditions[?(@.type=='Ready')].status", ["yes"]),
        (".status.conditions[?(@.n>1)].type", ["Ready"]),
        (".status.conditions[?(@.n)].type", ["Ready"]),
        (".status.conditions[*].type", ["A", "Ready"]),
        (".status.conditions[?(@.type!='Ready')].type", ["A"]),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    assert compile_path(path)(ITEM) == found


@pytest.mark.parametrize("path", [".a[", ".a[?(@.b==c)]", ".a b", ".a[?(b)]"])
def test_paths_that_cannot_be_read(path: str) -> None:
    with pytest.raises(BadPath):
        compile_path(path)


@pytest.mark.parametrize(
    ("path", "kind", "cell"),
    [
        (".spec.size", "integer", 3),
        (".spec.ratio", "integer", 0),
        (".spec.ratio", "number", 0.5),
        (".spec.on", "boolean", True),
        (".spec.size", "boolean", None),
        (".spec.on", "integer", None),
        (".metadata.name", "string", "x"),
        (".spec.size", "string", "3"),
        (".spec.on", "string", "true"),
        (".spec.list", "string", "[1,2,3]"),
        (".spec.map", "string", '{"k":"v"}'),
        (".metadata.creationTimestamp", "date", "90s"),
        (".metadata.name", "date", "<invalid>"),
        (".none", "string", None),
        (".status.conditions[*].type", "string", "A"),
    ],
)
def test_cells(path: str, kind: str, cell: Any) -> None:
    name, column = printer_columns([{"name": "C", "type": kind, "jsonPath": path}])
    assert name.read(ITEM, 0) == "x"
    assert column.read(ITEM, 90.0) == cell


def test_without_columns_the_age_is_shown() -> None:
    assert [column.name for column in printer_columns(None)] == ["Name", "Age"]
