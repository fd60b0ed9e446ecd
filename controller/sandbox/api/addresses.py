"""Cluster IPs and node ports of Services, given out and taken back."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from controller.sandbox.api.failure import Failure
from controller.sandbox.api.schema import errors
from controller.sandbox.client import Object

_FIRST_NODE_PORT, _LAST_NODE_PORT = 30000, 32767


class Addresses:
    """The free cluster IPs of one network and the free node ports.

    What is in use is read from the Services, so nothing can leak: ``used`` is every other Service.
    """

    def __init__(self, network: str = "10.96.0.0/16") -> None:
        self._network = ipaddress.ip_network(network)
        self._next = 1
        self._next_port = 0

    def assign(self, service: Object, old: Object | None, used: Iterable[Object]) -> list[errors.FieldError]:
        """Fill in clusterIP, clusterIPs and nodePorts where they are missing; what is wrong with those given."""
        spec = service["spec"]
        kept = (old or {}).get("spec") or {}
        others = [other.get("spec") or {} for other in used]
        if spec.get("type") == "ExternalName":
            for name in ("clusterIP", "clusterIPs"):
                if spec.get(name) == kept.get(name):
                    spec.pop(name, None)
            return []
        spec["clusterIP"] = spec.get("clusterIP") or kept.get("clusterIP") or ""
        taken = {ip for other in others for ip in (other.get("clusterIPs") or [other.get("clusterIP")]) if ip}
        faults = self._cluster_ip(spec, taken)
        spec["clusterIPs"] = [spec["clusterIP"]]
        # Nothing is said about the families of a headless Service whose endpoints somebody else writes.
        open_to_both = spec["clusterIP"] == "None" and not spec.get("selector")
        spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if open_to_both else ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "RequireDualStack" if open_to_both else "SingleStack")
        wants_ports = spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
        if wants_ports or spec.get("type") == "NodePort":
            self._node_ports(spec, kept, others)
        return faults

    def _cluster_ip(self, spec: Object, taken: set[str]) -> list[errors.FieldError]:
        given = spec["clusterIP"]
        if given == "None":
            return []
        if not given:
            spec["clusterIP"] = self._free(taken)
            return []
        try:
            inside = ipaddress.ip_address(given) in self._network
        except ValueError:
            return []  # said by the Service's own checks
        if not inside:
            text = f"failed to allocate IP {given}: the provided network does not match the current range"
            return [errors.invalid("spec.clusterIPs", [given], text)]
        if given in taken:
            text = f"failed to allocate IP {given}: provided IP is already allocated"
            return [errors.invalid("spec.clusterIPs", [given], text)]
        return []

    def _free(self, taken: set[str]) -> str:
        for _ in range(self._network.num_addresses):
            self._next = self._next % (self._network.num_addresses - 2) + 1
            found = str(self._network[self._next])
            if found not in taken:
                return found
        raise Failure(500, "InternalError", "no cluster IP is free: delete Services that are not needed")

    def _node_ports(self, spec: Object, kept: Object, others: list[Object]) -> None:
        taken = {port.get("nodePort") for other in others for port in other.get("ports") or []}
        before = {(port.get("protocol"), port.get("port")): port.get("nodePort") for port in kept.get("ports") or []}
        for port in spec.get("ports") or []:
            if not port.get("nodePort"):
                port["nodePort"] = before.get((port.get("protocol"), port.get("port"))) or self._free_port(taken)
            taken.add(port["nodePort"])

    def _free_port(self, taken: set[int | None]) -> int:
        span = _LAST_NODE_PORT - _FIRST_NODE_PORT + 1
        for _ in range(span):
            self._next_port = (self._next_port + 1) % span
            if _FIRST_NODE_PORT + self._next_port not in taken:
                return _FIRST_NODE_PORT + self._next_port
        raise Failure(500, "InternalError", "no node port is free: delete Services that are not needed")
