"""The gate that other tools have: so many checks in which the candidate's success rate is below a fixed threshold."""

from __future__ import annotations

from dataclasses import dataclass

from controller.core.observed import Look


@dataclass
class FixedThreshold:
    """Rolls back after ``checks`` checks of ``period`` seconds that had requests and fewer good ones than ``success``.

    The failed checks of the whole release are counted, not those in a row.
    """

    success: float = 0.99
    checks: int = 5
    period: float = 60.0
    failed: int = 0
    requests: float = 0.0
    errors: float = 0.0
    seconds: float = 0.0

    def observe(self, look: Look) -> bool:
        """Whether the release is rolled back after this look."""
        self.requests += look.candidate.requests
        self.errors += look.candidate.errors
        self.seconds += look.duration
        if self.seconds >= self.period:
            self.failed += self.requests > 0.0 and self.errors > (1.0 - self.success) * self.requests
            self.requests = self.errors = self.seconds = 0.0
        return self.failed >= self.checks
