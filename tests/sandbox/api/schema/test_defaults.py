"""Built-in objects are filled in as kube-apiserver 1.34.4 fills them in: `defaults.yaml`."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from controller.sandbox.api.schema.decode import decode_builtin
from controller.sandbox.api.schema.defaults import set_defaults
from tests.documents import document

Object = dict[str, Any]
_CASES: list[Object] = document(Path(__file__).with_name("defaults.yaml").read_text())


def leaves(value: Any, path: str = "") -> Object:
    """The values at the ends of an object, by their path."""
    if isinstance(value, dict) and value:
        parts = {name: f"{path}.{name}" if re.fullmatch(r"[\w-]+", name) else f"{path}[{name}]" for name in value}
        return {
            end: leaf for name, item in value.items() for end, leaf in leaves(item, parts[name].lstrip(".")).items()
        }
    if isinstance(value, list) and value:
        return {end: leaf for i, item in enumerate(value) for end, leaf in leaves(item, f"{path}[{i}]").items()}
    return {path: value}


def filled(obj: Object) -> Object:
    group, _, version = obj["apiVersion"].rpartition("/")
    out = copy.deepcopy(obj)
    out["metadata"]["uid"] = "the-uid"
    assert decode_builtin(group, version, obj["kind"], out) == []
    set_defaults(group, obj["kind"], out)
    return out


@pytest.mark.parametrize("case", _CASES, ids=[f"{i}-{case['object']['kind']}" for i, case in enumerate(_CASES)])
def test_filled_in_like_the_real_server(case: Object) -> None:
    given, out = leaves(case["object"]), filled(case["object"])
    del out["metadata"]["uid"]
    if case["object"]["kind"] == "CustomResourceDefinition":
        out["status"] = {"storedVersions": out["status"]["storedVersions"]}
    stored = leaves(out)
    changed = {path: value for path, value in stored.items() if path not in given or given[path] != value}
    assert changed == case["set"]
    assert [path for path in given if path not in stored] == case.get("gone", [])


@pytest.mark.parametrize("case", _CASES, ids=[f"{i}-{case['object']['kind']}" for i, case in enumerate(_CASES)])
def test_a_second_time_changes_nothing(case: Object) -> None:
    once = filled(case["object"])
    again = filled(once)
    assert again == once


def test_a_kind_that_is_not_built_in_stays() -> None:
    obj: Object = {"spec": {}}
    set_defaults("example.com", "Pod", obj)
    assert obj == {"spec": {}}
