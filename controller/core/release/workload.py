"""What is released."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Capacity(StrEnum):
    """How many replicas the candidate has: as its share asks, or as many as stable."""

    WEIGHT = "weight"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class ManagedWorkload:
    """The Deployment that serves as the template of every revision.

    ``progress_deadline``: seconds without any progress after which a revision that does not become ready has failed.
    ``keep_previous``: seconds for which the former stable revision keeps its pods after a promotion; later it keeps its
    Deployment without pods. 0: it is not kept at all.
    """

    deployment: str
    progress_deadline: float = 600.0
    capacity: Capacity = Capacity.WEIGHT
    keep_previous: float = 600.0
