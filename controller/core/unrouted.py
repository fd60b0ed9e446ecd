"""Whether requests that no proxy finds a pod for have become many during a release.

Envoy answers them itself, with 503 (gRPC: 14) and the flag UH where no pod of a subset is healthy or NC where a route
names a subset that it does not know, with 404 and NR where no route is for them. They reached no revision, so that
neither arm of a comparison has them.
https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.observed import Look
from controller.core.status import Unrouted

FACTOR = 10.0
"""So many times as many as before the release are far more."""

LEAST = 3.0
"""Requests in each look at least, also where there were none before.

None in ten minutes means, with 95 % certainty, at most three in ten minutes. Where that is usual, three or more fall
into one look of 15 s with a chance of 7e-5, into two looks in a row with 5e-9.
"""

LOOKS = 2
"""Looks in a row: one may be a moment that was repaired already."""


def count(known: Unrouted, look: Look) -> Unrouted:
    """What is known after one more look. One that nobody could answer changes nothing."""
    found = look.unrouted
    if found is None:
        return known
    if found < LEAST or found <= FACTOR * known.before * look.duration:
        return Unrouted(known.before, found)
    return replace(
        known,
        latest=found,
        looks_in_a_row=known.looks_in_a_row + 1,
        requests=known.requests + found,
        seconds=known.seconds + look.duration,
    )


def surge(known: Unrouted | None) -> str:
    """Why a release ends by it, in one clause; "" while it does not."""
    if known is None or known.looks_in_a_row < LOOKS:
        return ""
    return (
        f"no pod was found for {known.requests:.0f} requests to the Service in {known.seconds:.0f} s (response flags "
        f"UH, NC or NR), {known.requests / known.seconds:.3g} a second; before the release it was {known.before:.2g}"
    )
