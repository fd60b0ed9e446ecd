"""What a router is: facts from the objects found, and the smallest writes that make them say the wanted traffic."""

from __future__ import annotations

from typing import Protocol

from controller.core.objects import Change, Found, Ref
from controller.core.release import Release
from controller.core.seen import Difference, RoutesSeen
from controller.core.wanted import Wanted


class Router(Protocol):
    """Pure. Every function reads what was found in the same pass and changes nothing itself.

    The three kinds of writes are apart, because their order is what keeps requests from failing: first every wanted
    subset is there, then routes may name it; a subset goes when no route names it any more.
    """

    SUPPORTS: frozenset[str]
    """What of a Release this router can do (``headers``, ``query-params``, ``tenths``); the rest is refused at once."""

    def reads(self, release: Release) -> tuple[Ref, ...]:
        """Every object, or all of a kind, that the other functions look at."""
        ...

    def see(self, release: Release, found: Found) -> RoutesSeen:
        """The facts. Nothing is raised: what cannot be followed is in ``problems``."""
        ...

    def differences(self, release: Release, wanted: Wanted, found: Found) -> tuple[Difference, ...]:
        """What is not as ``wanted`` says, which was written before: one for each object that somebody changed."""
        ...

    def add_subsets(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        """Writes that add or mend the wanted subsets; none is taken away."""
        ...

    def routes(self, release: Release, wanted: Wanted, found: Found, *, fence: str, force: bool) -> tuple[Change, ...]:
        """Writes that make the routes say ``wanted.traffic``; none when that is None.

        ``fence`` is the version of the Release that this follows from: it goes into each object that is written, and
        with ``force`` into every one, so that a deposed leader's late write fails.
        """
        ...

    def home(self, release: Release, wanted: Wanted, found: Found, *, fence: str) -> tuple[Change, ...]:
        """The same while ``see`` tells of problems, for traffic that goes to one revision: what surely names another
        revision of ``wanted`` is taken back to that one. Nothing is created, and nothing of others changes.
        """
        ...

    def remove_subsets(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        """Writes that take away our subsets that are neither wanted nor named by any route found."""
        ...

    def restore_routes(self, release: Release, found: Found) -> tuple[Change, ...]:
        """Writes that hand the routes back: users' own as they were, ours gone.

        Before :meth:`restore_subsets` the mesh needs the time to learn of it, and requests the time to end.
        """
        ...

    def restore_subsets(self, release: Release, found: Found) -> tuple[Change, ...]:
        """Writes that hand back what the routes named. What a route still names stays."""
        ...
