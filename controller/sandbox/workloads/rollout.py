"""How many pods each ReplicaSet of a Deployment should have next: surge, unavailability, proportions. Pure.

The rules are those of the Deployment controller of Kubernetes, so that a rollout here takes the same steps:
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.workloads.objects import annotations_of, created, name
from controller.sandbox.workloads.revisions import DESIRED, MAXIMUM, find_new

Sizes = dict[str, int]  # name of a ReplicaSet -> the replicas it should have


def wanted(item: Object) -> int:
    """spec.replicas, 1 when absent."""
    replicas = item["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def counted(item: Object, field: str) -> int:
    """A number in the status: ``replicas``, ``readyReplicas``, ``availableReplicas``."""
    return int((item.get("status") or {}).get(field) or 0)


def scaled(value: Any, total: int, *, up: bool) -> int:
    """A count or a percentage of ``total``, rounded as asked."""
    if isinstance(value, str) and value.endswith("%"):
        share = Fraction(value[:-1]) * total / 100
        return math.ceil(share) if up else math.floor(share)
    return int(value)


@dataclass(frozen=True)
class Rollout:
    """A Deployment and its ReplicaSets: ``new`` has the present template (None: not made yet), ``old`` the others."""

    deployment: Object
    new: Object | None
    old: tuple[Object, ...]

    @classmethod
    def of(cls, deployment: Object, sets: list[Object]) -> Rollout:
        new = find_new(deployment, sets)
        return cls(deployment, new, tuple(item for item in sets if item is not new))

    def having(self, changed: Object) -> Rollout:
        """The same with one ReplicaSet as it is after a write (or, where there was no new one, with it)."""
        if all(name(item) != name(changed) for item in self.old):
            return replace(self, new=changed)
        return replace(self, old=tuple(changed if name(item) == name(changed) else item for item in self.old))

    @property
    def all(self) -> tuple[Object, ...]:
        return (*self.old, *([self.new] if self.new else []))

    @property
    def active(self) -> list[Object]:
        return [item for item in self.all if wanted(item) > 0]

    @property
    def replicas(self) -> int:
        return wanted(self.deployment)

    @property
    def rolling(self) -> bool:
        return bool((self.deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")

    @property
    def surge(self) -> int:
        return self._limits()[0] if self.rolling else 0

    @property
    def unavailable(self) -> int:
        if not self.rolling or self.replicas == 0:
            return 0
        return min(self._limits()[1], self.replicas)

    def _limits(self) -> tuple[int, int]:
        update = (self.deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
        surge = scaled(update.get("maxSurge", "25%"), self.replicas, up=True)
        unavailable = scaled(update.get("maxUnavailable", "25%"), self.replicas, up=False)
        # Both zero would never move; a percentage can be rounded down to that.
        return surge, unavailable if surge or unavailable else 1

    def notes(self) -> dict[str, str]:
        """The annotations that tell a ReplicaSet how large its Deployment is."""
        return {DESIRED: str(self.replicas), MAXIMUM: str(self.replicas + self.surge)}

    def is_scaling(self) -> bool:
        """Whether the Deployment's size changed since its ReplicaSets were last sized."""
        return any(
            DESIRED in annotations_of(item) and annotations_of(item)[DESIRED] != str(self.replicas)
            for item in self.active
        )

    def first_size(self) -> int:
        """How large the new ReplicaSet is made."""
        return self._grown(0) if self.rolling else self.replicas

    def _grown(self, present: int) -> int:
        room = self.replicas + self.surge - sum(map(wanted, self.all))
        return present + max(0, min(room, self.replicas - present))

    def rolling_step(self) -> Sizes:
        """The next step of a rolling update: the new one up if there is room, else old ones down."""
        assert self.new is not None
        present = wanted(self.new)
        if present != self.replicas:
            size = self.replicas if present > self.replicas else self._grown(present)
            if size != present:
                return {name(self.new): size}
        return self._shrink_old()

    def _shrink_old(self) -> Sizes:
        assert self.new is not None
        needed = self.replicas - self.unavailable
        new_unavailable = wanted(self.new) - counted(self.new, "availableReplicas")
        room = sum(map(wanted, self.all)) - needed - new_unavailable
        sizes = {name(item): wanted(item) for item in sorted(self.old, key=created)}
        if room <= 0 or not any(sizes.values()):
            return {}
        available = {name(item): counted(item, "availableReplicas") for item in self.old}
        for key, size in sizes.items():  # first the pods that serve nobody
            cut = min(room, max(0, size - available[key]))
            sizes[key] -= cut
            room -= cut
        spare = sum(counted(item, "availableReplicas") for item in self.all) - needed
        for key, size in sizes.items():
            cut = min(size, max(0, spare))
            sizes[key] -= cut
            spare -= cut
        return {name(item): sizes[name(item)] for item in self.old if sizes[name(item)] != wanted(item)}

    def recreate_step(self, old_pods: int) -> Sizes | None:
        """The next step of Recreate; None while pods of old revisions (``old_pods``) still run."""
        running = {name(item): 0 for item in self.old if wanted(item) > 0}
        if running:
            return running
        if old_pods or any(counted(item, "replicas") for item in self.old):
            return None
        if self.new is not None and wanted(self.new) != self.replicas:
            return {name(self.new): self.replicas}
        return {}

    def scaling_step(self) -> Sizes:
        """New sizes after the Deployment's own size changed, or while it is paused: in proportion."""
        active = self.active
        if len(active) <= 1:
            only = active[0] if active else self.new or max(self.old, key=created, default=None)
            return {name(only): self.replicas} if only is not None and wanted(only) != self.replicas else {}
        if self._is_saturated():
            return {name(item): 0 for item in self.old if wanted(item) > 0}
        return self._proportional(active) if self.rolling else {}

    def _is_saturated(self) -> bool:
        return (
            self.new is not None
            and wanted(self.new) == self.replicas == counted(self.new, "availableReplicas")
            and annotations_of(self.new).get(DESIRED) == str(self.replicas)
        )

    def _proportional(self, active: list[Object]) -> Sizes:
        allowed = self.replicas + self.surge if self.replicas else 0
        rest = change = allowed - sum(map(wanted, active))
        if change >= 0:  # the larger first; of equals, up the newer, down the older
            order = sorted(sorted(active, key=created, reverse=True), key=wanted, reverse=True)
        else:
            order = sorted(sorted(active, key=created), key=wanted, reverse=True)
        sizes = {name(item): wanted(item) for item in order}
        if change:
            for item in order:
                share = self._share(item)
                step = min(share, rest) if change > 0 else max(share, rest)
                sizes[name(item)] += step
                rest -= step
            largest = name(order[0])
            sizes[largest] = max(0, sizes[largest] + rest)
        return sizes

    def _share(self, item: Object) -> int:
        """By how much one ReplicaSet follows the change of the whole."""
        if self.replicas == 0:
            return -wanted(item)
        text = annotations_of(item).get(MAXIMUM, "")
        before = int(text) if text.isdigit() and int(text) else counted(self.deployment, "replicas")
        if not before:
            return 0
        size = Fraction(wanted(item) * (self.replicas + self.surge), before)
        return math.floor(size + Fraction(1, 2)) - wanted(item)
