"""Whether a controller seems to be running, as far as somebody at a terminal may see: by its Lease."""

from __future__ import annotations

import time

from controller.cli.cluster import Session
from controller.cli.status import words
from controller.cluster import Kind, Object
from controller.errors import ClusterError

LEASE = Kind("coordination.k8s.io", "Lease", "v1")
NAMESPACE, NAME = "sluice-system", "sluice"
_LONGEST = 30.0  # seconds: two machines' clocks may differ by some
_LOOK = f"look at `kubectl -n {NAMESPACE} get pods`"

SILENCE = f"nothing has answered so far; is a controller running? {_LOOK}"
"""What to say after a while where the Lease tells nothing."""


async def absence(session: Session) -> str:
    """Why nobody seems to act on Releases, in a sentence; "" where somebody does, or it cannot be told.

    It cannot without the right to read the Lease, nor where the controller runs without leader election.
    """
    try:
        return judged(await session.cluster.get(LEASE, NAMESPACE, NAME), time.time())
    except ClusterError:
        return ""


def judged(lease: Object, now: float) -> str:
    """The same for a Lease and the present moment, in epoch seconds. Pure."""
    spec = lease.get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), words.epoch(spec.get("renewTime"))
    if not holder:
        return f"no controller seems to be running: nobody holds the Lease {NAMESPACE}/{NAME}; {_LOOK}"
    if renewed is None or now - renewed <= max(_LONGEST, 3 * float(spec.get("leaseDurationSeconds") or 0)):
        return ""
    return (
        f"no controller seems to be running: the Lease {NAMESPACE}/{NAME} was last renewed "
        f"{words.duration(now - renewed)} ago by {holder}; {_LOOK}"
    )
