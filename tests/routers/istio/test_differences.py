"""What counts as taken back by others, and what is a user's own business beside our fields."""

from __future__ import annotations

from typing import Any

import pytest

from controller.routers import router_of
from tests.routers.conftest import ALWAYS, SPLIT, VS, Cluster, release, route, service, to, virtual_service, wanted

TESTED = wanted({"aaa": 900, "bbb": 100}, (ALWAYS,), "bbb")
RELEASE = release(routes=("web",), testers=(ALWAYS,))


@pytest.fixture
def cluster() -> Cluster:
    """The testers' route first, then the named one."""
    made = Cluster(service(), virtual_service(route("web", to())))
    made.follow(RELEASE, TESTED)
    return made


def told(cluster: Cluster, want: Any = TESTED) -> list[str]:
    return [one.what for one in router_of(RELEASE).differences(RELEASE, want, cluster.found)]


@pytest.mark.parametrize(
    "change", [{"timeout": "7s"}, {"match": [{"uri": {"prefix": "/api"}}]}, {"retries": {"attempts": 2}}]
)
def test_a_user_who_changes_the_named_route_takes_nothing_back(cluster: Cluster, change: dict[str, Any]) -> None:
    """The testers' route only has to follow: three such edits in five minutes are no fight."""
    cluster[VS]["spec"]["http"][1].update(change)
    assert told(cluster) == []
    assert cluster.follow(RELEASE, TESTED) == 1
    testers, web = cluster[VS]["spec"]["http"]
    assert all(testers[field] == web[field] == value for field, value in change.items() if field != "match")


def test_nor_does_one_who_adds_a_route_anywhere(cluster: Cluster) -> None:
    cluster[VS]["spec"]["http"].insert(1, route("other", to("other")))
    assert told(cluster) == []


def test_testers_that_were_taken_away_or_sent_elsewhere_are_told(cluster: Cluster) -> None:
    testers = cluster[VS]["spec"]["http"].pop(0)
    assert told(cluster) == ["was changed: the testers' routes are not as they were written"]
    cluster[VS]["spec"]["http"].insert(0, {**testers, "route": [to(subset="r-aaa")]})
    assert told(cluster) == ["was changed: the testers' routes are not as they were written"]


def test_destinations_that_were_put_back_are_told(cluster: Cluster) -> None:
    cluster[VS]["spec"]["http"][1]["route"] = [to()]
    assert told(cluster) == ["was changed: route 'web' goes to podinfo without a subset"]


def test_of_an_object_that_we_created_everything_counts() -> None:
    cluster = Cluster(service())
    one = release()
    cluster.follow(one, SPLIT)
    cluster[VS]["spec"]["hosts"].append("other")
    (found,) = router_of(one).differences(one, SPLIT, cluster.found)
    assert found.what == "was changed: its routes are not as they were written"
