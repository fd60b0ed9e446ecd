"""What cannot be followed is said before anything is written: one sentence with the thing's name and the remedy."""

from __future__ import annotations

import pytest

from controller.core.release import Release, Unsplit
from controller.core.traffic import MatchKind, TesterMatch, ValueMatch
from tests.routers.conftest import (
    ALWAYS,
    HOST,
    SPLIT,
    Cluster,
    Json,
    release,
    route,
    rule,
    service,
    to,
    virtual_service,
)

REDIRECT = {"name": "web", "redirect": {"uri": "/new"}}
DIRECT = {"name": "web", "directResponse": {"status": 404}}
HANDED = {"name": "web", "delegate": {"name": "elsewhere"}}
ENV = [{"headers": {"x-canary": {"regex": "a.*"}}}]
OTHER = [{"headers": {"x-canary": {"exact": "never"}}}]
COOKIE = TesterMatch(headers=(ValueMatch("cookie", MatchKind.REGEX, ".*canary.*"),))


@pytest.mark.parametrize(
    ("objects", "asked", "words"),
    [
        pytest.param([], release(), ["no Service shop/podinfo", "create it"], id="no Service"),
        pytest.param([service((1, 2))], release(), ["spec.traffic.port", "choose one of 1, 2"], id="which port"),
        pytest.param([service()], release(port=5), ["has no port 5", "9898"], id="no such port"),
        pytest.param([service(clusterIP="None")], release(), ["headless", "sidecars ignore weights"], id="headless"),
        pytest.param([service(type="ExternalName")], release(), ["ExternalName"], id="external name"),
        pytest.param(
            [service(ports=[{"port": 5432, "name": "tcp-db"}])], release(), ["5432", "is tcp"], id="port name says tcp"
        ),
        pytest.param(
            [service(ports=[{"port": 5432, "name": "http", "appProtocol": "TLS"}])], release(), ["tls"], id="protocol"
        ),
        pytest.param([service(), rule(host="other")], release(), ["host other", HOST], id="another host's rule"),
        pytest.param(
            [service(), virtual_service(route("a"), route("b"))],
            release(),
            ["spec.traffic.istio.routes", "2 http routes", "it names a, b"],
            id="several routes and none named",
        ),
        pytest.param(
            [service(), virtual_service(route("a"), route())],
            release(),
            ["2 http routes", "it names a", "give a name to each"],
            id="a route without a name",
        ),
        pytest.param([service(), virtual_service()], release(), ["no http route"], id="no http route"),
        pytest.param(
            [service(), virtual_service(route("a"))],
            release(routes=("web",)),
            ["no http route named 'web'", "are a"],
            id="no route of that name",
        ),
        pytest.param(
            [service(), virtual_service(route("web"), route("web"))],
            release(routes=("web",)),
            ["several http routes named 'web'"],
            id="two of one name",
        ),
        pytest.param([service(), virtual_service(REDIRECT)], release(routes=("web",)), ["has redirect"], id="redirect"),
        pytest.param(
            [service(), virtual_service(DIRECT)], release(routes=("web",)), ["has directResponse"], id="direct response"
        ),
        pytest.param(
            [service(), virtual_service(HANDED)],
            release(routes=("web",)),
            ["has delegate", "list the delegate itself"],
            id="delegate",
        ),
        pytest.param(
            [service(), virtual_service({"name": "web"})], release(), ["has no destination"], id="no destination"
        ),
        pytest.param(
            [service(), virtual_service(route("web", to(weight=50), to("cache", weight=50)))],
            release(),
            ["route 'web' also goes to cache", "not Service podinfo"],
            id="another host",
        ),
        pytest.param(
            [service(), virtual_service(route("web", to("podinfo.other.svc.cluster.local")))],
            release(),
            ["podinfo.other.svc.cluster.local"],
            id="a Service of that name elsewhere",
        ),
        pytest.param(
            [service(), virtual_service(route("web", match=ENV))],
            release(testers=(ALWAYS,)),
            ["testers", "route 'web'", "header x-canary", "regex 'a.*' and exact 'always'", "use another header"],
            id="two conditions that no match can say",
        ),
        pytest.param(
            [service(), virtual_service(route("web", match=OTHER))],
            release(testers=(ALWAYS,)),
            ["no request meets both"],
            id="testers that no route lets in",
        ),
        pytest.param(
            [service(), virtual_service(route("web"))],
            release(routes=("web",), virtual_services=("shop/podinfo", "shop/more")),
            [],
            id="nothing is wrong with one that is there and one to be created",
        ),
        pytest.param(
            [service(), virtual_service(route("web")), virtual_service(route("api"), called="more")],
            release(routes=("web",), virtual_services=("shop/podinfo", "shop/more")),
            ["VirtualService shop/more has none of the routes named, only api"],
            id="a VirtualService without a named route",
        ),
        pytest.param(
            [service()], release(routes=("web", "api")), ["named 'api'", "web"], id="several routes to be created"
        ),
    ],
)
def test_it_is_named_with_its_remedy(objects: list[Json], asked: Release, words: list[str]) -> None:
    problems = Cluster(*objects).problems(asked)
    assert bool(problems) == bool(words)
    for word in words:
        assert word in problems


def test_a_headless_service_behind_gateways_only_is_fine() -> None:
    one = release(hosts=("podinfo.example.com",), gateways=("istio-system/public",), unsplit=Unsplit.ALLOW)
    assert Cluster(service(clusterIP="None")).problems(one) == ""


def test_a_route_that_another_release_divides_is_named() -> None:
    cluster = Cluster(service(), virtual_service(route("web")))
    cluster.follow(release(routes=("web",), called="older"), SPLIT)
    assert "divided by the Release shop/older" in cluster.problems(release())


@pytest.mark.parametrize(
    ("ours", "theirs", "hidden"),
    [
        ({}, {}, False),
        ({"exportTo": ["."]}, {"exportTo": ["shop"]}, False),
        ({}, {"exportTo": ["."]}, True),
        ({"workloadSelector": {"matchLabels": {"a": "b"}}}, {}, True),
    ],
)
def test_a_second_rule_for_the_host_is_harmless_only_where_istio_merges_them(
    ours: Json, theirs: Json, hidden: bool
) -> None:
    exported: Json = {"exportTo": ["."]} if "exportTo" in ours else {}
    cluster = Cluster(service(), virtual_service(route(), **exported), rule(**ours), rule(called="second", **theirs))
    assert ("second" in cluster.problems(release())) == hidden


def test_a_rule_of_another_name_for_the_host_is_not_doubled() -> None:
    problems = Cluster(service(), rule(called="other")).problems(release())
    assert "write destinationRule: other" in problems


@pytest.mark.parametrize("host", [HOST, "*.shop.svc.cluster.local", "*.local", "*"])
def test_a_rule_in_a_clients_namespace_is_named(host: str) -> None:
    hides = rule(called="mine", space="web", host=host, exportTo=["."])
    assert "DestinationRule web/mine" in Cluster(service(), hides).problems(release())
    # Whoever does not see our routes does not look for our subsets.
    apart = Cluster(service(), hides, virtual_service(route(), exportTo=["."]))
    assert apart.problems(release()) == ""


def test_a_rule_for_the_root_namespace_alone_hides_ours_from_its_gateways() -> None:
    own = rule(called="mine", space="istio-system", host="*.local", exportTo=["."])
    assert "istio-system/mine" in Cluster(service(), own).problems(release())
    everybody = rule(called="mine", space="istio-system", host="*.local")
    assert Cluster(service(), everybody).problems(release()) == ""


def test_a_rule_that_fewer_clients_see_than_the_routes_is_named() -> None:
    cluster = Cluster(service(), virtual_service(route()), rule(exportTo=["."]))
    assert "exported to shop" in cluster.problems(release())
    assert "all namespaces" in cluster.problems(release())


def test_a_wider_rule_with_subsets_is_not_hidden() -> None:
    wide = rule({"name": "v1", "labels": {"v": "1"}}, called="wide", space="istio-system", host="*.local")
    assert "would hide them" in Cluster(service(), wide).problems(release())
