"""Which DestinationRule a client obeys, and which would keep it from ours.

istiod looks in the client's namespace, then in the Service's, then in the root namespace; in each the rule whose host
says most wins, wildcards included, and it wins whole. Several for one host are merged: the older keeps what it says, a
newer one adds subsets when it is exported to the same namespaces or to more.
Source: Istio, pilot/pkg/model/destination_rule.go and push_context.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.objects import Object, name, namespace, where
from controller.routers.istio.created import export_to
from controller.routers.istio.delegates import holders
from controller.routers.istio.hosts import EVERYBODY, covers, exported, in_full, includes, sees
from controller.routers.istio.names import ROOT_NAMESPACE
from controller.routers.istio.view import View, subsets

_FIELD = "spec.traffic.istio.destinationRule"


def obeyed_until_now(view: View) -> Object | None:
    """The rule that holds for the Service while it has none of its own; None when no rule does."""
    for space in (view.release.namespace, ROOT_NAMESPACE):
        found = [one for one in _speaking(view) if namespace(one) == space and not _selects(one)]
        found = [one for one in found if space == view.release.namespace or sees(exported(one), view.release.namespace)]
        if found:
            return max(found, key=lambda one: len(_host(one)))
    return None


def hiding(view: View) -> Iterator[str]:
    """Every reason why a client would not see our subsets, with the remedy."""
    yield from _for_clients(view)
    if view.rule is None:
        yield from _instead(view)
    elif _host(view.rule) == view.host:
        yield from _beside(view, view.rule)


def _for_clients(view: View) -> Iterator[str]:
    spaces = _routes_seen_by(view)
    hidden = [
        one
        for one in _speaking(view)
        if namespace(one) != view.release.namespace and sees(spaces, namespace(one))
        # A rule in the root namespace comes last, unless it is for that namespace alone.
        if namespace(one) != ROOT_NAMESPACE or exported(one) == {ROOT_NAMESPACE}
    ]
    if hidden:
        listed = ", ".join(f"{where(one)} (host {(one.get('spec') or {}).get('host')})" for one in hidden)
        yield (
            f"{_FIELD}: clients in a rule's own namespace obey it instead of ours and would find no subset: {listed}; "
            f"delete it there or leave {view.host} out of its host"
        )


def _instead(view: View) -> Iterator[str]:
    """What stands in the way of creating a rule."""
    named = view.release.traffic.router.destination_rule
    for one in _speaking(view):
        if namespace(one) == view.release.namespace and _host(one) == view.host:
            yield (
                f"{_FIELD}: there is no DestinationRule {named}, but {name(one)} is for the same host, and two for one "
                f"host hide each other; write destinationRule: {name(one)}"
            )
            return
    before = obeyed_until_now(view)
    if before is not None and subsets(before):
        yield (
            f"{_FIELD}: {where(before)} gives subsets to {view.host}, and a DestinationRule made for that host alone "
            f"would hide them; create DestinationRule {view.release.namespace}/{named} for {view.host} with what you "
            "need of it"
        )


def _beside(view: View, rule: Object) -> Iterator[str]:
    """What is wrong with the rule that is there, and what stands beside it."""
    if _selects(rule):
        yield (
            f"{_FIELD}: {where(rule)} has a workloadSelector, so only some clients would find the subsets; take it "
            "out, or name another rule"
        )
    spaces = _routes_seen_by(view)
    if not includes(exported(rule), spaces):
        seen = ", ".join(sorted(spaces))
        yield (
            f"{_FIELD}: {where(rule)} is exported to {', '.join(sorted(exported(rule)))}, but its subsets will be "
            f"named by routes that are seen in {seen.replace('*', 'all namespaces')}; give both the same exportTo"
        )
    for one in _speaking(view):
        same = namespace(one) == namespace(rule) and _host(one) == view.host and name(one) != name(rule)
        if same and not _merged(rule, one):
            yield (
                f"{_FIELD}: {where(one)} is for the host {view.host} too and hides {name(rule)}; make one rule of the "
                "two, or give both the same exportTo and no workloadSelector"
            )


def _merged(rule: Object, other: Object) -> bool:
    """Whether istiod makes one rule of the two, so that the subsets of both are there."""
    older, newer = sorted((rule, other), key=_age)
    if _selects(older) or _selects(newer):
        return False
    return exported(newer) == exported(older) or exported(newer) > exported(older)


def _routes_seen_by(view: View) -> frozenset[str]:
    """The namespaces whose clients obey the routes of the Release."""
    spaces: frozenset[str] = frozenset()
    for one in view.virtual_services:
        for holder in holders(view.found, one):
            spaces |= exported(holder)
    if view.missing:
        spaces |= frozenset(export_to(view)) if view.rule is None else exported(view.rule)
    return EVERYBODY if "*" in spaces else spaces


def _speaking(view: View) -> list[Object]:
    """Every DestinationRule that says something about the Service's host."""
    return [one for one in view.found.list("DestinationRule") if covers(_host(one), view.host)]


def _host(one: Object) -> str:
    return in_full(str((one.get("spec") or {}).get("host", "")), namespace(one))


def _selects(one: Object) -> bool:
    return bool(((one.get("spec") or {}).get("workloadSelector") or {}).get("matchLabels"))


def _age(one: Object) -> tuple[str, str, str]:
    return one["metadata"].get("creationTimestamp") or "", name(one), namespace(one)
