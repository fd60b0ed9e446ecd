"""What ``sluice wait`` waits for, and when that is over. Pure: states of a Release in, an exit status out.

A status says nothing of an image that was set a moment ago. So the Deployment's generation is read first, and the
status counts only once it speaks of that generation (``status.template.generation``), of the Release's own one
(``observedGeneration``), and no command is waiting to be handled. Then the revision that is meant is known, and stays
it: whatever comes after it does not count as its success.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.cli.commands.give import handled, standing
from controller.cli.exits import Exit

_GRACE = 10.0  # seconds for which a Release may be Invalid: what it refers to may be on its way

Object = Mapping[str, Any]


@dataclass(frozen=True)
class End:
    """How it ended, and one sentence about it."""

    exit: Exit
    text: str


@dataclass
class Goal:
    """``generation``: the template's when the wait began, None where none counts. ``revision``: the one that is meant,
    "" until it is known; ``given``: it was named by the user.
    """

    generation: int | None = None
    revision: str = ""
    given: bool = field(init=False)
    _invalid_since: float | None = None
    _begun: bool = False  # the revision was seen as the candidate
    _failed: str = ""  # why, once it was seen on its way back

    def __post_init__(self) -> None:
        self.given = bool(self.revision)

    def look(self, release: Object | None, now: float) -> End | None:
        """The end, if this state of the Release (None: it is gone) is one. ``now``: seconds of a steady clock."""
        if release is None:
            return End(Exit.CLUSTER, "the Release was deleted")
        status = release.get("status") or {}
        if not self.given and not self.accounted(release):
            return None
        if status.get("phase") == "Invalid":
            return self._invalid(status, now)
        self._invalid_since = None
        self.revision = self.revision or _meant(status)
        return self._judged(status) if self.revision else None

    def accounted(self, release: Object) -> bool:
        """Whether the status speaks of what the template, the spec and the commands were when the wait began."""
        status, metadata = release.get("status") or {}, release["metadata"]
        if status.get("observedGeneration", 0) < metadata.get("generation", 0):
            return False
        there, last = standing(release), handled(release)
        if there is not None and (there != last or status["handled"].get("cleared")):
            return False
        return self.generation is None or (status.get("template") or {}).get("generation", 0) >= self.generation

    def _invalid(self, status: Object, now: float) -> End | None:
        if self._invalid_since is None:
            self._invalid_since = now
        if now - self._invalid_since < _GRACE:
            return None
        return End(Exit.NO, f"the Release cannot be followed: {status.get('message')}")

    def _judged(self, status: Object) -> End | None:
        phase, failed = status.get("phase"), status.get("failed") or {}
        if _name(status, "stable") == self.revision:
            return End(Exit.DONE, f"{self.revision} is promoted: {_images(status, 'stable')} serves")
        if failed.get("revision") == self.revision and phase in ("RollingBack", "Failed"):
            self._failed = str(failed.get("message") or failed.get("reason") or "").removeprefix(f"{self.revision}: ")
            return End(Exit.NO, f"{self.revision} was rolled back: {self._failed}") if phase == "Failed" else None
        if _name(status, "candidate") == self.revision:
            self._begun = True
            return None
        if self._failed:
            return End(Exit.NO, f"{self.revision} was rolled back: {self._failed}")
        return self._overtaken(status) if self._begun else None

    def _overtaken(self, status: Object) -> End:
        """The revision was the candidate and is nothing any more."""
        if newer := _name(status, "candidate"):
            return End(Exit.SUPERSEDED, f"{self.revision} was superseded by {newer} ({_images(status, 'candidate')})")
        stable = f"{_name(status, 'stable')} ({_images(status, 'stable')}) serves"
        return End(Exit.SUPERSEDED, f"{self.revision} was taken out before its end; {stable}")


def _meant(status: Object) -> str:
    """The revision that the template is, in a status that speaks of it."""
    if _name(status, "candidate"):
        return _name(status, "candidate")
    if status.get("phase") == "Failed":
        return str((status.get("failed") or {}).get("revision") or "")
    return _name(status, "stable")


def with_image(status: Object, image: str) -> str:
    """The revision that runs an image, as far as the status tells; "" without one."""
    for role in ("candidate", "stable"):
        if image in ((status.get(role) or {}).get("images") or ()):
            return _name(status, role)
    return ""


def _name(status: Object, role: str) -> str:
    return str((status.get(role) or {}).get("revision") or "")


def _images(status: Object, role: str) -> str:
    return ", ".join((status.get(role) or {}).get("images") or ())
