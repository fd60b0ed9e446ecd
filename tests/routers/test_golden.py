"""Expected manifests, one file per situation; ``pytest --update-golden`` writes them anew, and the diff is reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import yaml
from jsonschema.protocols import Validator

from controller.core.release import Release
from controller.core.traffic import MatchKind, TesterMatch, ValueMatch
from controller.core.wanted import Wanted
from tests.routers.conftest import (
    ALWAYS,
    GOLDEN,
    HOST,
    SPLIT,
    STABLE,
    TESTED,
    Cluster,
    Json,
    faults,
    release,
    route,
    rule,
    service,
    to,
    virtual_service,
    wanted,
)

COOKIE = TesterMatch(headers=(ValueMatch("cookie", MatchKind.REGEX, "^(.*?;)?(canary=always)(;.*)?$"),))
PRESENT = TesterMatch(
    headers=(ValueMatch("x-team", MatchKind.PRESENT),), query_params=(ValueMatch("canary", MatchKind.PRESENT),)
)


@dataclass(frozen=True)
class Situation:
    """What is there, what is asked, and where requests are wanted."""

    objects: tuple[Json, ...]
    release: Release
    wanted: Wanted


def _rich() -> Json:
    """A user's own VirtualService with everything that must survive."""
    web = route(
        "web",
        to(subset="v1", weight=90, headers={"response": {"set": {"x-arm": "one"}}}),
        to(subset="v2", weight=10),
        match=[
            {"uri": {"prefix": "/shop"}, "ignoreUriCase": True, "name": "shop"},
            {"headers": {"x-env": {"exact": "dev"}}, "withoutHeaders": {"x-bot": {}}, "port": 80},
        ],
        rewrite={"uri": "/"},
        timeout="5s",
        retries={"attempts": 3, "retryOn": "5xx"},
        corsPolicy={"allowOrigins": [{"exact": "https://example.com"}]},
        fault={"delay": {"fixedDelay": "1s", "percentage": {"value": 0.5}}},
        mirror={"host": "shadow"},
        mirrorPercentage={"value": 5.0},
    )
    others = [
        route("login", to("login")),
        {"name": "old", "match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/shop"}},
    ]
    spec: Json = {
        "gateways": ["istio-system/public", "mesh"],
        "exportTo": ["*"],
        "hosts": ["podinfo", "shop.example.com"],
    }
    made = virtual_service(others[0], web, others[1], route("rest", to("fallback")), **spec)
    made["apiVersion"] = "networking.istio.io/v1beta1"
    made["metadata"] |= {"labels": {"team": "shop"}, "annotations": {"owner": "somebody"}, "generation": 3}
    return {**made, "status": {"observedGeneration": "3"}}


def _users_rule() -> Json:
    return rule(
        {"name": "v1", "labels": {"version": "v1"}, "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}}},
        {"name": "v2", "labels": {"version": "v2"}},
        trafficPolicy={"connectionPool": {"http": {"http2MaxRequests": 100}}},
        exportTo=["*"],
    )


def _wide() -> Json:
    policy = {"tls": {"mode": "ISTIO_MUTUAL"}, "outlierDetection": {"consecutive5xxErrors": 7}}
    return rule(called="all", space="istio-system", host="*.svc.cluster.local", trafficPolicy=policy)


def _root() -> Json:
    handing = {
        "name": "shop",
        "match": [{"uri": {"prefix": "/shop"}, "ignoreUriCase": True, "gateways": ["mesh"], "sourceNamespace": "web"}],
        "delegate": {"name": "podinfo", "namespace": "shop"},
    }
    return virtual_service(
        handing, called="entrance", space="web", hosts=[HOST], gateways=["mesh", "istio-system/public"]
    )


def _delegate(*routes: Json) -> Json:
    made = virtual_service(*routes)
    del made["spec"]["hosts"]
    return made


SITUATIONS: Mapping[str, Situation] = {
    "created": Situation((service(),), release(), STABLE),
    "created-split": Situation((service(),), release(), SPLIT),
    "created-tenths-and-testers": Situation((service(),), release(testers=(ALWAYS,)), TESTED),
    "created-testers-of-all-kinds": Situation(
        (service(),),
        release(testers=(ALWAYS, COOKIE, PRESENT)),
        wanted({"aaa": 1000}, (ALWAYS, COOKIE, PRESENT), "bbb"),
    ),
    "created-gateways": Situation(
        (service(),),
        release(hosts=("podinfo.example.com",), gateways=("istio-system/public", "mesh"), routes=("primary",)),
        SPLIT,
    ),
    "created-several-ports": Situation((service((9898, 9999)),), release(port=9898, testers=(ALWAYS,)), TESTED),
    "created-several-ports-and-gateways": Situation(
        (service((9898, 9999)),),
        release(port=9898, hosts=("podinfo.example.com",), gateways=("istio-system/public", "mesh"), routes=("web",)),
        SPLIT,
    ),
    "created-below-a-wide-rule": Situation((service(), _wide()), release(), SPLIT),
    "created-in-another-namespace": Situation(
        (service(),), release(virtual_services=("istio-system/podinfo",), gateways=("mesh",)), SPLIT
    ),
    "own-only-route": Situation((service(), virtual_service(route())), release(), SPLIT),
    "own-rich": Situation(
        (service(), _rich(), _users_rule()),
        release(routes=("web",), testers=(ALWAYS, COOKIE)),
        wanted({"aaa": 850, "bbb": 150}, (ALWAYS, COOKIE), "bbb"),
    ),
    "own-exported": Situation(
        (service(), virtual_service(route(), exportTo=[".", "web"])),
        release(),
        SPLIT,
    ),
    "own-mesh-and-gateway": Situation(
        (
            service(),
            virtual_service(route("inside", timeout="2s"), called="inside"),
            virtual_service(
                route("outside", to(HOST)),
                called="outside",
                space="istio-system",
                hosts=["podinfo.example.com"],
                gateways=["public"],
            ),
        ),
        release(routes=("inside", "outside"), virtual_services=("shop/inside", "istio-system/outside")),
        SPLIT,
    ),
    "own-delegate": Situation(
        (service(), _root(), _delegate(route("web", timeout="3s"))), release(testers=(ALWAYS,)), TESTED
    ),
}


def _rendered(situation: Situation) -> Cluster:
    cluster = Cluster(*situation.objects)
    assert cluster.problems(situation.release) == ""
    cluster.follow(situation.release, situation.wanted)
    return cluster


def _text(cluster: Cluster) -> str:
    objects = [one for one in cluster.plain() if one["kind"] != "Service"]
    return yaml.safe_dump_all(objects, sort_keys=False, width=120)


@pytest.mark.parametrize("name", SITUATIONS)
def test_manifests_are_as_expected(name: str, request: pytest.FixtureRequest) -> None:
    text, file = _text(_rendered(SITUATIONS[name])), GOLDEN / f"{name}.yaml"
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.is_file(), f"{file} is missing; write it with pytest --update-golden"
    assert text == file.read_text(encoding="utf-8")


def test_every_golden_file_has_its_situation() -> None:
    assert {file.stem for file in GOLDEN.glob("*.yaml")} == set(SITUATIONS)


@pytest.mark.parametrize("name", SITUATIONS)
def test_istio_accepts_what_is_written(name: str, istio_schemas: Mapping[str, Validator]) -> None:
    for one in _rendered(SITUATIONS[name]).plain():
        assert faults(istio_schemas, one) == []


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_was_wanted_is_seen_and_written_once(name: str) -> None:
    situation = SITUATIONS[name]
    cluster = _rendered(situation)
    traffic = situation.wanted.traffic
    assert traffic
    seen = cluster.see(situation.release)
    assert (seen.weights, seen.agree, seen.problems) == (traffic.weights.shares, True, ())
    assert seen.testers == (traffic.testers.revision if traffic.testers else "")
    assert seen.subsets == seen.named | {"aaa"} == set(situation.wanted.subsets)
    assert cluster.follow(situation.release, situation.wanted, fence="2") == 0


@pytest.mark.parametrize("name", SITUATIONS)
def test_everything_is_handed_back(name: str) -> None:
    situation = SITUATIONS[name]
    cluster = _rendered(situation)
    cluster.restore(situation.release)
    assert cluster.plain() == Cluster(*situation.objects).plain()
