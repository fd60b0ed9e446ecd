from __future__ import annotations

import pytest

from controller.sandbox.mesh.translate import hosts


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("reviews", "reviews.shop.svc.cluster.local"),
        ("reviews.other.svc.cluster.local", "reviews.other.svc.cluster.local"),
        ("reviews.other", "reviews.other"),  # a name with a dot is taken as it is, as istiod does
        ("example.com", "example.com"),
        ("*", "*"),
        ("*.example.com", "*.example.com"),
    ],
)
def test_a_name_without_a_dot_belongs_to_the_namespace_of_its_object(given: str, found: str) -> None:
    assert hosts.resolve(given, "shop") == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("mesh", "mesh"),
        ("public", "shop/public"),
        ("istio-system/public", "istio-system/public"),
        ("./public", "shop/public"),
        ("public.edge.svc.cluster.local", "edge/public"),
    ],
)
def test_gateways_are_named_by_namespace_and_name(given: str, found: str) -> None:
    assert hosts.resolve_gateway(given, "shop") == found


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("a.com", "a.com", True),
        ("a.com", "b.com", False),
        ("*.com", "a.com", True),
        ("a.com", "*.com", True),
        ("*", "anything", True),
        ("*.a.com", "*.com", True),
        ("*.com", "*.a.com", True),
        ("*.a.com", "*.b.com", False),
        ("*.a.com", "a.com", False),
    ],
)
def test_hosts_match_when_they_have_names_in_common(left: str, right: str, same: bool) -> None:
    assert hosts.matches(left, right) is same


@pytest.mark.parametrize(
    ("left", "right", "shared"),
    [
        (["*"], ["a.com", "b.com"], ["a.com", "b.com"]),
        (["a.com"], ["*.com"], ["a.com"]),
        (["*.com"], ["*.a.com"], ["*.a.com"]),
        (["*.a.com"], ["*.com"], ["*.a.com"]),
        (["a.com"], ["b.com"], []),
        (["a.com", "*"], ["a.com"], ["a.com"]),
    ],
)
def test_the_narrower_of_two_hosts_is_what_they_share(left: list[str], right: list[str], shared: list[str]) -> None:
    assert hosts.intersection(left, right) == shared


@pytest.mark.parametrize(
    ("candidates", "best"),
    [
        (["*.shop.svc", "a.shop.svc"], "a.shop.svc"),
        (["*", "*.svc", "*.shop.svc"], "*.shop.svc"),
        (["*.other"], None),
        ([], None),
    ],
)
def test_the_name_itself_and_then_the_longest_wildcard_is_most_specific(
    candidates: list[str], best: str | None
) -> None:
    assert hosts.HostSet(candidates).most_specific("a.shop.svc") == best


@pytest.mark.parametrize(
    ("export_to", "namespace", "seen"),
    [
        (None, "any", True),
        (["*"], "any", True),
        (["."], "shop", True),
        (["."], "any", False),
        (["other", "third"], "third", True),
        (["~"], "shop", False),
    ],
)
def test_export_to_says_who_sees_an_object(export_to: list[str] | None, namespace: str, seen: bool) -> None:
    assert hosts.visible(hosts.export_set(export_to, "shop"), namespace) is seen


def test_a_short_name_is_only_known_in_its_own_namespace() -> None:
    host = "reviews.shop.svc.cluster.local"
    assert "reviews" in hosts.domains(host, "shop")
    assert "reviews" not in hosts.domains(host, "other")
    assert {"reviews.shop", "reviews.shop.svc", host} <= set(hosts.domains(host, "other"))
