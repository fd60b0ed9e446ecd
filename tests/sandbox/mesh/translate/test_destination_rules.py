from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.mesh.translate.destination_rules import DestinationRules
from tests.sandbox.mesh.backends import Object, destination_rule
from tests.sandbox.mesh.translate.worlds import at, snapshot

HOST = "podinfo.shop.svc.cluster.local"


def rule(subset: str, *, namespace: str = "shop", host: str = HOST, created: int = 1, **spec: Any) -> Object:
    """A rule that is known by its one subset."""
    item = destination_rule(f"{namespace}-{subset}", {subset: {}}, namespace=namespace, **spec)
    item["spec"]["host"] = host
    return at(item, f"2026-01-0{created}T00:00:00Z")


def chosen(*items: Object, client: str = "shop", labels: dict[str, str] | None = None) -> list[str]:
    """The names of the subsets that a client sees."""
    found = DestinationRules(snapshot(*items)).find(HOST, "shop", client, labels or {})
    return [subset["name"] for subset in (found or {}).get("subsets") or []]


def test_the_clients_namespace_goes_before_the_services_and_the_root_comes_last() -> None:
    mine, theirs, root = rule("mine", namespace="team"), rule("theirs"), rule("root", namespace="istio-system")
    assert chosen(mine, theirs, root, client="team") == ["mine"]
    assert chosen(theirs, root, client="team") == ["theirs"]
    assert chosen(root, client="team") == ["root"]
    assert chosen(client="team") == []


def test_a_wildcard_in_a_nearer_namespace_goes_before_the_name_itself_in_a_farther_one() -> None:
    wide = rule("wide", namespace="team", host="*.svc.cluster.local")
    assert chosen(wide, rule("exact"), client="team") == ["wide"]
    assert chosen(rule("wide", host="*.local"), rule("narrower", host="*.cluster.local"), client="team") == ["narrower"]


def test_a_short_host_belongs_to_the_rules_namespace() -> None:
    assert chosen(rule("short", host="podinfo")) == ["short"]
    assert chosen(rule("elsewhere", namespace="team", host="podinfo"), client="team") == []


def test_a_rule_that_is_not_exported_is_for_its_own_namespace() -> None:
    private = rule("private", exportTo=["."])
    assert chosen(private) == ["private"]
    assert chosen(private, client="team") == []
    assert chosen(rule("given", exportTo=["team"]), client="team") == ["given"]
    assert chosen(rule("given", exportTo=["team"]), client="third") == []


def test_a_gateway_in_the_root_namespace_looks_at_the_service_first() -> None:
    everybody, own = rule("everybody", namespace="istio-system", host="*"), rule("own")
    assert chosen(everybody, own, client="istio-system") == ["own"]
    assert chosen(everybody, client="istio-system") == ["everybody"]
    private = rule("private", namespace="istio-system", host="*", exportTo=["."])
    assert chosen(private, own, client="istio-system") == ["private"]


def test_two_rules_for_one_host_are_merged_and_the_older_is_right() -> None:
    old = rule("a", created=1, trafficPolicy={"loadBalancer": {"simple": "RANDOM"}})
    new = rule("b", created=2, trafficPolicy={"loadBalancer": {"simple": "ROUND_ROBIN"}})
    new["spec"]["subsets"].append({"name": "a", "labels": {"from": "new"}})
    found = DestinationRules(snapshot(new, old)).find(HOST, "shop", "shop", {}) or {}
    assert [(one["name"], one["labels"]) for one in found["subsets"]] == [("a", {}), ("b", {})]
    assert found["trafficPolicy"] == {"loadBalancer": {"simple": "RANDOM"}}
    assert old["spec"]["subsets"] == [{"name": "a", "labels": {}}]


def test_a_traffic_policy_comes_from_the_newer_when_the_older_has_none() -> None:
    policy = {"loadBalancer": {"simple": "RANDOM"}}
    found = DestinationRules(snapshot(rule("a"), rule("b", created=2, trafficPolicy=policy))).find(
        HOST, "shop", "shop", {}
    )
    assert (found or {})["trafficPolicy"] == policy


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (None, None, ["a", "b"]),
        (["."], ["."], ["a", "b"]),
        (["."], [".", "team"], ["a", "b"]),  # the newer is exported to more
        ([".", "team"], ["."], ["b"]),  # to less: two rules, of which the last counts
        (["."], None, ["b"]),
    ],
)
def test_rules_merge_when_the_newer_is_exported_to_the_same_or_more(
    old: list[str] | None, new: list[str] | None, found: list[str]
) -> None:
    first = rule("a") if old is None else rule("a", exportTo=old)
    second = rule("b", created=2) if new is None else rule("b", created=2, exportTo=new)
    assert chosen(first, second) == found


def test_a_rule_for_some_client_pods_goes_before_one_for_all() -> None:
    general = rule("general", created=1)
    special = rule("special", created=2, workloadSelector={"matchLabels": {"app": "web"}})
    assert "special" in chosen(general, special, labels={"app": "web"})
    assert chosen(special, labels={"app": "other"}) == []
    assert chosen(special, client="team", labels={"app": "web"}) == []
