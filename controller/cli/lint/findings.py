"""What lint says: where, how bad, and one sentence with the remedy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from controller.cli.files import Position


class Severity(StrEnum):
    """ERROR: it is refused, or cannot work. WARNING: it works, and hardly as meant. HINT: worth a thought."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Finding:
    """``of`` names the object (``Release shop/podinfo``), ``field`` its field; either may be ""."""

    position: Position
    severity: Severity
    sentence: str
    field: str = ""
    of: str = ""

    def strict(self) -> Finding:
        """The same where warnings count as errors."""
        return replace(self, severity=Severity.ERROR) if self.severity is Severity.WARNING else self


Advice = tuple[Severity, str, str]
"""Severity, field, sentence."""
