"""The tables of bad objects, with what a real API server says of each: `bad/*.yaml`."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.documents import document

Object = dict[str, Any]
_FOLDER = Path(__file__).with_name("bad")


def table(name: str) -> Object:
    """One file of the table."""
    loaded: Object = document((_FOLDER / f"{name}.yaml").read_text())
    return loaded


def edited(obj: Object, changes: Object | None, removed: list[str] | None = None) -> Object:
    """A copy with values set at paths such as `spec.ports[0].name`, and others removed."""
    out = copy.deepcopy(obj)
    for path, value in (changes or {}).items():
        holder, last = _walk(out, path)
        holder[last] = copy.deepcopy(value)
    for path in removed or []:
        holder, last = _walk(out, path)
        holder.pop(last, None)
    return out


def _walk(obj: Any, path: str) -> tuple[Any, Any]:
    parts = [int(part[1:-1]) if part[0] == "[" else part for part in re.findall(r"[^.\[\]]+|\[\d+\]", path)]
    for part in parts[:-1]:
        if isinstance(obj, dict):
            obj.setdefault(part, {})
        obj = obj[part]
    return obj, parts[-1]


def agree(wanted: list[str], told: list[str]) -> bool:
    """Whether the errors are those wanted, in any order; `…` in one that is wanted stands for any text."""
    if len(set(wanted)) != len(set(told)):
        return False
    patterns = [".*".join(re.escape(part) for part in text.split("…")) for text in wanted]
    return all(any(re.fullmatch(pattern, text, re.DOTALL) for pattern in patterns) for text in told)


@pytest.fixture
def same_errors() -> Callable[[list[str], list[str]], bool]:
    return agree


@pytest.fixture
def edit() -> Callable[..., Object]:
    return edited


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with an argument `builtin_case`, `widget_case` or `crd_case` runs once for each row of that table."""
    for name in ("builtin", "widget", "crd"):
        if f"{name}_case" in metafunc.fixturenames:
            rows = table(name)
            cases = [_whole(rows, case) for case in rows["cases"]]
            ids = [f"{case['base']['kind']}: {case['name']}" for case in cases]
            metafunc.parametrize(f"{name}_case", cases, ids=ids)


def _whole(rows: Object, case: Object) -> Object:
    """A row with its object (`first`) and, for an update, the object that replaces it (`change`)."""
    base = rows["bases"][case["on"]] if "bases" in rows else rows["base"]
    first = edited(base, case.get("set"), case.get("remove"))
    return {
        **case,
        "base": base,
        "first": first,
        "change": lambda stored: edited(stored, case["then"], case.get("then_remove")),
    }


@pytest.fixture(scope="session")
def widget_crd() -> Object:
    """The CRD of the widgets in the table."""
    crd: Object = table("widget")["crd"]
    return crd
