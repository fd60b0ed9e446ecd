"""How a patch fails, in the terms of the API server's Status object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GENERIC_422 = "the server rejected our request due to an error in our request"


@dataclass(frozen=True)
class Cause:
    """One entry of a Status object's ``details.causes``."""

    reason: str
    message: str
    field: str

    def to_json(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.message, "field": self.field}


class PatchError(Exception):
    """A patch that cannot be applied.

    ``code`` is the HTTP status, ``reason`` and ``message`` are the Status object's as a real API server words them.
    A real server hides why a JSON patch failed behind one general sentence; ``detail`` keeps the true cause, for logs.
    """

    def __init__(self, code: int, reason: str, message: str, *, detail: str = "") -> None:
        super().__init__(f"{code} {reason}: {detail or message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.detail = detail or message
        self.causes: tuple[Cause, ...] = ()


class ApplyConflict(PatchError):
    """Server-side apply would change fields that other managers own (409 Conflict).

    ``conflicts`` are pairs of the manager, printed as the server does (``"kubectl" using apps/v1``), and the field's
    path (``.spec.replicas``), in the order of the message.
    """

    def __init__(self, conflicts: Sequence[tuple[str, str]]) -> None:
        super().__init__(409, "Conflict", _conflict_message(conflicts))
        self.conflicts = tuple(conflicts)
        self.causes = tuple(
            Cause("FieldManagerConflict", f"conflict with {manager}", path) for manager, path in conflicts
        )


def _conflict_message(conflicts: Sequence[tuple[str, str]]) -> str:
    if len(conflicts) == 1:
        manager, path = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    lines: list[str] = []
    for manager in sorted({manager for manager, _ in conflicts}):
        lines.append(f"conflicts with {manager}:")
        lines += [f"- {path}" for owner, path in conflicts if owner == manager]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
