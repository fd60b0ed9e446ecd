"""What is refused beyond the form of a spec: what others claim, what a router cannot do, what a query cannot say."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from controller.admission import Admission, Rules, admit
from controller.crd import parse_release
from controller.errors import InvalidRelease

Object = dict[str, Any]
ANY = Rules()


def release(
    name: str, created: int = 0, *, deployment: str = "", routes: tuple[str, ...] = (), host: str = ""
) -> Object:
    """A Release of its own Deployment; ``host`` is its VirtualService."""
    istio: Object = {"virtualService": host or name, "destinationRule": name}
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Release",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": name,
            "generation": 1,
            "creationTimestamp": f"2026-01-01T00:00:{created:02}Z",
        },
        "spec": {
            "workload": {"deployment": deployment or name},
            "traffic": {"service": name, "istio": istio | ({"routes": list(routes)} if routes else {})},
            "strategy": {"canary": {"steps": [{"weight": "10%", "for": "1m"}]}},
        },
    }


def problems(obj: Object, *others: Object, rules: Rules = ANY) -> list[str]:
    try:
        admit(obj, [obj, *others], rules)
    except InvalidRelease as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("mine", "other", "field", "what"),
    [
        ({"deployment": "web"}, {"deployment": "web"}, "spec.workload.deployment", "Deployment shop/web"),
        ({"host": "vs"}, {"host": "vs"}, "spec.traffic.istio.virtualService", "VirtualService shop/vs"),
        (
            {"host": "vs", "routes": ("a",)},
            {"host": "vs", "routes": ("b", "a")},
            "spec.traffic.istio.routes",
            "route a of VirtualService shop/vs",
        ),
        # Whoever names no route means the only one there is.
        (
            {"host": "vs"},
            {"host": "vs", "routes": ("a",)},
            "spec.traffic.istio.virtualService",
            "VirtualService shop/vs",
        ),
        (
            {"host": "vs", "routes": ("a",)},
            {"host": "vs"},
            "spec.traffic.istio.virtualService",
            "VirtualService shop/vs",
        ),
    ],
)
def test_the_younger_gives_way_and_names_the_older(mine: Object, other: Object, field: str, what: str) -> None:
    young, old = release("young", 5, **mine), release("old", 1, **other)
    said = f"{field}: {what} belongs to the Release shop/old already; choose another, or delete one of the two Releases"
    assert problems(young, old) == [said]
    assert problems(old, young) == []


def test_of_two_of_the_same_second_the_name_decides() -> None:
    one, two = release("a", deployment="web"), release("b", deployment="web")
    assert problems(one, two) == []
    assert len(problems(two, one)) == 1


def test_routes_of_their_own_may_share_a_virtual_service() -> None:
    one = release("a", host="vs", routes=("a",))
    assert problems(release("b", 1, host="vs", routes=("b",)), one) == []


def test_a_release_that_cannot_be_read_claims_nothing() -> None:
    broken = release("old", deployment="web")
    broken["spec"]["strategy"] = {}
    assert problems(release("young", 5, deployment="web"), broken) == []


def test_every_fault_is_told_at_once() -> None:
    obj = release("young", 5, host="mesh/routes", deployment="web")
    obj["spec"]["gates"] = {"interval": "5s", "limits": [{"name": "own", "prometheus": {"query": "{{ x }}", "max": 1}}]}
    said = problems(obj, release("old", 1, deployment="web"), rules=Rules(10, 60, across=False))
    assert [line.split(":")[0] for line in said] == [
        "spec.gates.interval",
        "spec.traffic.istio.virtualService",
        "spec.gates.limits[0].prometheus.query",
        "spec.workload.deployment",
    ]


def test_rivals_are_parsed_again_when_their_spec_changes() -> None:
    admission, young = Admission(), release("young", 5, deployment="web")
    old = release("old", 1, deployment="web")
    with pytest.raises(InvalidRelease):
        admission.admit(young, [young, old])
    moved = release("old", 1, deployment="api")
    moved["metadata"]["generation"] = 2
    assert admission.admit(young, [young, moved]).name == "young"
    admission.forget("shop", "old")
    with pytest.raises(InvalidRelease):
        admission.admit(young, [young, old])


@pytest.mark.parametrize("fault", [{}, {"strategy": {}}])
def test_each_spec_is_parsed_once(monkeypatch: pytest.MonkeyPatch, fault: Object) -> None:
    read: list[str] = []

    def counted(obj: Object) -> Any:
        read.append(obj["metadata"]["name"])
        return parse_release(obj)

    monkeypatch.setattr("controller.admission.parse_release", counted)
    admission, obj, other = Admission(), release("a"), release("b", 1)
    obj["spec"] |= fault
    for _ in range(3):
        for given in (obj, other):
            with contextlib.suppress(InvalidRelease):
                admission.admit(given, [obj, other])
    assert sorted(read) == ["a", "b"]
    for field, value in (("generation", 2), ("deletionTimestamp", "2026-01-02T00:00:00Z"), ("uid", "another")):
        obj["metadata"][field] = value
        with contextlib.suppress(InvalidRelease):
            admission.parsed(obj)
    assert sorted(read) == ["a", "a", "a", "a", "b"]


def test_texts_of_files_are_told_apart_without_a_uid() -> None:
    admission, text = Admission(), release("a")
    del text["metadata"]["uid"]
    assert admission.parsed(text).workload.deployment == "a"
    text["spec"]["workload"]["deployment"] = "b"
    assert admission.parsed(text).workload.deployment == "b"


@pytest.mark.parametrize("obj", [None, [], "Release", {"metadata": []}, {"metadata": {"name": [], "uid": {}}}])
def test_anything_may_stand_in_a_file(obj: Any) -> None:
    with pytest.raises(InvalidRelease):
        admit(obj)
