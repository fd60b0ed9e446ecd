"""Host names, namespaces and gateways are read as Istio reads them."""

from __future__ import annotations

import pytest

from controller.routers.istio.hosts import closeness, covers, exported, in_full, includes, overlap, sees
from controller.routers.istio.names import inserted_by, inserted_name, revision_of, subset
from tests.routers.conftest import HOST, Json, release, virtual_service


@pytest.mark.parametrize(
    ("host", "full"),
    [
        ("podinfo", HOST),
        (HOST, HOST),
        ("podinfo.shop", "podinfo.shop"),
        ("example.com", "example.com"),
        ("*", "*"),
        ("*.local", "*.local"),
    ],
)
def test_only_a_name_without_a_dot_belongs_to_the_namespace(host: str, full: str) -> None:
    assert in_full(host, "shop") == full


@pytest.mark.parametrize(
    ("pattern", "said"),
    [(HOST, True), ("*", True), ("*.shop.svc.cluster.local", True), ("*.web.local", False), ("", False)],
)
def test_a_wildcard_speaks_of_what_it_ends_in(pattern: str, said: bool) -> None:
    assert covers(pattern, HOST) == said


def test_the_longer_wildcard_says_more_and_the_name_itself_most() -> None:
    def say(*hosts: str) -> int:
        return closeness(virtual_service(hosts=list(hosts)), HOST)

    assert say("podinfo") > say("*.shop.svc.cluster.local") > say("*.local", "other") > say("*") > say("other") == 0


@pytest.mark.parametrize(
    ("listed", "spaces"),
    [
        ({}, {"*"}),
        ({"exportTo": []}, {"*"}),
        ({"exportTo": [".", "web"]}, {"shop", "web"}),
        ({"exportTo": [".", "*"]}, {"*"}),
    ],
)
def test_export_is_by_namespace(listed: Json, spaces: set[str]) -> None:
    assert exported(virtual_service(**listed)) == spaces


def test_everybody_includes_everybody() -> None:
    everybody, shop, web = frozenset({"*"}), frozenset({"shop"}), frozenset({"web"})
    assert sees(everybody, "shop")
    assert sees(shop, "shop")
    assert not sees(web, "shop")
    assert includes(everybody, shop)
    assert not includes(shop, everybody)
    assert overlap(everybody, shop)
    assert overlap(shop, shop | web)
    assert not overlap(shop, web)


def test_names_lead_back_to_what_they_stand_for() -> None:
    assert revision_of(subset("abc")) == "abc"
    assert revision_of("v1") == ""
    for called in ("podinfo", "a.b", "x-testers-0"):
        one = release(called=called)
        assert inserted_by(inserted_name(one, "shop", 3), "shop") == f"shop/{called}"
        assert inserted_by(inserted_name(one, "edge", 3), "edge") == f"shop/{called}"
    for theirs in (None, "", "web", "sluice-podinfo", "sluice-podinfo-testers-", "my-sluice-a-testers-0"):
        assert inserted_by(theirs, "shop") == ""
