"""What a form of workload is: facts from the objects found, and the writes that make wanted revisions of them."""

from __future__ import annotations

from typing import Protocol

from controller.core.objects import Change, Found, Ref
from controller.core.release import Release
from controller.core.seen import Difference, WorkloadSeen
from controller.core.wanted import Wanted


class Workload(Protocol):
    """Pure. Writes up and writes down are apart: what goes down goes only after every route was written."""

    def reads(self, release: Release, found: Found) -> tuple[Ref, ...]:
        """Every object, or all of a kind, that the other functions look at, as far as ``found`` tells already.

        A template that is found names ConfigMaps: so the second call may give more than the first. Whoever fetches asks
        again until it does not, and hands the same answers to the other functions: a ConfigMap of which only metadata
        is found would read as an empty one.
        """
        ...

    def see(self, release: Release, found: Found) -> WorkloadSeen:
        """The facts."""
        ...

    def differences(self, release: Release, wanted: Wanted, found: Found) -> tuple[Difference, ...]:
        """What is not as ``wanted`` says, which was written before: one for each object that somebody changed."""
        ...

    def up(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        """New revisions (configuration first), more replicas, a restart in place, repairs of what somebody took away.

        A new revision is made only if the template in ``found`` is still what that name was given to.
        """
        ...

    def down(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        """Fewer replicas, revisions that are wanted no more, and what happens to the template."""
        ...

    def owner(self, release: Release, found: Found) -> str:
        """The Deployment that the Release's revisions were made for, where none was made for the one that it names;
        "" otherwise.
        """
        ...

    def leave(self, release: Release, revision: str, found: Found) -> tuple[Change, ...]:
        """Cut one revision loose from Release and template: it goes on serving, and is the user's."""
        ...
