"""The record of one release on the wire: an object of its own, owned by its Release.

Its content stands at the top of the object: a record is neither asked for nor reconciled, so it has no spec and no
status. As with the status, each model mirrors a dataclass of the core, and reading forgives what is broken.
"""

from controller.crd.record.codec import (
    OUTCOME_LABEL,
    RELEASE_LABEL,
    content,
    history,
    labels_of,
    owner_of,
    record_from_wire,
    record_name,
    record_to_wire,
    release_label,
)
from controller.crd.record.definition import record_crd

__all__ = [
    "OUTCOME_LABEL",
    "RELEASE_LABEL",
    "content",
    "history",
    "labels_of",
    "owner_of",
    "record_crd",
    "record_from_wire",
    "record_name",
    "record_to_wire",
    "release_label",
]
