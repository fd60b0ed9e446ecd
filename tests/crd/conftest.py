"""The API server's side of every question: the generated schema, judged as a server judges it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cel
import pytest
import yaml

from controller.crd.definition import release_crd
from controller.sandbox.api.schema.lists import check_lists
from controller.sandbox.api.schema.pruning import default, prune
from controller.sandbox.api.schema.structural import validate

EXAMPLE = Path(__file__).parents[2] / "manifests" / "examples" / "canary.yaml"

Object = dict[str, Any]
Judge = Callable[[Object], list[tuple[str, str]]]


@pytest.fixture(scope="session")
def schema() -> Object:
    """The schema of the whole object."""
    (version,) = release_crd()["spec"]["versions"]
    result: Object = version["schema"]["openAPIV3Schema"]
    return result


@pytest.fixture
def release() -> Object:
    """The example: every section is there."""
    result: Object = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    return result


@pytest.fixture(scope="session")
def server(schema: Object) -> Judge:
    """(field, message) of everything for which an API server refuses the object, unknown fields included."""

    def judge(obj: Object) -> list[tuple[str, str]]:
        obj = copy.deepcopy(obj)
        unknown = [(re.sub(r'unknown field "(.*)"', r"\1", error), "unknown field") for error in prune(schema, obj)]
        default(schema, obj)
        errors = [(error.field, str(error)) for error in validate(schema, obj) or check_lists(schema, obj)]
        # Rules are not asked of an object whose types are wrong: as on a server, they would only add noise.
        return [*unknown, *errors] or list(rules_broken(schema, obj, ""))

    return judge


@cache
def _compiled(rule: str) -> Any:
    return cel.compile(rule)


def _as_cel(value: Any) -> Any:
    """CEL cannot spell a property that is one of its words; servers offer it as ``__for__``."""
    if isinstance(value, dict):
        return {"__for__" if key == "for" else key: _as_cel(item) for key, item in value.items()}
    return [_as_cel(item) for item in value] if isinstance(value, list) else value


def rules_broken(schema: Object, value: Any, path: str) -> Iterator[tuple[str, str]]:
    for entry in schema.get("x-kubernetes-validations", []):
        if _compiled(entry["rule"]).execute({"self": _as_cel(value)}) is not True:
            yield (path + entry.get("fieldPath", "")).removeprefix("."), entry["message"]
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from rules_broken(schema.get("items", {}), item, f"{path}[{index}]")
    elif isinstance(value, dict):
        named = schema.get("properties", {})
        for name, item in value.items():
            yield from rules_broken(
                named.get(name, schema.get("additionalProperties", {})),
                item,
                f"{path}.{name}" if name in named else f"{path}[{name}]",
            )
