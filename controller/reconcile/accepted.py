"""Which spec a pass follows: the one that stands there, or the one that a release in progress began with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controller.core.decide import Decision
from controller.core.decide.edits import Following
from controller.core.decide.standing import underway
from controller.core.release import Canary, Gates, IstioRouting, ManagedWorkload, Release, Routing
from controller.core.status import Status
from controller.crd import pack_spec, unpack_spec
from controller.reconcile.memory import Memory

Object = Mapping[str, Any]


def accepted_spec(obj: Object, memory: Memory, asked: Release | None) -> Release | None:
    """The spec that the release in progress follows, None when there is none or it is not known.

    ``asked`` is the one that stands there, None when it is refused.
    """
    packed = memory.status.accepted
    if not packed:
        return None
    if asked is not None and packed == pack_spec(obj):
        return asked  # also of one that was too long to be kept whole
    if packed != memory.packed:
        memory.accepted, memory.packed = unpack_spec(packed, obj), packed
    return memory.accepted


def remembering(decision: Decision, follow: Following, before: Status, obj: Object) -> Decision:
    """The decision with the spec that is followed from it on in its status, while a release is in progress."""
    status = decision.status
    kept = ""
    if underway(status):
        kept = pack_spec(obj) if decision.follow or follow.current else before.accepted
    return decision if kept == status.accepted else replace(decision, status=replace(status, accepted=kept))


def as_now(accepted: Release, obj: Object) -> Release:
    """The accepted spec in the Release as it stands: what is told and whether it goes are of now."""
    metadata = obj["metadata"]
    generation, deleting = metadata.get("generation", 0), bool(metadata.get("deletionTimestamp"))
    return replace(accepted, generation=generation, deleting=deleting)


def nothing_asked(obj: Object) -> Release:
    """A Release that asks for nothing, for one that could never be read: it only says why."""
    metadata = obj["metadata"]
    return Release(
        namespace=metadata["namespace"],
        name=metadata["name"],
        workload=ManagedWorkload(""),
        traffic=Routing("", IstioRouting((), "")),
        strategy=Canary(()),
        gates=Gates(),
        generation=metadata.get("generation", 0),
    )
