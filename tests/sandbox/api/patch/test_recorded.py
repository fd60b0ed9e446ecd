"""Our patches against what a real kube-apiserver (1.34) answered to the same requests; record.py made recorded.json."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.sandbox.api import patch
from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.api.schema import builtins

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())
START = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = {
    "gadget": ("test.sluice.example", "v1", "Gadget"),
    "deployment": ("apps", "v1", "Deployment"),
    "service": ("", "v1", "Service"),
    "configmap": ("", "v1", "ConfigMap"),
}
RESET = {  # what an endpoint of the real server ignores
    ("gadget", ""): [("status",)],
    ("gadget", "status"): [("metadata",), ("spec",)],
    ("deployment", ""): [("status",)],
    ("deployment", "status"): [("spec",), ("metadata", "labels")],
    ("service", ""): [("status",)],
}
STEPS = [
    pytest.param(scenario["kind"], number, step, id=f"{scenario['kind']}: {scenario['title']} [{number}]")
    for scenario in RECORDED["scenarios"]
    for number, step in enumerate(scenario["steps"])
    if step["code"] != 415  # refused before it comes to patching
]


def schema_of(kind: str) -> Any:
    return RECORDED["crd"]["schema"] if kind == "gadget" else builtins.schema(*KINDS[kind])


def timed(item: Any) -> Any:
    """A recorded object with real times in place of the numbers of steps."""
    item = duplicate(item)
    for entry in ((item or {}).get("metadata") or {}).get("managedFields", []):
        if isinstance(entry.get("time"), int):
            entry["time"] = (START + timedelta(seconds=entry["time"])).strftime("%Y-%m-%dT%H:%M:%SZ")
    return item


def bare(whole: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = duplicate(whole)
    item.get("metadata", {}).pop("managedFields", None)
    return item


def stored(item: dict[str, Any], kind: str, reset: list[tuple[str, ...]]) -> dict[str, Any]:
    """What the server keeps of an object: no unknown fields at the top, nothing that the endpoint ignores."""
    known = schema_of(kind)["properties"].keys() | {"apiVersion", "kind", "metadata"}
    item = bare({name: item[name] for name in item if name in known})
    for *_, name in (tree for tree in reset if len(tree) == 1):
        item.pop(name, None)
    return item


def lacks(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where ``theirs`` is not ``ours`` plus defaults; null and an empty object count as absent (built-in kinds)."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        missing = [
            f"{path}.{name}: {value!r} is missing"
            for name, value in ours.items()
            if name not in theirs and value not in (None, {}, [])
        ]
        return missing + [
            problem
            for name, value in ours.items()
            if name in theirs
            for problem in lacks(value, theirs[name], f"{path}.{name}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            problem for i, pair in enumerate(zip(ours, theirs, strict=True)) for problem in lacks(*pair, f"{path}[{i}]")
        ]
    if ours is None and theirs == {}:
        return []
    return [] if ours == theirs and type(ours) is type(theirs) else [f"{path}: {ours!r} is not {theirs!r}"]


def by_field(cause: dict[str, str]) -> tuple[str, str]:
    return cause["field"], cause["message"]


def unordered(message: str) -> list[str]:
    """Lines without their order: the real server walks maps in a random one."""
    return sorted(message.splitlines())


def patched(kind: str, step: dict[str, Any], before: Any) -> Any:
    if step["verb"] == "json":
        return patch.json_patch(before, step["body"])
    if step["verb"] == "strategic":
        return patch.strategic_merge(before, step["body"], schema_of(kind))
    return patch.merge_patch_object(before, step["body"])


def owned(item: dict[str, Any]) -> Any:
    return item["metadata"].get("managedFields")


@pytest.mark.parametrize(("kind", "number", "step"), STEPS)
def test_as_the_real_server(kind: str, number: int, step: dict[str, Any]) -> None:
    group, version, _ = KINDS[kind]
    subresource = step.get("subresource", "")
    writer = {
        "manager": step["manager"],
        "api_version": f"{group}/{version}" if group else version,
        "now": START + timedelta(seconds=number),
        "subresource": subresource,
        "reset": RESET.get((kind, subresource), []),
    }
    before, after = timed(step["before"]), timed(step.get("after"))
    untouched = json.dumps([before, step["body"]])

    def ours() -> Any:
        if step["verb"] == "apply":
            return patch.apply(before, step["body"], schema_of(kind), force=step.get("force", False), **writer)
        return step["body"] if step["verb"] == "create" else patched(kind, step, before)

    if step["code"] in (400, 409, 500) or (step["code"] == 422 and "the server rejected" in step["message"]):
        with pytest.raises(patch.PatchError) as raised:
            ours()
        assert (raised.value.code, raised.value.reason) == (step["code"], step["reason"] or "")
        assert unordered(raised.value.message) == unordered(step["message"])
        ours_said = [cause.to_json() for cause in raised.value.causes]
        assert sorted(ours_said, key=by_field) == sorted(step["causes"], key=by_field)
        return
    result = ours()
    if after is not None:
        assert lacks(stored(result, kind, writer["reset"]), bare(after)) == []
        if step["verb"] != "apply":
            # What the server made of the patch (defaults, its own fields) is what it then tracks.
            sent = bare(after)
            if step["verb"] == "create":  # addresses are given to a Service after that
                for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                    sent.get("spec", {}).pop(name, None)
            if owned(result) is not None:
                sent["metadata"]["managedFields"] = owned(result)
            result = patch.record_update(before, sent, schema_of(kind), **writer)
        assert owned(result) == owned(after)
    assert json.dumps([before, step["body"]]) == untouched, "arguments are not to be changed"
