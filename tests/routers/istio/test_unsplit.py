"""Every way past the named routes is listed, in one problem, unless the Release allows them."""

from __future__ import annotations

import dataclasses

import pytest

from controller.core.release import Unsplit
from tests.routers.conftest import HOST, SPLIT, STABLE, Cluster, Json, release, route, service, to, virtual_service


def _ingress(**spec: object) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop"},
    } | {"spec": spec}


BACKEND = {"service": {"name": "podinfo", "port": {"number": 9898}}}
TCP: Json = {"tcp": [{"match": [{"port": 5432}], "route": [to()]}]}


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        pytest.param([service()], [], id="our own for the mesh is complete"),
        pytest.param([service(), virtual_service(route("web"))], [], id="the user's own for the mesh too"),
        pytest.param([service(), virtual_service(route("web"), hosts=["*.svc.cluster.local"])], [], id="by wildcard"),
        pytest.param(
            [service(), virtual_service(route("web"), gateways=["public"], hosts=["a.example.com"])],
            ["callers inside the mesh", HOST],
            id="gateways only",
        ),
        pytest.param(
            [service(), virtual_service(route("web"), hosts=["a.example.com"])],
            ["callers inside the mesh"],
            id="another host in the mesh",
        ),
        pytest.param([service(type="NodePort")], ["of type NodePort"], id="NodePort"),
        pytest.param([service(type="LoadBalancer")], ["of type LoadBalancer"], id="LoadBalancer"),
        pytest.param([service(externalIPs=["1.2.3.4"])], ["externalIPs"], id="external addresses"),
        pytest.param([service(), _ingress(defaultBackend=BACKEND)], ["Ingress web"], id="an Ingress"),
        pytest.param(
            [service(), _ingress(rules=[{"http": {"paths": [{"path": "/", "backend": BACKEND}]}}])],
            ["Ingress web"],
            id="an Ingress' path",
        ),
        pytest.param(
            [service(), _ingress(defaultBackend={"service": {"name": "other"}})], [], id="another Service's Ingress"
        ),
        pytest.param(
            [service(), virtual_service(route("web"), route("api"), route("cache", to("cache")))],
            ["VirtualService shop/podinfo, whose route 'api' goes to the Service without a subset"],
            id="a route beside the named one",
        ),
        pytest.param(
            [service(), virtual_service(route("web"), route("api", to(subset="v1")))], [], id="a foreign subset"
        ),
        pytest.param(
            [service(), virtual_service(route("web"), route("api", to(weight=0), to("x", weight=100)))],
            [],
            id="weight 0",
        ),
        pytest.param([service(), virtual_service(route("web"), **TCP)], ["route number 2"], id="a tcp route"),
        pytest.param(
            [service(), virtual_service(route("all", to(HOST)), called="edge", space="edge", hosts=["a.example.com"])],
            ["VirtualService edge/edge, whose route 'all'"],
            id="another VirtualService",
        ),
        pytest.param(
            [
                service(),
                virtual_service(route("web")),
                virtual_service(route("all", to("x")), called="own", space="web", hosts=[HOST], exportTo=["."]),
            ],
            ["clients of VirtualService web/own"],
            id="a rival in the mesh for some clients",
        ),
        pytest.param(
            [
                service(),
                virtual_service(route("web"), exportTo=["."]),
                virtual_service(route("all", to("x")), called="second", space="web", hosts=[HOST], exportTo=["."]),
            ],
            [],
            id="a rival that nobody sees who sees ours",
        ),
    ],
)
def test_every_way_is_listed(objects: list[Json], words: list[str]) -> None:
    one = release(routes=("web",))
    problems = Cluster(*objects).problems(one)
    assert bool(problems) == bool(words)
    for word in words:
        assert word in problems
    allowed = dataclasses.replace(one.traffic, unsplit=Unsplit.ALLOW)
    seen = Cluster(*objects).see(dataclasses.replace(one, traffic=allowed))
    assert seen.problems == ()
    assert bool(seen.unsplit) == bool(words)
    for word in words:
        assert any(word in way for way in seen.unsplit)
    assert Cluster(*objects).see(one).unsplit == (), "where they are refused they are a problem"


def test_all_of_them_are_one_problem() -> None:
    objects = [
        service(type="NodePort"),
        _ingress(defaultBackend=BACKEND),
        virtual_service(route("web"), route("api"), gateways=["public"]),
    ]
    problems = Cluster(*objects).see(release(routes=("web",))).problems
    assert len(problems) == 1
    for word in ("NodePort", "Ingress web", "'api'", "inside the mesh", "unsplit: allow"):
        assert word in problems[0]


def test_a_way_that_opens_in_the_middle_does_not_hold_up_the_way_home() -> None:
    one = release(routes=("web",))
    cluster = Cluster(service(), virtual_service(route("web")))
    cluster.follow(one, SPLIT)
    cluster["Service shop/podinfo"]["spec"]["type"] = "NodePort"
    assert cluster.problems(one) == ""
    cluster.follow(one, STABLE)
    assert "NodePort" in cluster.problems(one)


@pytest.mark.parametrize("objects", [[], [virtual_service(route("web"))]])
def test_a_rival_for_all_clients_is_no_matter_of_allowing(objects: list[Json]) -> None:
    rival = virtual_service(route("all", to(subset="v1")), called="second", hosts=[HOST])
    one = release(routes=("web",), unsplit=Unsplit.ALLOW)
    cluster = Cluster(service(), rival, *objects)
    assert "shop/second answers for" in cluster.problems(one)
    cluster.follow(one, SPLIT)
    assert cluster.problems(one) == ""  # in the middle of a release it does not hold up the way home


def test_of_two_in_the_mesh_the_one_that_says_more_about_the_host_is_obeyed() -> None:
    exact = virtual_service(route("web"))
    wide = virtual_service(route("all", to("x")), called="wide", hosts=["*.svc.cluster.local"])
    assert Cluster(service(), exact, wide).problems(release(routes=("web",))) == ""
    other = release(routes=("all",), virtual_services=("shop/wide",), unsplit=Unsplit.ALLOW)
    wide["spec"]["http"] = [route("all")]
    assert "shop/podinfo answers" in Cluster(service(), exact, wide).problems(other)
