"""One pass for one release: observe, decide, record, act, tell."""

from controller.reconcile.reconciler import Reconciler
from controller.reconcile.records import Records

__all__ = ["Reconciler", "Records"]
