"""The status is written and read without loss, and reading bears anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import status as core
from controller.core.traffic import Weights
from controller.crd import status_from_wire, status_to_wire
from controller.crd.definition import status_schema
from controller.crd.status.model import StatusModel
from controller.crd.status.models import Status as WireStatus
from controller.sandbox.api.schema.lists import check_lists
from controller.sandbox.api.schema.pruning import prune
from controller.sandbox.api.schema.structural import validate

Object = dict[str, Any]

# Times of 1970 to 2096 in whole milliseconds, which is what the wire keeps.
times = st.integers(0, 4 * 10**12).map(lambda milliseconds: round(milliseconds / 1000, 3))
names = st.text("abc-", min_size=1, max_size=8)
texts = st.text('aé€😀 \n%"…', max_size=10)
counts = st.integers(0, 2**53)
amounts = st.floats(-1e12, 1e12).filter(lambda amount: amount != 0) | st.just(0.0)


@st.composite
def weights(draw: st.DrawFn) -> Weights:
    shares = draw(st.dictionaries(names, st.integers(0, 1000), min_size=1, max_size=3))
    *others, last = shares
    left = 1000
    for name in others:
        shares[name] = min(shares[name], left)
        left -= shares[name]
    return Weights.of({**shares, last: left})


# By the type of a field in the dataclasses; a field of a new type has to be added here.
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": texts,
    "object": texts,
    "int": counts,
    "int | None": st.none() | counts,
    "bool": st.booleans(),
    "float": amounts,
    "tuple[str, ...]": st.lists(names, max_size=3).map(tuple),
    "Weights | None": st.none() | weights(),
    "Phase": st.sampled_from(core.Phase),
    "Stage": st.sampled_from(core.Stage),
    "Verdict": st.sampled_from(core.Verdict),
    "Truth": st.sampled_from(core.Truth),
}
AMOUNTS = {"value"}


@st.composite
def made(draw: st.DrawFn, kind: type[Any]) -> Any:
    """One with its required fields and a few others: whole ones would be slow to draw and slower to shrink."""
    required = [field for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]
    others = draw(st.lists(st.sampled_from(fields(kind)), max_size=4, unique=True))
    return kind(**{field.name: draw(of(field.name, str(field.type))) for field in {*required, *others}})


def of(name: str, annotation: str) -> st.SearchStrategy[Any]:
    if annotation == "float | None":
        return st.none() | (amounts if name in AMOUNTS else times)
    if annotation in BY_TYPE:
        return BY_TYPE[annotation]
    inner = getattr(core, annotation.removeprefix("tuple[").removesuffix(", ...]").removesuffix(" | None"))
    if annotation.startswith("tuple"):
        unique = (lambda entry: entry.type) if inner is core.Condition else None
        return st.lists(made(inner), max_size=2, unique_by=unique).map(tuple)
    return (st.none() | made(inner)) if annotation.endswith(" | None") else made(inner)


statuses = made(core.Status)
SCHEMA = status_schema()


@given(statuses)
def test_a_status_is_read_as_it_was_written(status: core.Status) -> None:
    wire = json.loads(json.dumps(status_to_wire(status)))
    assert status_from_wire(wire) == status


@given(statuses)
def test_the_api_server_takes_and_keeps_all_of_it(status: core.Status) -> None:
    wire = status_to_wire(status)
    assert validate(SCHEMA, wire) == []
    assert check_lists(SCHEMA, wire) == []
    assert prune(SCHEMA, wire, root=False) == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("a5%Z:-", max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "name", "type"]), inner),
    max_leaves=3,
)


@given(statuses, st.data())
def test_a_broken_status_never_crashes_and_loses_only_what_is_broken(status: core.Status, data: st.DataObject) -> None:
    wire = status_to_wire(status)
    field = data.draw(st.sampled_from(sorted(wire)))
    whole = status_from_wire(wire)
    wire[field] = data.draw(anything)
    read = status_from_wire(wire)
    changed = {entry.name for entry in fields(read) if getattr(read, entry.name) != getattr(whole, entry.name)}
    assert len({name.partition("_")[0] for name in changed}) <= 1
    status_to_wire(read)


@pytest.mark.parametrize("wire", [None, [], "Idle", 3, {}, {3: 4}, {"unknown": {"a": 1}}, {"template": [], "step": []}])
def test_what_is_no_status_is_the_initial_one(wire: Any) -> None:
    read = status_from_wire(wire)
    assert replace(read, step=None) == core.Status()


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ({"phase": "Sleeping"}, core.Status()),
        ({"stable": {"deployment": "no revision"}}, core.Status()),
        ({"stable": {"revision": "a", "ready": -1}}, core.Status(stable=core.Revision("a"))),
        ({"gates": [{"value": 1}, {"name": "p99", "verdict": "maybe"}]}, core.Status(gates=(core.GateStatus("p99"),))),
        ({"conditions": [{"type": "Ready", "status": "Perhaps"}, {"type": "Stalled", "status": "True"}]}, None),
        ({"step": {"wanted": {"a": "50%"}, "index": 2}}, core.Status(step=core.StepStatus(index=2))),
        ({"step": {"wanted": {"a": 1000}, "index": 2}}, core.Status(step=core.StepStatus(index=2))),
        ({"step": {"wanted": {"a": "all of it"}}}, core.Status(step=core.StepStatus())),
        ({"phaseSince": "yesterday", "release": 3}, core.Status(release=3)),
        ({"phaseSince": "2026-01-01T00:00:00", "release": 3}, core.Status(release=3)),
        ({"template": {"generation": "x", "content": "abc"}}, core.Status(template_content="abc")),
    ],
)
def test_broken_parts_take_their_initial_state(wire: Object, expected: core.Status | None) -> None:
    read = status_from_wire(wire)
    assert read == (expected or core.Status(conditions=(core.Condition("Stalled", core.Truth.TRUE),)))


def test_an_empty_reason_stays_empty() -> None:
    status = core.Status(conditions=(core.Condition("Ready", reason=""),))
    assert status_from_wire(status_to_wire(status)) == status


def test_what_people_and_tools_read() -> None:
    status = core.Status(
        phase=core.Phase.PROGRESSING,
        phase_since=1767323045.5,
        template_generation=4,
        failed_generation=3,
        stable=core.Revision("abc", "podinfo-abc", ("podinfo:1", "proxy:2"), 3, 3),
        candidate=core.Revision("def"),
        step=core.StepStatus(index=1, count=4, wanted=Weights.split("abc", "def", 5), measured=core.Measured(4, 812)),
        conditions=(core.Condition("Ready", core.Truth.FALSE, "Progressing", "wait", 1767323045.0, 2),),
    )
    wire = status_to_wire(status)
    assert wire["phaseSince"] == "2026-01-02T03:04:05.500Z"
    assert wire["template"] == {"generation": 4}
    assert wire["failed"] == {"generation": 3}
    assert wire["stable"]["image"] == "podinfo:1"
    assert wire["step"]["position"] == "2/4"
    assert wire["step"]["wanted"] == {"abc": "99.5%", "def": "0.5%"}
    assert wire["step"]["measured"] == {"candidate": 4, "total": 812, "share": "0.493%"}
    assert wire["weight"] == "0.5%"
    assert wire["conditions"] == [
        {
            "type": "Ready",
            "status": "False",
            "reason": "Progressing",
            "message": "wait",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
            "observedGeneration": 2,
        }
    ]
    assert "candidate" in wire
    assert "previous" not in wire


def test_what_is_too_long_is_cut_so_that_the_write_is_taken() -> None:
    status = core.Status(
        message="m" * 5000,
        evidence="e" * 20_000,
        gates=(core.GateStatus("errors", value=float("nan"), reason="r" * 2000),),
        approvals=tuple(core.Approval(step) for step in range(70)),
        conditions=(core.Condition("Ready"), core.Condition("Ready", core.Truth.TRUE)),
    )
    wire = status_to_wire(status)
    assert validate(SCHEMA, wire) == []
    assert check_lists(SCHEMA, wire) == []
    read = status_from_wire(wire)
    assert read.message == "m" * 4095 + "…"
    assert read.evidence == ""  # half of it would be read as something else
    assert read.gates[0].value is None
    assert [approval.step for approval in read.approvals] == list(range(6, 70))
    assert read.conditions == (core.Condition("Ready", core.Truth.TRUE),)


def test_a_whole_status_stays_below_its_share_of_the_object() -> None:
    gates = tuple(core.GateStatus(f"limit-{n}", 0.5, "at least 99%", 10**6, reason="r" * 100) for n in range(18))
    revision = core.Revision("bcdfghjklm", "podinfo-bcdfghjklm", ("registry.example.com/shop/podinfo:1.2.3",) * 3, 3, 3)
    status = core.Status(
        stable=revision, candidate=revision, previous=revision, gates=gates, evidence="e" * 4096, message="m" * 400
    )
    assert len(json.dumps(status_to_wire(status))) < 32 * 1024


def mirrored(model: type[StatusModel]) -> Iterator[tuple[type[StatusModel], type[Any]]]:
    yield model, model.mirrors
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, StatusModel):
                yield from mirrored(part)


def test_every_field_of_the_core_has_its_field_on_the_wire() -> None:
    pairs = list(mirrored(WireStatus))
    assert {kind for _, kind in pairs} >= {core.Status, core.StepStatus, core.GateStatus, core.Revision}
    for model, kind in pairs:
        ours = {field.name for field in fields(kind)}
        assert set(model.model_fields) == ours, f"controller/crd/status/models.py: {model.__name__} is to mirror {kind}"
