"""One pass for one release: observe, decide, record, act, tell."""

from controller.reconcile.reconciler import Reconciler
from controller.reconcile.records import Records
from controller.reconcile.sight import Sight
from controller.reconcile.writer import Writer

__all__ = ["Reconciler", "Records", "Sight", "Writer"]
