"""A testers' route asks for everything that its named route asks for, and for the tester's own condition."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core.traffic import MatchKind, TesterMatch, ValueMatch
from controller.routers.istio.testers import matches_with, route_for_testers

Json = dict[str, Any]


def header(name: str, kind: str, value: str = "") -> TesterMatch:
    return TesterMatch(headers=(ValueMatch(name, MatchKind(kind), value),))


@pytest.mark.parametrize(
    ("theirs", "kind", "value", "both"),
    [
        ({"exact": "a"}, "exact", "a", {"exact": "a"}),
        ({"exact": "a"}, "exact", "b", None),
        ({"exact": "ab"}, "prefix", "a", {"exact": "ab"}),
        ({"exact": "b"}, "prefix", "a", None),
        ({"prefix": "a"}, "exact", "ab", {"exact": "ab"}),
        ({"prefix": "abc"}, "exact", "ab", None),
        ({"prefix": "a"}, "prefix", "ab", {"prefix": "ab"}),
        ({"prefix": "ab"}, "prefix", "a", {"prefix": "ab"}),
        ({"prefix": "ab"}, "prefix", "ac", None),
        ({"regex": "a+"}, "regex", "a+", {"regex": "a+"}),
        ({"regex": "a+"}, "present", "", {"regex": "a+"}),
        ({}, "exact", "a", {"exact": "a"}),
        ({"regex": "*"}, "exact", "a", {"exact": "a"}),
        ({"exact": "a"}, "present", "", {"exact": "a"}),
    ],
)
@pytest.mark.parametrize("spelling", ["x-env", "X-Env"])
def test_two_conditions_on_one_header_become_one(
    theirs: Json, kind: str, value: str, both: Json | None, spelling: str
) -> None:
    found, failed = matches_with({"match": [{"headers": {spelling: theirs}}]}, [header("x-env", kind, value)], [{}])
    assert failed == []
    assert found == ([{"headers": {spelling: both}}] if both is not None else [])


@pytest.mark.parametrize(("theirs", "kind"), [({"regex": "a+"}, "exact"), ({"exact": "a"}, "regex")])
def test_a_regex_beside_anything_else_cannot_be_said(theirs: Json, kind: str) -> None:
    route = {"match": [{"headers": {"x-env": theirs}}, {"uri": {"exact": "/"}}]}
    found, (failed,) = matches_with(route, [header("x-env", kind, "b")], [{}])
    assert found == [{"uri": {"exact": "/"}, "headers": {"x-env": {kind: "b"}}}]
    assert failed.startswith("header x-env: ")


def test_every_alternative_meets_every_match_and_none_twice() -> None:
    route = {"match": [{"uri": {"prefix": "/a"}, "port": 1}, {"uri": {"prefix": "/b"}}, {"uri": {"prefix": "/b"}}]}
    testers = [header("x-a", "exact", "1"), header("x-b", "present")]
    found, _ = matches_with(route, testers, [{"ignored": True}])
    assert found == [
        {"uri": {"prefix": "/a"}, "port": 1, "headers": {"x-a": {"exact": "1"}}},
        {"uri": {"prefix": "/a"}, "port": 1, "headers": {"x-b": {}}},
        {"uri": {"prefix": "/b"}, "headers": {"x-a": {"exact": "1"}}},
        {"uri": {"prefix": "/b"}, "headers": {"x-b": {}}},
    ]


def test_query_parameters_are_told_apart_by_case_and_presence_is_a_regex() -> None:
    tester = TesterMatch(query_params=(ValueMatch("Canary", MatchKind.PRESENT),))
    route = {"match": [{"queryParams": {"canary": {"exact": "1"}}}]}
    assert matches_with(route, [tester], [{}])[0] == [
        {"queryParams": {"canary": {"exact": "1"}, "Canary": {"regex": ".*"}}}
    ]


def test_conditions_of_the_route_are_not_written_into() -> None:
    route = {"match": [{"headers": {"x-env": {"prefix": "a"}}}]}
    matches_with(route, [header("x-env", "exact", "ab"), header("x-b", "present")], [{}])
    assert route == {"match": [{"headers": {"x-env": {"prefix": "a"}}}]}


def test_all_but_match_destinations_and_copies_is_as_in_the_named_route() -> None:
    route = {
        "name": "web",
        "match": [{}],
        "route": [1],
        "mirror": {},
        "mirrors": [],
        "mirrorPercentage": {},
        "mirror_percent": 1,
        "timeout": "1s",
        "somethingNew": {"a": [1]},
    }
    assert route_for_testers(route, "n", [{"port": 1}], {"d": 1}) == {
        "name": "n",
        "match": [{"port": 1}],
        "timeout": "1s",
        "somethingNew": {"a": [1]},
        "route": [{"d": 1}],
    }
