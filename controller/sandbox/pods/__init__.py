"""Plays scheduler and kubelet: every pod, whatever its image, is a small real HTTP server on loopback ports.

The pods run in one process of their own (``python -m controller.sandbox.pods``), which keeps nothing that the API
does not say: it may be killed and started again. Pod addresses are made up; where a container port really is stands
in the pod's annotation ``sandbox.sluice.dev/ports``. What an app does wrong is said by its image's tag, its
environment (both in :mod:`behaviour`), or the switch (:mod:`switch`). Commands in a pod's spec are not run.

From outside it is :mod:`player`, which imports nothing of what serves the pods.
"""

from __future__ import annotations

from controller.sandbox.pods.player import Pods

__all__ = ["Pods"]
