"""``spec.workload``: what is released."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from controller.core.release import Capacity
from controller.crd.forms import OBJECT, duration
from controller.crd.model import OneOf


class Workload(OneOf):
    """What is released: exactly one form of it, and how its pods are started."""

    alternatives: ClassVar[tuple[str, ...]] = ("deployment",)

    deployment: Annotated[str, OBJECT]
    """The Deployment that is the template of every revision; you go on changing it as always."""
    progress_deadline: Annotated[str, duration("1s")] | None = None
    """How long a revision that does not become ready may go without any progress. Default: 10m."""
    capacity: Annotated[Capacity, Field(strict=False)] | None = None
    """weight: the candidate's replicas follow its share of requests; full: as many as stable. Default: weight."""
    keep_previous: Annotated[str, duration("0s")] | None = None
    """How long the former revision keeps its pods after a promotion, so that the command rollback works at once; later
    rollback starts them first. 0s: it is not kept at all. Default: 10m."""
