"""The status on the wire, and its way to and from ``controller.core.status``.

Each model mirrors one dataclass there, field by field: to add a field, add it in both (a test compares them).
Reading forgives: what is missing, unknown or broken takes its initial state, since a status that cannot be read must
not stop a release. Writing cuts texts to their maximum, so that the API server never refuses the write that an abort
needs.
"""

from controller.crd.status.codec import status_from_wire, status_to_wire

__all__ = ["status_from_wire", "status_to_wire"]
