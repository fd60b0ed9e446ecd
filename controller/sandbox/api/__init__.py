"""An embedded Kubernetes API: served over HTTP from memory, for demos and tests without a cluster.

It is good enough that the real kubectl and the usual client libraries cannot tell; what a real API server answers is
what is right. No controller runs here: nobody collects garbage, makes pods or empties namespaces.
"""

from __future__ import annotations

from controller.sandbox.api.embedded import EmbeddedApi

__all__ = ["EmbeddedApi"]
