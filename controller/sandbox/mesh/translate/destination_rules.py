"""Which DestinationRule a client obeys, and how several for one host become one.

istiod looks in the client's namespace, then in the Service's, then in the root namespace, wildcards included, and the
first namespace with a match decides alone.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.mesh.translate.hosts import HostSet, export_set, resolve, visible
from controller.sandbox.mesh.translate.registry import Snapshot

ROOT_NAMESPACE = "istio-system"


@dataclass(frozen=True)
class Rule:
    """One DestinationRule, or several merged; ``spec`` is not shared with the objects of the snapshot."""

    namespace: str
    exported: frozenset[str]
    spec: Object

    @property
    def selector(self) -> Mapping[str, str] | None:
        """The client pods it is for; None for all."""
        found = (self.spec.get("workloadSelector") or {}).get("matchLabels")
        return found or None


class _Index:
    """Rules by namespace and host, merged as they come."""

    def __init__(self) -> None:
        self._rules: dict[str, dict[str, list[Rule]]] = {}
        self._hosts: dict[str, HostSet] = {}

    def add(self, host: str, rule: Rule) -> None:
        _add(self._rules.setdefault(rule.namespace, {}).setdefault(host, []), rule)
        self._hosts.pop(rule.namespace, None)

    def at(self, namespace: str, host: str) -> list[Rule]:
        """The rules of a namespace that say most about a host."""
        rules = self._rules.get(namespace)
        if rules is None:
            return []
        if namespace not in self._hosts:
            self._hosts[namespace] = HostSet(rules)
        best = self._hosts[namespace].most_specific(host)
        return rules[best] if best is not None else []


class DestinationRules:
    """An index over all DestinationRules of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._local = _Index()
        self._exported = _Index()
        items = snapshot["destinationrules"].values()
        for item in sorted(items, key=_age):
            namespace = item["metadata"].get("namespace", "")
            spec = item.get("spec") or {}
            host = resolve(spec.get("host", ""), namespace)
            rule = Rule(namespace, export_set(spec.get("exportTo"), namespace), spec)
            self._local.add(host, rule)
            if rule.exported != {namespace}:
                self._exported.add(host, rule)

    def find(self, host: str, service_namespace: str, client: str, labels: Mapping[str, str]) -> Object | None:
        """The spec that a proxy in namespace ``client`` with these pod labels obeys for a Service's host.

        A proxy in the root namespace looks there last, or a rule meant for everybody would hide a Service's own.
        """
        if client != ROOT_NAMESPACE:
            rules = self._local.at(client, host)
        else:
            rules = [rule for rule in self._local.at(client, host) if rule.exported == {ROOT_NAMESPACE}]
        for namespace in (service_namespace, ROOT_NAMESPACE):
            if not rules:
                rules = [rule for rule in self._exported.at(namespace, host) if visible(rule.exported, client)]
        return _chosen(rules, client, labels)


def _age(item: Object) -> tuple[str, str, str]:
    metadata = item["metadata"]
    return metadata.get("creationTimestamp", ""), metadata["name"], metadata.get("namespace", "")


def _chosen(rules: list[Rule], client: str, labels: Mapping[str, str]) -> Object | None:
    """A rule that selects the client's pod goes before one for all; of several for all the last counts."""
    general: Object | None = None
    for rule in rules:
        if rule.selector is None:
            general = rule.spec
        elif rule.namespace == client and rule.selector.items() <= labels.items():
            return rule.spec
    return general


def _add(rules: list[Rule], new: Rule) -> None:
    """Merge ``new`` into the older rules for its host as istiod does, or keep it beside them.

    The older rule keeps everything it says; the newer adds subsets of other names, and a trafficPolicy where there was
    none. They merge when both export to the same namespaces, or the newer to more. The newer stays a rule of its own
    too when only one of the two selects client pods.
    """
    apart = True
    for position, old in enumerate(rules):
        wider = bool(old.exported) and new.exported > old.exported
        if new.exported != old.exported and not wider:
            continue
        if old.selector and new.selector and old.selector != new.selector:
            continue
        if old.selector == new.selector:
            apart = False
        rules[position] = replace(old, spec=_merged(old.spec, new.spec))
    if apart:
        rules.append(new)


def _merged(old: Object, new: Object) -> Object:
    spec: dict[str, Any] = copy.deepcopy(old)
    names = {subset["name"] for subset in spec.get("subsets") or []}
    added = [copy.deepcopy(subset) for subset in new.get("subsets") or [] if subset["name"] not in names]
    if added:
        spec["subsets"] = [*(spec.get("subsets") or []), *added]
    if not spec.get("trafficPolicy") and new.get("trafficPolicy"):
        spec["trafficPolicy"] = copy.deepcopy(new["trafficPolicy"])
    return spec
