"""The Traffic value: which revision gets how much, and whom testers reach.

Shares are whole per mille (1000 = all requests): exact to add up, and a tenth of a percent is the finest step that the
routers can express. A Traffic cannot be built with shares that do not sum to 1000, so no router has to check again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

WHOLE = 1000
"""All requests, in per mille."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Shares by revision, in per mille, summing to 1000.

    Canonical, so that equal traffic compares equal: shares of 0 are left out, the rest is in the order of the names.
    Build one with ``Weights.of({"6c1f": 950, "9ab2": 50})``. Raises ValueError for anything else than whole,
    non-negative shares of named revisions that sum to 1000.
    """

    shares: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        names = [revision for revision, _ in self.shares]
        if any(not isinstance(share, int) or isinstance(share, bool) or share < 0 for _, share in self.shares):
            raise ValueError(f"weights must be whole per mille from 0 to {WHOLE}, not {dict(self.shares)}")
        if not all(names):
            raise ValueError(f"each weight needs the name of its revision: {self.shares}")
        if len(set(names)) != len(names):
            raise ValueError(f"a revision has two weights: {self.shares}")
        total = sum(share for _, share in self.shares)
        if total != WHOLE:
            raise ValueError(f"weights must sum to {WHOLE} per mille, not {total}: {dict(self.shares)}")
        object.__setattr__(self, "shares", tuple(sorted(pair for pair in self.shares if pair[1])))

    @classmethod
    def of(cls, shares: Mapping[str, int]) -> Weights:
        """Weights from a mapping of revision to per mille."""
        return cls(tuple(shares.items()))

    @classmethod
    def all_to(cls, revision: str) -> Weights:
        """Every request to one revision."""
        return cls(((revision, WHOLE),))

    @classmethod
    def split(cls, stable: str, candidate: str, share: int) -> Weights:
        """``share`` per mille to the candidate, the rest to stable."""
        return cls(((stable, WHOLE - share), (candidate, share)))

    def __getitem__(self, revision: str) -> int:
        """The share of a revision in per mille; 0 for one that gets nothing."""
        return dict(self.shares).get(revision, 0)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self.shares)

    @property
    def revisions(self) -> frozenset[str]:
        """The revisions that get more than nothing."""
        return frozenset(revision for revision, _ in self.shares)


class MatchKind(StrEnum):
    """How the value of a header or query parameter is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """One condition on the value of the header or query parameter ``name``.

    ``value`` is compared as ``kind`` says (``regex`` in RE2's syntax, on the whole value) and is empty for ``present``.
    Raises ValueError for a condition that every request would meet by accident, such as an empty prefix.
    """

    name: str
    kind: MatchKind
    value: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a match needs the name of a header or query parameter")
        if (self.kind is MatchKind.PRESENT) != (self.value == ""):
            raise ValueError(f"{self.name}: only a match by presence has no value, and it has none")


@dataclass(frozen=True, slots=True)
class TesterMatch:
    """One alternative that marks a request as a tester's: all of its conditions hold together.

    Raises ValueError without any condition, since it would send everybody to the candidate.
    """

    __test__ = False  # not a test class, whatever its name begins with

    headers: tuple[ValueMatch, ...] = ()
    query_params: tuple[ValueMatch, ...] = ()

    def __post_init__(self) -> None:
        if not self.headers and not self.query_params:
            raise ValueError("a testers' match without conditions would match every request")
        for matches in (self.headers, self.query_params):
            if len({match.name for match in matches}) != len(matches):
                raise ValueError("a testers' match has two conditions on one name")


@dataclass(frozen=True, slots=True)
class Testers:
    """Requests that meet any one of ``matches`` always reach ``revision``, at every weight."""

    __test__ = False  # not a test class, whatever its name begins with

    revision: str
    matches: tuple[TesterMatch, ...]

    def __post_init__(self) -> None:
        if not self.revision or not self.matches:
            raise ValueError("testers need a revision to reach and at least one match")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Wanted traffic: shares of everybody's requests, and the testers' way beside them."""

    weights: Weights
    testers: Testers | None = None

    @property
    def revisions(self) -> frozenset[str]:
        """Every revision that a route has to name."""
        return self.weights.revisions | ({self.testers.revision} if self.testers else frozenset())
