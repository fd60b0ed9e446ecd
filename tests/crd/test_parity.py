"""One table of bad specs, through the parser and through the schema: both refuse, and the parser says why.

Each row changes the example (manifests/examples/canary.yaml) in one place. What only the parser can refuse stands in a
table of its own, with the reason.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from controller.crd import parse_release
from controller.errors import InvalidRelease
from tests.crd.bad_specs import (
    BOTH,
    GONE,
    REFERENCE,
    C,
    G,
    I,
    L,
    M,
    S,
    T,
    W,
)

Object = dict[str, Any]
Judge = Callable[[Object], list[tuple[str, str]]]


def changed(release: Object, path: str, value: Any) -> Object:
    """A copy of ``release`` with one field of its spec set, or taken away with GONE."""
    result = copy.deepcopy(release)
    parts = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", f"spec.{path}".rstrip("."))]
    here: Any = result
    for part in parts[:-1]:
        here = here[part]
    if value is GONE:
        del here[parts[-1]]
    else:
        here[parts[-1]] = value
    return result


def dotted(path: str) -> str:
    """Schema and rules write the keys of maps in different ways, ``.key`` and ``[key]``, and so do real servers."""
    return re.sub(r"\[([^\]]+)\]", r".\1", path)


def test_the_table_is_large_enough_and_has_no_row_twice() -> None:
    rows = [(place, repr(value)) for place, value, _, _ in BOTH]
    assert len(set(rows)) == len(rows) >= 60


@pytest.mark.parametrize(("place", "value", "field", "sentence"), BOTH)
def test_parser_and_server_refuse_alike(
    release: Object, server: Judge, place: str, value: Any, field: str, sentence: str
) -> None:
    bad = changed(release, place, value)
    with pytest.raises(InvalidRelease) as refused:
        parse_release(bad)
    assert (f"spec.{field}", sentence) in refused.value.problems
    assert f"spec.{field}: {sentence}" in str(refused.value).splitlines()
    errors = server(bad)
    assert errors, "the API server would take it"
    # The server names the same place, or one beside or above it, where a rule speaks of a whole object.
    place, named = dotted(f"spec.{field}"), [dotted(error) for error, _ in errors]
    assert any(place.startswith(error) or error.startswith(place) for error in named), named


# (place, value there, field that is named, sentence, why the schema cannot say it)
ONLY_PARSER: list[tuple[str, Any, str, str, str]] = [
    (
        f"{I}.virtualService",
        {"name": "a"},
        f"{I}.virtualService",
        '{"name": "a"} is no text; write name or namespace/name, such as shop/podinfo',
        "a structural schema has no 'string or list'",
    ),
    (
        f"{I}.virtualService",
        ["A"],
        f"{I}.virtualService",
        f'"A" cannot be read; {REFERENCE}',
        "a structural schema has no 'string or list'",
    ),
    (
        f"{I}.virtualService",
        [],
        f"{I}.virtualService",
        "it lists 0 VirtualServices; name 1 to 8 of them",
        "a structural schema has no 'string or list'",
    ),
    (
        f"{I}.virtualService",
        ["a", "a"],
        f"{I}.virtualService",
        '"a" is listed twice; remove one',
        "a structural schema has no 'string or list'",
    ),
    (
        f"{C}.steps[3].ramp.to",
        "5%",
        f"{C}.steps[3].ramp",
        "it goes from 5% to 5% and does not move; remove it or change to",
        "sums over earlier steps",
    ),
    (
        f"{C}.steps[3].ramp.by",
        "7%",
        f"{C}.steps[3].ramp",
        "the way from 5% to 50% does not divide into strides of 7%; write by: 5% or 7.5%",
        "sums over earlier steps",
    ),
    (
        f"{C}.steps[3].ramp.by",
        "60%",
        f"{C}.steps[3].ramp",
        "the way from 5% to 50% does not divide into strides of 60%; write by: 45%",
        "sums over earlier steps",
    ),
    (
        f"{C}.bake.weight",
        "40%",
        f"{C}.bake.weight",
        "it is 40%, and the step before has 50%; write at least 50%",
        "sums over earlier steps",
    ),
    (
        f"{G}.minimumStep",
        "20m",
        f"{G}.stepDeadline",
        "it is 15m, and minimumStep alone takes 20m; raise it or lower minimumStep",
        "either side may be a default, and defaults are the parser's",
    ),
    (
        f"{G}.stepDeadline",
        "29s",
        f"{G}.stepDeadline",
        "it is 29s, and warmUp alone takes 30s; raise it or lower warmUp",
        "either side may be a default, and defaults are the parser's",
    ),
    (
        f"{G}",
        {"interval": "16m"},
        f"{G}.stepDeadline",
        "it is 15m, and interval alone takes 16m; raise it or lower interval",
        "either side may be a default, and defaults are the parser's",
    ),
    *(
        (
            f"{M}.headers",
            {"x-canary": {"regex": regex}},
            f"{M}.headers[x-canary].regex",
            sentence,
            "CEL can use an expression, not look into one",
        )
        for regex, sentence in (
            ("a(?=b)", "the expression looks ahead or behind, which RE2 does not know; write it without"),
            (r"(a)\1", "the expression refers back to a group, which RE2 does not know; write it without"),
            ("a{1001}", "the expression repeats more than 1000 times, which RE2 refuses; write a smaller number"),
            ("(a", "the expression cannot be read (missing ), unterminated subpattern at position 0); correct it"),
        )
    ),
]


@pytest.mark.parametrize(("place", "value", "field", "sentence", "reason"), ONLY_PARSER)
def test_what_only_the_parser_refuses(
    release: Object, server: Judge, place: str, value: Any, field: str, sentence: str, reason: str
) -> None:
    bad = changed(release, place, value)
    with pytest.raises(InvalidRelease) as refused:
        parse_release(bad)
    assert (f"spec.{field}", sentence) in refused.value.problems
    assert server(bad) == [], f"the server can say it after all ({reason}): move the row to the other table"


GOOD: list[tuple[str, Any]] = [
    ("replicas", 0),
    ("replicas", None),
    ("paused", True),
    (f"{W}.capacity", "full"),
    (f"{W}.keepPrevious", "0s"),
    (f"{T}.port", None),
    (f"{T}.propagation", "0s"),
    (f"{T}.drain", "1h30m"),
    (f"{T}.drain", "0.5s"),
    (f"{T}.drain", "720h"),
    (I, {}),
    (f"{I}.virtualService", "shop/podinfo"),
    (f"{I}.virtualService", ["podinfo", "public/podinfo"]),
    (f"{I}.hosts", ["*.example.com"]),
    (I, {"gateways": ["public"], "hosts": ["*"]}),
    (f"{C}.bake", GONE),
    (f"{C}.bake", {"for": "1s"}),  # at 100%: the limits judge
    (f"{C}.bake", {"weight": "99.5%", "for": "1h"}),
    (f"{C}.steps", [{"approval": "oidc:ops@example.com"}]),
    (C, {"steps": [{"weight": "100%"}]}),
    (C, {"steps": [{"weight": "100.0%"}, {"ramp": {"to": "0.1%", "by": "99.9%", "every": "1s"}}]}),
    (C, {"steps": [{"ramp": {"to": "100%", "by": "0.1%", "every": "1s"}}]}),
    (f"{C}.steps", [{"weight": "50%", "for": "0s"}, {"weight": "10%"}]),
    (f"{C}.testers", [{"queryParams": {"Canary": {"present": True}, "b": {"prefix": "x"}}}]),
    (f"{M}.headers", {"x-a": {"regex": r"[[:alpha:]]+\d\pL(?i:x)"}}),
    (G, None),
    (G, {"none": True}),
    (G, {"none": False, "compare": {"none": False}}),
    (f"{G}.compare", {}),
    (G, {"compare": {"none": True}, "limits": [{"name": "a", "requestRate": {"min": 0.5}}]}),
    (G, {"compare": {"none": True}}),  # the approval judges
    (f"{G}.compare.falseAlarm", "0.0001%"),
    (f"{G}.compare.errors", {"absolute": "0%"}),
    (L, {"name": "a", "prometheus": {"query": "sum(\n  up\n)", "max": -1}}),
    (L, {"name": "a", "prometheus": {"query": "up", "min": 1, "max": 1}, "minRequests": 0}),
    (f"{G}.minimumStep", "15m"),
]


@pytest.mark.parametrize(("place", "value"), GOOD)
def test_parser_and_server_accept_alike(release: Object, server: Judge, place: str, value: Any) -> None:
    good = changed(release, place, value)
    assert server(good) == []
    assert parse_release(good).name == "podinfo"


def test_where_nothing_would_judge_it_is_invalid(release: Object, server: Judge) -> None:
    unjudged = changed(changed(release, f"{C}.steps", [{"weight": "5%"}]), G, {"compare": {"none": True}})
    with pytest.raises(InvalidRelease, match="nothing would judge a release; add limits or an approval"):
        parse_release(unjudged)
    assert [field for field, _ in server(unjudged)] == ["spec.gates"]
    assert parse_release(changed(unjudged, G, {"none": True})).gates.none


@pytest.mark.parametrize("bake", [{"for": "10m"}, {"weight": "100%", "for": "10m"}, {"weight": "100.0%", "for": "10m"}])
def test_where_nothing_would_judge_a_bake_it_is_invalid(release: Object, server: Judge, bake: Object) -> None:
    unjudged = changed(changed(release, f"{C}.bake", bake), G, {})
    with pytest.raises(InvalidRelease, match="a bake at 100% has nothing to compare with, and there are no limits"):
        parse_release(unjudged)
    assert [field for field, _ in server(unjudged)] == ["spec.gates"]
    assert [field for field, _ in server(changed(unjudged, G, GONE))] == ["spec.gates"]
    for good in (changed(unjudged, G, {"none": True}), changed(unjudged, f"{C}.bake.weight", "95%")):
        assert parse_release(good).strategy.bake
        assert server(good) == []


def test_every_fault_is_told_at_once(release: Object) -> None:
    bad = changed(release, f"{S}.weight", 5)
    bad = changed(bad, f"{C}.steps[3].ramp.by", "7%")
    bad = changed(bad, f"{G}.interval", "15")
    bad = changed(bad, f"{T}.servce", "podinfo")
    bad = changed(bad, f"{T}.service", GONE)
    with pytest.raises(InvalidRelease) as refused:
        parse_release(bad)
    fields = [field for field, _ in refused.value.problems]
    assert fields == ["spec.traffic.service", "spec.traffic.servce", f"spec.{S}.weight", "spec.gates.interval"]
    assert refused.value.field == fields[0]
