"""Traffic cannot be built wrong, and equal traffic compares equal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.traffic import WHOLE, MatchKind, TesterMatch, Testers, Traffic, ValueMatch, Weights

HEADER = ValueMatch("x-canary", MatchKind.EXACT, "always")


@pytest.mark.parametrize(
    ("shares", "fault"),
    [
        ({}, "sum to 1000"),
        ({"a": 999}, "sum to 1000 per mille, not 999"),
        ({"a": 1000, "b": 1}, "not 1001"),
        ({"a": 1001, "b": -1}, "from 0 to 1000"),
        ({"a": 999.5, "b": 0.5}, "whole per mille"),
        ({"a": True, "b": 999}, "whole per mille"),
        ({"": 1000}, "name of its revision"),
    ],
)
def test_wrong_weights_cannot_be_built(shares: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Weights.of(shares)


def test_a_revision_has_one_weight() -> None:
    with pytest.raises(ValueError, match="two weights"):
        Weights((("a", 500), ("a", 500)))


@given(st.integers(0, WHOLE))
def test_a_split_gives_the_rest_to_stable(share: int) -> None:
    weights = Weights.split("stable", "candidate", share)
    assert (weights["stable"], weights["candidate"]) == (WHOLE - share, share)
    assert sum(part for _, part in weights) == WHOLE
    assert weights == Weights.of({"candidate": share, "stable": WHOLE - share})


def test_nothing_for_a_revision_is_as_if_it_were_not_named() -> None:
    assert Weights.of({"a": 1000, "b": 0}) == Weights.all_to("a") == Weights.split("a", "b", 0)
    assert Weights.of({"a": 1000, "b": 0}).revisions == {"a"}
    assert Weights.all_to("a")["b"] == 0


def test_traffic_names_the_testers_revision_too() -> None:
    traffic = Traffic(Weights.all_to("a"), Testers("b", (TesterMatch(headers=(HEADER,)),)))
    assert traffic.revisions == {"a", "b"}
    assert Traffic(Weights.split("a", "b", 500)).revisions == {"a", "b"}


def test_a_match_without_conditions_would_match_everybody() -> None:
    with pytest.raises(ValueError, match="every request"):
        TesterMatch()
    with pytest.raises(ValueError, match="two conditions on one name"):
        TesterMatch(headers=(HEADER, HEADER))
    with pytest.raises(ValueError, match="at least one match"):
        Testers("b", ())
    with pytest.raises(ValueError, match="revision to reach"):
        Testers("", (TesterMatch(headers=(HEADER,)),))


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("", MatchKind.EXACT, "a"),
        ("x", MatchKind.EXACT, ""),
        ("x", MatchKind.PREFIX, ""),
        ("x", MatchKind.REGEX, ""),
        ("x", MatchKind.PRESENT, "a"),
    ],
)
def test_a_condition_without_meaning_cannot_be_built(name: str, kind: MatchKind, value: str) -> None:
    with pytest.raises(ValueError, match=r"a match needs the name|only a match by presence"):
        ValueMatch(name, kind, value)


def test_values_serve_as_keys() -> None:
    traffic = Traffic(Weights.all_to("a"), Testers("b", (TesterMatch(query_params=(HEADER,)),)))
    again = Traffic(Weights.all_to("a"), Testers("b", (TesterMatch(query_params=(HEADER,)),)))
    assert len({traffic, again}) == 1
