"""Cluster + providers -> core.decide.Observed: everything that a pass looks at, read once. Writes nothing."""

from controller.observe.found import KINDS, CachedFound
from controller.observe.measure import Measurer
from controller.observe.observer import Observer, Seen

__all__ = ["KINDS", "CachedFound", "Measurer", "Observer", "Seen"]
