"""Several Releases share a VirtualService, a DestinationRule and a Service; each keeps to its own part."""

from __future__ import annotations

import pytest

from controller.core.release import Release
from tests.routers.conftest import (
    ALWAYS,
    DR,
    HOST,
    TESTED,
    VS,
    Cluster,
    destinations,
    fence,
    own,
    release,
    route,
    service,
    to,
    virtual_service,
    wanted,
)


def _two(first: str, second: str) -> tuple[Release, Release]:
    one = release(routes=("web",), called=first, testers=(ALWAYS,))
    other = release(routes=("api",), called=second, testers=(ALWAYS,))
    return one, other


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("a", "a-testers-0"), ("a-testers-0", "a")])
def test_two_releases_share_a_virtual_service_and_a_rule(first: str, second: str) -> None:
    cluster = own(route("api", to(subset="v1"), timeout="1s"))
    before = Cluster(*cluster.objects.values())
    one, other = _two(first, second)
    theirs = wanted({"xxx": 990, "yyy": 10}, (ALWAYS,), "yyy")
    for _ in range(2):
        cluster.follow(one, TESTED)
        cluster.follow(other, theirs)
    assert cluster.follow(one, TESTED) == cluster.follow(other, theirs) == 0
    assert [entry["name"] for entry in cluster[VS]["spec"]["http"]] == [
        f"sluice-{first}-testers-0",
        "web",
        f"sluice-{second}-testers-0",
        "api",
    ]
    assert cluster.see(one).agree
    assert cluster.see(other).agree
    assert cluster.see(one).subsets == {"aaa", "bbb", "xxx", "yyy"}
    cluster.restore(one)
    assert cluster.see(other).agree
    assert destinations(cluster) == [("", None)]
    assert cluster.see(other).subsets >= {"xxx", "yyy"}
    assert fence(cluster)
    cluster.restore(other)
    assert cluster[VS]["spec"] == before[VS]["spec"]
    assert "annotations" not in cluster[VS]["metadata"]


def test_a_rule_that_one_release_created_goes_with_the_last_one_that_uses_it() -> None:
    cluster = own(route("api"))
    one, other = _two("a", "b")
    cluster.follow(one, TESTED)
    cluster.follow(other, wanted({"xxx": 1000}))
    cluster.restore(one)
    assert cluster.see(other).subsets == {"xxx"}
    assert cluster.see(other).agree
    cluster.restore(other)
    assert cluster.get(DR) is None


def test_releases_of_one_name_in_two_namespaces_are_two() -> None:
    shared = virtual_service(
        route("web", to(HOST)), route("api", to("podinfo.dev.svc.cluster.local")), called="edge", space="edge"
    )
    there = service()
    there["metadata"] = {**there["metadata"], "namespace": "dev"}
    cluster = Cluster(service(), there, shared)
    one = release(routes=("web",), virtual_services=("edge/edge",), testers=(ALWAYS,))
    other = release(routes=("api",), virtual_services=("edge/edge",), testers=(ALWAYS,), space="dev")
    cluster.follow(one, TESTED)
    cluster.follow(other, TESTED)
    names = [entry["name"] for entry in cluster["VirtualService edge/edge"]["spec"]["http"]]
    assert names == ["sluice-shop/podinfo-testers-0", "web", "sluice-dev/podinfo-testers-0", "api"]
    assert cluster.see(one).agree
    assert cluster.see(other).agree
    cluster.restore(one)
    cluster.restore(other)
    assert cluster["VirtualService edge/edge"]["spec"] == shared["spec"]


def test_a_route_that_another_release_took_over_is_not_given_back() -> None:
    """One Release came to name what the other has; only the other knows what stood there before."""
    cluster = own()
    one, other = release(routes=("web",), called="a"), release(routes=("web",), called="b")
    cluster.follow(one, wanted({"aaa": 1000}))
    before = cluster[VS]["spec"]
    cluster.restore(other)
    assert cluster[VS]["spec"] == before
