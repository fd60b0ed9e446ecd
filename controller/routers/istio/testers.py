"""The route of the testers: before a named route, everything as there, but for the match and one destination."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from controller.core.traffic import MatchKind, TesterMatch, ValueMatch
from controller.routers.istio.view import Route

Match = dict[str, Any]
StringMatch = dict[str, Any]


class Inexpressible(ValueError):
    """Two conditions on one value that no single match can state together."""


NOT_COPIED = frozenset(
    {"name", "match", "route", "mirror", "mirrors", "mirrorPercentage", "mirrorPercent", "mirror_percent"}
)
"""Fields of a named route that its testers' route does not have, or has of its own."""


def route_for_testers(route: Route, name: str, matches: list[Match], destination: dict[str, Any]) -> Route:
    """The route by this name that sends whatever meets one of ``matches`` to one destination."""
    copied = {key: copy.deepcopy(value) for key, value in route.items() if key not in NOT_COPIED}
    return {"name": name, "match": matches, **copied, "route": [destination]}


def matches_with(
    route: Route, testers: Iterable[TesterMatch], inherited: Sequence[Match]
) -> tuple[list[Match], list[str]]:
    """Every alternative of the testers with every match of the route, each pair as one match: both must hold.

    A pair that contradicts itself is left out, since no request meets it. Second come the pairs that one match cannot
    say, in words. ``inherited``: what a route without matches gets from elsewhere and has to repeat, by alternative.
    """
    found: list[Match] = []
    failed: list[str] = []
    for match in route.get("match") or inherited:
        for tester in testers:
            try:
                both = _both(match, tester)
            except Inexpressible as error:
                failed.append(str(error))
                continue
            if both is not None and both not in found:
                found.append(both)
    return found, list(dict.fromkeys(failed))


def _both(match: Match, tester: TesterMatch) -> Match | None:
    result = copy.deepcopy(match)
    for field, conditions in (("headers", tester.headers), ("queryParams", tester.query_params)):
        for condition in conditions:
            known = result.setdefault(field, {})
            # Header names are the same in any case; those of query parameters are not.
            key = next(
                (key for key in known if field == "headers" and key.lower() == condition.name.lower()), condition.name
            )
            asked = _asked(condition, field)
            if key not in known:
                known[key] = asked
                continue
            joined = _joined(known[key] or {}, asked, f"{field[:-1]} {condition.name}")
            if joined is None:
                return None
            known[key] = joined
    return result


def _asked(condition: ValueMatch, field: str) -> StringMatch:
    if condition.kind is not MatchKind.PRESENT:
        return {condition.kind.value: condition.value}
    # An empty match is documented as presence for headers only.
    return {} if field == "headers" else {"regex": ".*"}


def _joined(one: StringMatch, other: StringMatch, what: str) -> StringMatch | None:
    """One condition that says both; None when they contradict each other. Raises Inexpressible."""
    if one == other or _is_presence(other):
        return one
    if _is_presence(one):
        return other
    if "regex" in one or "regex" in other:
        raise Inexpressible(f"{what}: {_text(one)} and {_text(other)}")
    if "exact" in one and "exact" in other:
        return None
    longer, shorter = (one, other) if "exact" in one or len(_value(one)) > len(_value(other)) else (other, one)
    if "exact" in shorter:
        longer, shorter = shorter, longer
    return longer if _value(longer).startswith(_value(shorter)) else None


def _is_presence(match: StringMatch) -> bool:
    return not match or match.get("regex") in ("*", ".*")


def _value(match: StringMatch) -> str:
    return str(match.get("exact", match.get("prefix", "")))


def _text(match: StringMatch) -> str:
    return ", ".join(f"{key} {value!r}" for key, value in match.items())
