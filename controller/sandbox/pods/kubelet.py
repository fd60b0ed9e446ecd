"""The node: every pod bound to it runs here, as a real server on loopback ports."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import json
import secrets
from datetime import datetime

from controller.sandbox.client import Object
from controller.sandbox.pods.life import PORTS, Life
from controller.sandbox.pods.ports import Port, reserve, reserve_same
from controller.sandbox.pods.switch import Served, Switchboard
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import CONFIG_MAP, POD, SECRET
from controller.sandbox.workloads.objects import annotations_of, namespace, pod_has_ended, uid

NODE_NAME = "sandbox-node"
POD_NETWORK = "10.244.0.0/16"


class Kubelet:
    """Runs the pods whose ``nodeName`` is this node's.

    ``backoff``: seconds before the second restart of a container that ends; doubled each time, at most 300.
    ``notice_after``: seconds until a container that died without notice is seen, where it has no readiness probe.
    """

    def __init__(self, cluster: Cluster, *, backoff: float, notice_after: float) -> None:
        self.cluster = cluster
        self.backoff = backoff
        self.notice_after = notice_after
        self.switchboard = Switchboard()
        self._lives: dict[str, Life] = {}
        self._reserved: dict[str, dict[int, Port]] = {}  # by uid, from before the binding until the pod runs
        self._boot = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._addresses = itertools.cycle(ipaddress.ip_network(POD_NETWORK).hosts())
        self._endings: set[asyncio.Task[None]] = set()
        self._over = False
        cluster.mirror(POD).listen(self._pod_changed)
        cluster.mirror(CONFIG_MAP).listen(self._configuration_changed)
        cluster.mirror(SECRET).listen(self._configuration_changed)

    def now(self) -> datetime:
        return self.cluster.now()

    def new_id(self) -> str:
        """An id for a container that starts: unlike those of any other process."""
        return f"sandbox://{self._boot}{next(self._numbers):08x}"

    def new_ip(self) -> str:
        """An address in the pod network that no pod has."""
        taken = {(pod.get("status") or {}).get("podIP") for pod in self.cluster.mirror(POD).objects.values()}
        taken |= {life.ip for life in self._lives.values()}
        return next(str(address) for address in self._addresses if str(address) not in taken)

    def config_map(self, space: str, name: str) -> Object | None:
        return self.cluster.mirror(CONFIG_MAP).get(space, name)

    def secret(self, space: str, name: str) -> Object | None:
        return self.cluster.mirror(SECRET).get(space, name)

    def served(self) -> list[Served]:
        return [Served(life.pod, container) for life in self._lives.values() for container in life.containers]

    def behaviour_changed(self) -> None:
        for life in self._lives.values():
            life.look_again()

    def reserve(self, pod: Object) -> dict[int, Port]:
        """The loopback port of each container port; the ones in the pod's annotation again, where they are free."""
        mine = self._reserved.get(uid(pod))
        if mine is None:
            before = _annotated(pod)
            spec = pod["spec"]
            numbers = {
                port["containerPort"]
                for container in [*(spec.get("initContainers") or []), *spec["containers"]]
                for port in container.get("ports") or []
                if port.get("protocol", "TCP") == "TCP"
            }
            mine = {
                number: Port(reserve_same(before[number]) if number in before else reserve())
                for number in sorted(numbers)
            }
            self._reserved[uid(pod)] = mine
        return mine

    def give_back(self, pod: Object) -> None:
        """The reserved ports of a pod that will not run."""
        for port in self._reserved.pop(uid(pod), {}).values():
            port.release()

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if self._over:
            return
        if new is None:
            assert old is not None
            self.give_back(old)
            if life := self._lives.pop(uid(old), None):
                ending = asyncio.create_task(life.end())
                self._endings.add(ending)
                ending.add_done_callback(self._endings.discard)
            return
        life = self._lives.get(uid(new))
        if life is not None:
            life.update(new)
        elif new["spec"].get("nodeName") == NODE_NAME and not pod_has_ended(new) and self.cluster.is_synced:
            self._run(new)

    def _run(self, pod: Object) -> None:
        ports = self.reserve(pod)
        del self._reserved[uid(pod)]
        life = self._lives[uid(pod)] = Life(self, pod, ports)
        life.start()

    def _configuration_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old
        if item is not None:
            for life in self._lives.values():
                if namespace(life.pod) == namespace(item):
                    life.look_again()

    def take_over(self) -> None:
        """Run what an earlier process left, once all mirrors are synced."""
        for pod in list(self.cluster.mirror(POD).objects.values()):
            self._pod_changed(None, pod)

    async def end(self) -> None:
        """Stop serving; the objects stay as they are, as when a node loses its power."""
        self._over = True
        await asyncio.gather(*(life.end() for life in self._lives.values()), *self._endings)
        for ports in self._reserved.values():
            for port in ports.values():
                port.release()


def _annotated(pod: Object) -> dict[int, int]:
    try:
        return {int(number): int(local) for number, local in json.loads(annotations_of(pod).get(PORTS, "{}")).items()}
    except (ValueError, AttributeError, TypeError):
        return {}
