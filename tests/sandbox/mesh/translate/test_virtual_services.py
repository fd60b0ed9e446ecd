from __future__ import annotations

import pytest

from controller.sandbox.mesh.translate.virtual_services import VirtualService, bound_to, virtual_services
from tests.sandbox.mesh.backends import Object, virtual_service
from tests.sandbox.mesh.translate.worlds import at, snapshot

ROUTE: Object = {"route": [{"destination": {"host": "podinfo"}}]}


def one(item: Object, *others: Object) -> VirtualService:
    return virtual_services(snapshot(item, *others))[0]


def test_every_name_is_resolved_by_the_namespace_of_the_object() -> None:
    route = {
        "match": [{"gateways": ["mesh", "public"]}],
        "route": [{"destination": {"host": "podinfo"}}],
        "mirror": {"host": "copy"},
        "mirrors": [{"destination": {"host": "second.other.svc.cluster.local"}}],
    }
    found = one(virtual_service("podinfo", [route], gateways=["public", "edge/main"], namespace="team"))
    assert found.hosts == ("podinfo.team.svc.cluster.local",)
    assert found.gateways == ("team/public", "edge/main")
    (http,) = found.http
    assert http["match"] == [{"gateways": ["mesh", "team/public"]}]
    assert http["route"][0]["destination"]["host"] == "podinfo.team.svc.cluster.local"
    assert http["mirror"]["host"] == "copy.team.svc.cluster.local"
    assert http["mirrors"][0]["destination"]["host"] == "second.other.svc.cluster.local"


def test_without_gateways_it_is_for_the_mesh_and_the_object_stays_as_it_was() -> None:
    item = virtual_service("podinfo", [ROUTE])
    assert one(item).gateways == ("mesh",)
    assert item["spec"]["http"][0]["route"][0]["destination"]["host"] == "podinfo"


def test_delegates_take_the_place_of_the_route_that_names_them() -> None:
    root = virtual_service("podinfo", [{"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": "leaf"}}, ROUTE])
    leaf = virtual_service("leaf", [{"name": "x", **ROUTE}, {"name": "y", **ROUTE}], hosts=[])
    (found,) = virtual_services(snapshot(root, leaf))
    assert [(route.get("name"), bool(route.get("match"))) for route in found.http] == [
        ("x", True),
        ("y", True),
        (None, False),
    ]


@pytest.mark.parametrize(
    ("export_to", "namespace", "routes"),
    [
        (None, "team", 1),
        (["*"], "team", 1),
        (["shop"], "team", 1),
        (["."], "team", 0),
        (["third"], "team", 0),
        (None, "nowhere", 0),
    ],
)
def test_a_delegate_must_be_there_and_visible(export_to: list[str] | None, namespace: str, routes: int) -> None:
    root = virtual_service("podinfo", [{"delegate": {"name": "leaf", "namespace": namespace}}])
    spec = {} if export_to is None else {"exportTo": export_to}
    leaf = virtual_service("leaf", [ROUTE], hosts=[], namespace="team", **spec)
    assert len(one(root, leaf).http) == routes


def names(*items: Object, gateway: str = "mesh", namespace: str = "shop") -> list[str]:
    return [found.name for found in bound_to(virtual_services(snapshot(*items)), gateway, namespace)]


def test_the_oldest_comes_first_and_then_the_name() -> None:
    old = at(virtual_service("z", [ROUTE]), "2026-01-01T00:00:00Z")
    new = at(virtual_service("a", [ROUTE]), "2026-01-02T00:00:00Z")
    same = at(virtual_service("b", [ROUTE]), "2026-01-02T00:00:00Z")
    assert names(same, new, old) == ["z", "a", "b"]


def test_a_proxys_own_private_ones_come_before_those_for_its_namespace_and_the_public_ones() -> None:
    public = at(virtual_service("public", [ROUTE]), "2026-01-01T00:00:00Z")
    given = at(virtual_service("given", [ROUTE], namespace="team", exportTo=["shop"]), "2026-01-02T00:00:00Z")
    private = at(virtual_service("private", [ROUTE], exportTo=["."]), "2026-01-03T00:00:00Z")
    hidden = virtual_service("hidden", [ROUTE], namespace="team", exportTo=["."])
    assert names(public, given, private, hidden) == ["private", "given", "public"]


def test_only_those_of_the_gateway_are_its_own() -> None:
    mesh = virtual_service("mesh", [ROUTE])
    both = virtual_service("both", [ROUTE], gateways=["mesh", "istio-system/public"])
    edge = virtual_service("edge", [ROUTE], gateways=["istio-system/public"])
    assert names(mesh, both, edge) == ["both", "mesh"]
    assert names(mesh, both, edge, gateway="istio-system/public", namespace="istio-system") == ["both", "edge"]
