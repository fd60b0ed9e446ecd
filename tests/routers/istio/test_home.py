"""Requests home over route objects with a problem: what is ours without doubt, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from jsonschema.protocols import Validator

from controller.core.release import Release
from controller.core.traffic import Traffic, Weights
from controller.core.wanted import Reach, Wanted, WantedRevision
from controller.routers import router_of
from tests.routers.conftest import (
    SPLIT,
    TESTED,
    VS,
    Cluster,
    Json,
    faults,
    fence,
    own,
    release,
    route,
    service,
    to,
    virtual_service,
)

HOME = Wanted(
    (WantedRevision("aaa", 3), WantedRevision("bbb", 1)), ("aaa",), Traffic(Weights.all_to("aaa")), reach=Reach.HOME
)


def bring_home(cluster: Cluster, one: Release) -> int:
    writes = 0
    while made := router_of(one).home(one, HOME, cluster.found, fence="9"):
        for write in made:
            cluster.apply(write)
        writes += len(made)
    return writes


def places(cluster: Cluster, at: int = 0) -> list[tuple[str, str, int | None]]:
    entries = cluster[VS]["spec"]["http"][at]["route"]
    return [(e["destination"]["host"], e["destination"].get("subset", ""), e.get("weight")) for e in entries]


SPLIT_ROUTE = (to(subset="r-aaa", weight=72), to(subset="r-bbb", weight=8), to("other", weight=20))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(SPLIT_ROUTE, [("podinfo", "r-aaa", 80), ("other", "", 20)], id="foreign"),
        pytest.param(
            (to(subset="r-bbb", weight=80), to("other", weight=20)),
            [("podinfo", "r-aaa", 80), ("other", "", 20)],
            id="candidate and foreign",
        ),
        pytest.param(
            (to(weight=30), to("other", weight=70)),
            [("podinfo", "r-aaa", 30), ("other", "", 70)],
            id="the Service as a whole and foreign",
        ),
        pytest.param(
            (to("other", subset="r-bbb", weight=40), to(subset="r-bbb", weight=60)),
            [("other", "r-bbb", 40), ("podinfo", "r-aaa", 60)],
            id="a subset of another host",
        ),
        pytest.param((to("other"),), [("other", "", None)], id="nothing of ours"),
        pytest.param((to(subset="r-bbb"),), [("podinfo", "r-aaa", None)], id="one"),
    ],
)
def test_what_names_us_becomes_stables_and_what_others_get_stays(
    entries: tuple[Json, ...], expected: list[tuple[str, str, int | None]], istio_schemas: Mapping[str, Validator]
) -> None:
    cluster = Cluster(service(), virtual_service(route("web", *entries, timeout="3s")))
    before = cluster[VS]["spec"]["http"][0]
    bring_home(cluster, release())
    assert places(cluster) == expected
    assert faults(istio_schemas, cluster[VS]) == []
    after = cluster[VS]["spec"]["http"][0]
    assert {**after, "route": ()} == {**before, "route": ()}
    assert bring_home(cluster, release()) == 0


def test_a_route_that_was_renamed_is_found_by_what_it_names() -> None:
    cluster = own()
    cluster.follow(release(routes=("web",)), SPLIT)
    cluster[VS]["spec"]["http"][0]["name"] = "page"
    assert "no http route named 'web'" in cluster.problems(release(routes=("web",)))
    assert bring_home(cluster, release(routes=("web",))) == 1
    assert places(cluster) == [("podinfo", "r-aaa", None)]
    assert fence(cluster) == "9"


def test_routes_that_are_not_clear_keep_what_names_no_revision() -> None:
    cluster = Cluster(service(), virtual_service(route("a", to()), route("b", *SPLIT_ROUTE[:2])))
    assert "2 http routes" in cluster.problems(release())
    bring_home(cluster, release())
    assert places(cluster) == [("podinfo", "", None)]
    assert places(cluster, 1) == [("podinfo", "r-aaa", None)]


def test_revisions_of_others_stay_where_they_are() -> None:
    entries = (to(subset="r-ccc", weight=50), to(subset="r-bbb", weight=50))
    cluster = Cluster(service(), virtual_service(route("mine", *SPLIT_ROUTE), route("theirs", *entries)))
    bring_home(cluster, release(routes=("mine",)))
    assert places(cluster, 1) == [("podinfo", "r-ccc", 50), ("podinfo", "r-aaa", 50)]


def test_testers_go_home_too() -> None:
    cluster = own()
    one = release(testers=TESTED.traffic.testers.matches)  # type: ignore[union-attr]
    cluster.follow(one, TESTED)
    cluster[VS]["spec"]["http"][-1]["route"].append(to("other", weight=0))
    bring_home(cluster, one)
    assert [item["name"] for item in cluster[VS]["spec"]["http"]] == ["web"]


def test_what_was_the_users_is_given_back_after_all_without_hosts_of_others() -> None:
    """They put a whole new list there, requests came home over it, and then the others' host was taken out again."""
    cluster = own()
    cluster.follow(release(), SPLIT)
    cluster[VS]["spec"]["http"][0]["route"] = [to(weight=30, headers={"a": "b"}), to("other", weight=70)]
    bring_home(cluster, release())
    del cluster[VS]["spec"]["http"][0]["route"][1]
    assert cluster.problems(release()) == ""
    cluster.follow(release(), SPLIT)
    assert places(cluster) == [("podinfo", "r-aaa", 90), ("podinfo", "r-bbb", 10)]
    cluster.restore(release())
    assert cluster[VS]["spec"]["http"][0]["route"] == [to(weight=30, headers={"a": "b"})]


def test_nothing_is_made_where_nothing_is() -> None:
    assert bring_home(Cluster(service()), release()) == 0
