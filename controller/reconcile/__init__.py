"""One pass for one release: observe, decide, record, act, tell."""

from controller.reconcile.reconciler import Reconciler

__all__ = ["Reconciler"]
