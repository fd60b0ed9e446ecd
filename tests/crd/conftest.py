"""The API server's side of every question: the generated schema, judged as a server judges it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.crd.definition import release_crd
from controller.sandbox.api.schema.cel.rules import check_rules
from controller.sandbox.api.schema.lists import check_lists
from controller.sandbox.api.schema.pruning import default, prune
from controller.sandbox.api.schema.structural import validate

EXAMPLE = Path(__file__).parents[2] / "manifests" / "examples" / "canary.yaml"

Object = dict[str, Any]
Judge = Callable[[Object], list[tuple[str, str]]]


@cache
def _example() -> Any:
    return yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def schema() -> Object:
    """The schema of the whole object."""
    (version,) = release_crd()["spec"]["versions"]
    result: Object = version["schema"]["openAPIV3Schema"]
    return result


@pytest.fixture
def release() -> Object:
    """The example: every section is there."""
    result: Object = copy.deepcopy(_example())
    return result


@pytest.fixture(scope="session")
def server(schema: Object) -> Judge:
    """(field, message) of everything for which an API server refuses the object, unknown fields included."""

    def judge(obj: Object) -> list[tuple[str, str]]:
        obj = copy.deepcopy(obj)
        unknown = [(re.sub(r'unknown field "(.*)"', r"\1", error), "unknown field") for error in prune(schema, obj)]
        default(schema, obj)
        errors = [(error.field, str(error)) for error in validate(schema, obj) or check_lists(schema, obj)]
        # Rules are not asked of an object whose types are wrong: on a server, too, they would only add noise.
        return [*unknown, *errors] or [(error.field, str(error)) for error in check_rules(schema, obj)]

    return judge
