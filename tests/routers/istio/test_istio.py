"""The router's writes: in the safe order, at the version found, and only where something differs."""

from __future__ import annotations

import dataclasses
import json

import pytest

from controller.core.objects import Create, Delete, Patch
from controller.core.release import IstioRouting, ObjectRef
from controller.routers import ROUTERS, router_of
from tests.routers.conftest import (
    ALWAYS,
    DR,
    HOST,
    SPLIT,
    STABLE,
    TESTED,
    VS,
    Cluster,
    Json,
    destinations,
    fence,
    own,
    release,
    route,
    rule,
    service,
    to,
    virtual_service,
    wanted,
)

ROUTER = ROUTERS["istio"]


def test_a_release_has_its_router() -> None:
    assert router_of(release()) is ROUTER


def test_it_reads_what_others_wrote_anywhere() -> None:
    read = {(ref.kind, ref.namespace, ref.name) for ref in ROUTER.reads(release())}
    assert read == {
        ("Service", "shop", "podinfo"),
        ("Ingress", "shop", ""),
        ("VirtualService", "", ""),
        ("DestinationRule", "", ""),
    }


def test_without_wanted_traffic_no_route_is_touched() -> None:
    found = own().found
    assert ROUTER.routes(release(), wanted(None), found, fence="1", force=True) == ()


def test_adding_and_taking_away_are_no_two_writes_on_one_version() -> None:
    cluster = own()
    cluster.follow(release(), STABLE)
    later = wanted({"bbb": 1000})
    (added,) = ROUTER.add_subsets(release(), later, cluster.found)
    assert ROUTER.remove_subsets(release(), later, cluster.found) == ()
    cluster.apply(added)
    assert cluster.see(release()).subsets == {"aaa", "bbb"}


def test_a_subset_stays_while_any_route_names_it() -> None:
    cluster = own()
    cluster.follow(release(), SPLIT)
    pinned = virtual_service(route("all", to(HOST, "r-bbb")), called="pinned", space="web", hosts=["x.example.com"])
    copies = {**route("all", to("x")), "mirrors": [{"destination": {"host": HOST, "subset": "r-ccc"}}]}
    copying = virtual_service(copies, called="copying", hosts=["y.example.com"])
    wider = wanted({"aaa": 999, "ccc": 1})
    cluster.follow(release(), wider)
    more = Cluster(*cluster.plain(), pinned, copying)
    for one in more.objects.values():
        one["metadata"]["resourceVersion"] = "1"
    assert more.see(release()).named == {"aaa", "bbb", "ccc"}
    more.follow(release(), STABLE)
    assert more.see(release()).subsets == {"aaa", "ccc"}  # bbb had gone before it was pinned
    assert more.see(release()).named == {"aaa", "bbb", "ccc"}


def test_a_drifted_subset_is_mended_and_a_foreign_one_left() -> None:
    foreign = {"name": "r-mine", "labels": {"version": "1"}}
    cluster = Cluster(service(), virtual_service(route("web", to(subset="r-mine"))), rule(foreign))
    one = release()
    assert cluster.see(one).weights == ()
    assert cluster.see(one).named == frozenset()
    cluster.follow(one, STABLE)
    cluster[DR]["spec"]["subsets"][1]["labels"] = {"version": "1"}
    assert cluster.see(one).subsets == frozenset()
    assert cluster.see(one).named == {"aaa"}
    cluster.follow(one, STABLE)
    assert cluster[DR]["spec"]["subsets"] == [foreign, {"name": "r-aaa", "labels": {"sluice.dev/revision": "aaa"}}]
    cluster.restore(one)
    assert destinations(cluster) == [("r-mine", None)]
    assert cluster[DR]["spec"]["subsets"] == [foreign]


def test_a_subset_copies_the_policy_of_the_one_with_most_requests() -> None:
    subsets = [{"name": name, "labels": {"v": name}, "trafficPolicy": {"name": name}} for name in ("v1", "v2", "v3")]
    entries = [to(subset="v1", weight=20), to(subset="v2", weight=70), to(subset="v3", weight=10)]
    cluster = Cluster(service(), virtual_service(route("web", *entries)), rule(*subsets))
    cluster.follow(release(), STABLE)
    cluster.follow(release(), SPLIT)  # by now the route itself names ours
    policies = {entry["name"]: entry["trafficPolicy"] for entry in cluster[DR]["spec"]["subsets"]}
    assert policies["r-aaa"] == policies["r-bbb"] == {"name": "v2"}
    cluster.restore(release())
    assert destinations(cluster) == [("v1", 20), ("v2", 70), ("v3", 10)]


@pytest.mark.parametrize(
    ("shares", "weights"),
    [
        ({"aaa": 1000}, [None]),
        ({"aaa": 900, "bbb": 100}, [90, 10]),
        ({"aaa": 999, "bbb": 1}, [999, 1]),
        ({"aaa": 500, "bbb": 490, "ccc": 10}, [50, 49, 1]),
    ],
)
def test_weights_sum_to_100_when_whole_else_to_1000(shares: dict[str, int], weights: list[int | None]) -> None:
    cluster = own()
    cluster.follow(release(), wanted(shares))
    assert [weight for _, weight in destinations(cluster)] == weights


def test_the_fence_is_written_with_a_change_or_when_it_has_to_be() -> None:
    cluster = own()
    cluster.follow(release(), STABLE, fence="5")
    assert fence(cluster) == "5"
    assert cluster.follow(release(), STABLE, fence="6") == 0
    (write,) = ROUTER.routes(release(), STABLE, cluster.found, fence="6", force=True)
    assert isinstance(write, Patch)
    assert write.body == {"metadata": {"annotations": {"sluice.dev/fence": "6"}}}
    assert write.version == cluster[VS]["metadata"]["resourceVersion"]
    cluster.apply(write)
    assert ROUTER.routes(release(), STABLE, cluster.found, fence="6", force=True) == ()
    cluster.follow(release(), SPLIT, fence="7")
    assert fence(cluster) == "7"


def test_a_patch_names_the_version_of_the_api_that_was_found_and_nothing_foreign() -> None:
    cluster = own(route("rest", to("cache")))
    cluster[VS]["apiVersion"] = "networking.istio.io/v1alpha3"
    (write,) = ROUTER.routes(release(routes=("web",)), STABLE, cluster.found, fence="1", force=False)
    assert isinstance(write, Patch)
    assert write.ref.api == "networking.istio.io/v1alpha3"
    assert {key: set(part) for key, part in write.body.items()} == {"metadata": {"annotations"}, "spec": {"http"}}


def test_an_original_that_a_sync_puts_back_is_drift_and_the_newer_one_is_kept() -> None:
    cluster = own()
    one = release()
    cluster.follow(one, SPLIT)
    cluster[VS]["spec"]["http"] = [route("web", to(subset="v9", weight=100), timeout="9s")]
    seen = cluster.see(one)
    assert (seen.weights, seen.problems) == ((), ())
    cluster.follow(one, SPLIT)
    assert destinations(cluster) == [("r-aaa", 90), ("r-bbb", 10)]
    cluster.restore(one)
    assert cluster[VS]["spec"]["http"] == [route("web", to(subset="v9", weight=100), timeout="9s")]


def test_an_original_that_is_there_at_hand_back_stays() -> None:
    cluster = own()
    cluster.follow(release(), SPLIT)
    cluster[VS]["spec"]["http"] = [route("web", to(subset="newer"))]
    cluster.restore(release())
    assert destinations(cluster) == [("newer", None)]


def test_half_of_ours_is_no_original() -> None:
    cluster = own()
    cluster.follow(release(), SPLIT)
    cluster[VS]["spec"]["http"][0]["route"][0]["destination"]["subset"] = "v1"
    cluster.follow(release(), SPLIT)
    cluster.restore(release())
    assert destinations(cluster) == [("", None)]


@pytest.mark.parametrize("note", [None, "no JSON", "[]", '{"shop/podinfo": 3}'])
def test_without_a_note_the_service_itself_is_given_back(note: str | None) -> None:
    cluster = own()
    cluster.follow(release(), SPLIT)
    annotations = cluster[VS]["metadata"]["annotations"]
    del annotations["sluice.dev/original"]
    if note:
        annotations["sluice.dev/original"] = note
    cluster.follow(release(), STABLE)
    cluster.restore(release())
    assert cluster[VS]["spec"]["http"] == [route("web", timeout="3s")]


def test_the_only_route_is_the_same_by_another_name() -> None:
    cluster = own()
    cluster.follow(release(), SPLIT)
    cluster[VS]["spec"]["http"][0]["name"] = "renamed"
    cluster.follow(release(), STABLE)
    assert json.loads(cluster[VS]["metadata"]["annotations"]["sluice.dev/original"]) == {
        "shop/podinfo": {"renamed": [to()]}
    }
    cluster.restore(release())
    assert destinations(cluster, "renamed") == [("", None)]


def test_a_route_that_is_named_no_more_is_given_back() -> None:
    cluster = own(route("api", to(subset="v1")))
    cluster.follow(release(routes=("web", "api"), testers=(ALWAYS,)), TESTED)
    assert destinations(cluster, "api") == [("r-aaa", 995), ("r-bbb", 5)]
    cluster.follow(release(routes=("web",), testers=(ALWAYS,)), TESTED)
    assert [one["name"] for one in cluster[VS]["spec"]["http"]] == ["sluice-podinfo-testers-0", "web", "api"]
    assert destinations(cluster, "api") == [("v1", None)]


def test_a_virtual_service_that_is_named_no_more_is_given_back_after_the_new_one_is_there() -> None:
    cluster = own()
    cluster.follow(release(), SPLIT)
    later = release(virtual_services=("shop/new",))
    (first,) = ROUTER.routes(later, SPLIT, cluster.found, fence="2", force=False)
    assert isinstance(first, Create)
    cluster.apply(first)
    (second,) = ROUTER.routes(later, SPLIT, cluster.found, fence="2", force=False)
    assert isinstance(second, Patch)
    cluster.apply(second)
    assert destinations(cluster) == [("", None)]
    cluster.follow(release(), SPLIT)
    assert cluster.get("VirtualService shop/new") is None


def test_what_we_created_is_ours_whole_and_a_copy_of_it_is_not() -> None:
    cluster = Cluster(service())
    one = release()
    cluster.follow(one, SPLIT)
    before = cluster[VS]["spec"]
    cluster[VS]["spec"] = {**before, "hosts": ["other"], "http": [route("more", to("x")), *before["http"]]}
    assert not cluster.see(one).agree
    cluster.follow(one, SPLIT)
    assert cluster[VS]["spec"] == before
    copied = json.loads(json.dumps(cluster[VS]))
    copied["metadata"] |= {"name": "copy", "uid": "uid-copy"}
    cluster.objects["VirtualService", "shop", "copy"] = copied
    cluster.follow(one, STABLE)
    assert copied["spec"] == before


@pytest.mark.parametrize("mark", ["kubectl.kubernetes.io/last-applied-configuration", "meta.helm.sh/release-name"])
def test_what_a_tool_took_over_is_the_users(mark: str) -> None:
    cluster = Cluster(service())
    cluster.follow(release(), SPLIT)
    theirs = virtual_service(route("web", timeout="1s"))["spec"]
    for key, spec in ((VS, theirs), (DR, cluster[DR]["spec"])):
        cluster[key]["spec"] = spec
        cluster[key]["metadata"]["annotations"][mark] = "theirs"
    cluster.follow(release(), SPLIT)
    assert cluster[VS]["spec"]["http"][0]["timeout"] == "1s"
    assert destinations(cluster) == [("r-aaa", 90), ("r-bbb", 10)]
    cluster.restore(release())
    assert cluster[VS]["spec"] == theirs
    for key in (VS, DR):
        assert cluster[key]["metadata"].keys() == {"name", "namespace", "uid", "resourceVersion", "annotations"}
        assert cluster[key]["metadata"]["annotations"] == {mark: "theirs"}


def test_routes_are_given_back_before_the_subsets_that_they_named() -> None:
    cluster = Cluster(service())
    cluster.follow(release(), SPLIT)
    assert ROUTER.restore_subsets(release(), cluster.found) == (), "a route names them"
    made = ROUTER.restore_routes(release(), cluster.found)
    assert [(type(one), one.ref.kind) for one in made] == [(Delete, "VirtualService")]
    cluster.apply(made[0])
    made = ROUTER.restore_subsets(release(), cluster.found)
    assert [(type(one), one.ref.kind) for one in made] == [(Delete, "DestinationRule")]


def test_a_rule_of_ours_stays_while_a_foreign_route_names_it() -> None:
    cluster = Cluster(service())
    cluster.follow(release(), SPLIT)
    pinned = virtual_service(route("all", to(HOST, "r-bbb")), called="pinned", hosts=["x.example.com"])
    cluster.objects["VirtualService", "shop", "pinned"] = pinned
    cluster.restore(release())
    assert cluster.get(VS) is None
    assert cluster.see(release()).subsets == {"bbb"}


@pytest.mark.parametrize("spec", [None, {}, {"hosts": ["podinfo"]}, {"hosts": ["podinfo"], "http": None}])
def test_a_virtual_service_without_http_is_only_a_problem(spec: Json | None) -> None:
    cluster = own()
    cluster[VS]["spec"] = spec
    assert "no http route" in cluster.problems(release())
    assert ROUTER.routes(release(), SPLIT, cluster.found, fence="1", force=False) == ()
    assert ROUTER.restore_routes(release(), cluster.found) == ()


def test_routes_that_differ_do_not_agree() -> None:
    cluster = own(route("api"))
    one = release(routes=("web", "api"))
    cluster.follow(one, SPLIT)
    assert cluster.see(one).agree
    cluster[VS]["spec"]["http"][1]["route"] = [to(subset="r-aaa")]
    assert not cluster.see(one).agree
    cluster[VS]["spec"]["http"] = [route("web", to(subset="r-aaa")), route("api")]
    assert not cluster.see(one).agree


def test_drifted_weights_are_told_as_shares_and_do_not_agree() -> None:
    cluster = own()
    cluster.follow(release(), SPLIT)
    for entry, weight in zip(cluster[VS]["spec"]["http"][0]["route"], (1, 2), strict=True):
        entry["weight"] = weight
    seen = cluster.see(release())
    assert seen.weights == (("aaa", 333), ("bbb", 666))
    assert not seen.agree


def test_a_created_route_has_the_name_that_is_asked_for() -> None:
    one = release(routes=("web",))
    one = dataclasses.replace(
        one,
        traffic=dataclasses.replace(
            one.traffic, router=IstioRouting((ObjectRef("shop", "podinfo"),), "podinfo", ("web",))
        ),
    )
    cluster = Cluster(service())
    cluster.follow(one, STABLE)
    assert destinations(cluster) == [("r-aaa", None)]
    assert cluster.problems(one) == ""
