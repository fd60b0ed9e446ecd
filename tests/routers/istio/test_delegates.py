"""Delegates: read with their roots, written in http only, and inserted routes that istiod does not drop."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.core.release import Release
from controller.routers.istio.delegates import dropped
from controller.sandbox.mesh.translate.delegates import merge_routes
from tests.routers.conftest import ALWAYS, HOST, TESTED, Cluster, Json, release, route, service, virtual_service

ONE = release(testers=(ALWAYS,))


def delegate(*routes: Json, **spec: Any) -> Json:
    made = virtual_service(*(routes or (route("web"),)), **spec)
    del made["spec"]["hosts"]
    return made


def root(*matches: Json, called: str = "entrance", gateways: tuple[str, ...] = ("mesh",)) -> Json:
    handing: Json = {"name": "to-shop", "delegate": {"name": "podinfo", "namespace": "shop"}}
    if matches:
        handing["match"] = list(matches)
    return virtual_service(handing, called=called, space="edge", hosts=[HOST], gateways=list(gateways))


def test_only_http_is_written() -> None:
    cluster = Cluster(service(), root(), delegate())
    cluster.follow(ONE, TESTED)
    assert set(cluster["VirtualService shop/podinfo"]["spec"]) == {"http"}
    assert cluster["VirtualService edge/entrance"]["spec"] == root()["spec"]
    assert cluster.see(ONE).agree


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ([delegate()], ["has no hosts", "no VirtualService that may see it"]),
        ([delegate(exportTo=["."]), root()], ["no VirtualService that may see it"]),
        ([delegate(), root()], []),
        ([delegate(), root(gateways=("istio-system/public",))], ["callers inside the mesh"]),
        ([delegate(), root({"headers": {"x-canary": {"prefix": "a"}}})], []),
        ([delegate(), root({"headers": {"x-canary": {"exact": "never"}}})], ["edge/entrance", "another header"]),
        ([delegate(), root({"headers": {"x-canary": {"regex": ".*"}}})], ["would drop the testers' route"]),
        ([delegate(), root({"ignoreUriCase": True}, {"uri": {"prefix": "/a"}})], []),
        ([delegate(), root({"ignoreUriCase": True}), root({"ignoreUriCase": True}, called="second")], []),
        (
            [delegate(), root({"ignoreUriCase": True}), root({"uri": {"prefix": "/"}}, called="second")],
            ["would drop the testers' route"],
        ),
    ],
)
def test_what_istio_would_drop_is_a_problem(objects: list[Json], words: list[str]) -> None:
    problems = Cluster(service(), *objects).problems(ONE)
    assert bool(problems) == bool(words), problems
    for word in words:
        assert word in problems


ROOTS: list[list[Json]] = [
    [],
    [{"uri": {"prefix": "/a"}}],
    [{"uri": {"prefix": "/a"}, "ignoreUriCase": True}],
    [{"sourceNamespace": "web"}, {"port": 80}],
    [{"headers": {"x-canary": {"exact": "always"}}, "gateways": ["mesh"]}],
    [{"headers": {"x-canary": {"exact": "no"}}}],
    [{"headers": {"x-canary": {"regex": "a"}}}],
    [{"sourceLabels": {"app": "a"}, "method": {"exact": "GET"}}],
]


@pytest.mark.parametrize("matches", ROOTS)
@pytest.mark.parametrize("own", [[], [{"uri": {"prefix": "/a/b"}}], [{"uri": {"prefix": "/x"}}]])
def test_it_is_judged_as_the_sandboxs_mesh_merges(matches: list[Json], own: list[Json]) -> None:
    """Both were written from Istio's rules apart from each other."""
    web = {**route("web"), **({"match": own} if own else {})}
    cluster = Cluster(service(), root(*matches), delegate(web))
    one: Release = ONE
    cluster.follow(one, TESTED)
    handing = json.loads(json.dumps(root(*matches)["spec"]["http"][0]))
    first = cluster["VirtualService shop/podinfo"]["spec"]["http"][0]
    kept = [entry["name"] for entry in merge_routes(handing, [first])]
    assert kept == ([] if dropped(handing, first["match"]) else ["to-shop-sluice-podinfo-testers-0"])
    assert ("would drop" in cluster.problems(one)) == (not kept)
