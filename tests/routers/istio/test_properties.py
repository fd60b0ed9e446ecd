"""For any VirtualService and DestinationRule that a user has: what is foreign never changes, and all comes back."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.protocols import Validator

from controller.core.traffic import MatchKind, TesterMatch, Testers, Traffic, ValueMatch, Weights
from controller.core.wanted import Wanted
from tests.routers.conftest import Cluster, Json, faults, release, rule, service, virtual_service

ONE = release(
    routes=("web", "api"), testers=(TesterMatch(headers=(ValueMatch("x-canary", MatchKind.EXACT, "always"),)),)
)

texts = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=6)
values = st.fixed_dictionaries({}, optional={"prefix": texts}) | st.builds(lambda text: {"exact": text}, texts)
matches = st.fixed_dictionaries(
    {},
    optional={
        "uri": values.filter(bool),
        "method": values.filter(bool),
        "headers": st.dictionaries(texts, values, max_size=2),
        "withoutHeaders": st.dictionaries(texts, values, max_size=2),
        "queryParams": st.dictionaries(texts, values.filter(bool), max_size=2),
        "ignoreUriCase": st.booleans(),
        "port": st.integers(1, 65535),
        "gateways": st.lists(texts, min_size=1, max_size=2),
        "sourceLabels": st.dictionaries(texts, texts, max_size=2),
    },
)
unknown = st.recursive(st.integers() | texts | st.booleans(), lambda inner: st.lists(inner, max_size=2), max_leaves=4)
extras = st.fixed_dictionaries(
    {},
    optional={
        "match": st.lists(matches, min_size=1, max_size=3),
        "timeout": st.just("5s"),
        "retries": st.just({"attempts": 2}),
        "rewrite": st.just({"uri": "/"}),
        "mirror": st.just({"host": "shadow"}),
        "headers": st.just({"request": {"set": {"x-a": "b"}}}),
        "fault": st.just({"abort": {"httpStatus": 500, "percentage": {"value": 0.1}}}),
    },
)


def _entries(hosts: st.SearchStrategy[str]) -> st.SearchStrategy[list[Json]]:
    destination = st.fixed_dictionaries(
        {"host": hosts},
        optional={
            "subset": st.sampled_from(["v1", "v2"]),
            "port": st.builds(lambda n: {"number": n}, st.integers(1, 9)),
        },
    )
    entry = st.fixed_dictionaries(
        {"destination": destination},
        optional={"weight": st.integers(0, 100), "headers": st.just({"response": {"remove": ["x-b"]}})},
    )
    return st.lists(entry, min_size=1, max_size=3)


OURS = _entries(st.sampled_from(["podinfo", "podinfo.shop.svc.cluster.local"]))
named = st.builds(lambda more, entries: {**more, "route": entries}, extras, OURS)
foreign = st.builds(
    lambda called, more, entries: {**called, **more, "route": entries},
    st.fixed_dictionaries({}, optional={"name": texts.map(lambda text: f"f-{text}")}),
    extras,
    _entries(st.sampled_from(["cache", "login.web.svc.cluster.local", "example.com"])),
) | st.builds(lambda text: {"redirect": {"uri": f"/{text}"}}, texts)


@st.composite
def users_own(draw: st.DrawFn) -> Json:
    """A VirtualService with the routes web and api somewhere among foreign ones."""
    routes = draw(st.lists(foreign, max_size=4))
    for called in ("web", "api"):
        routes.insert(draw(st.integers(0, len(routes))), {"name": called, **draw(named)})
    spec: Json = draw(
        st.fixed_dictionaries(
            {}, optional={"exportTo": st.just(["*"]), "gateways": st.just(["mesh", "istio-system/g"])}
        )
    )
    made = virtual_service(*routes, **spec)
    made["metadata"] |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "annotations": st.dictionaries(texts, texts, min_size=1),
                "labels": st.dictionaries(texts, texts),
                "generation": st.integers(1, 9),
                "managedFields": st.just([{"manager": "helm"}]),
            },
        )
    )
    return {**made, **draw(st.fixed_dictionaries({}, optional={"status": st.dictionaries(texts, unknown)}))}


@st.composite
def users_rule(draw: st.DrawFn) -> Json | None:
    if draw(st.booleans()):
        return None
    subset = st.fixed_dictionaries(
        {"labels": st.dictionaries(texts, texts, min_size=1, max_size=2)},
        optional={"trafficPolicy": st.just({"loadBalancer": {"simple": "RANDOM"}})},
    )
    subsets = draw(st.dictionaries(st.sampled_from(["v1", "v2", "r-mine", "other"]), subset, max_size=4))
    policy: Json = draw(st.fixed_dictionaries({}, optional={"trafficPolicy": st.just({"tls": {"mode": "DISABLE"}})}))
    return rule(*({"name": called, **more} for called, more in subsets.items()), **policy)


@st.composite
def wanted(draw: st.DrawFn) -> Wanted:
    share = draw(st.integers(0, 1000))
    testers = Testers("bbb", ONE.strategy.testers) if draw(st.booleans()) else None
    return Wanted((), ("aaa", "bbb"), Traffic(Weights.split("aaa", "bbb", share), testers))


def _cluster(one: Json, rule: Json | None) -> Cluster:
    return Cluster(service(), one, *([rule] if rule else []))


def _text(value: Any) -> str:
    """Byte for byte: the order of keys counts too."""
    return json.dumps(value)


def _without_ours(one: Json) -> Json:
    """What is not ours of a VirtualService, in its order."""
    kept = copy.deepcopy(one)
    kept["spec"]["http"] = [route for route in one["spec"]["http"] if not route.get("name", "").startswith("sluice-")]
    for route in kept["spec"]["http"]:
        if route.get("name") in ("web", "api"):
            route["route"] = []
    annotations = kept["metadata"].pop("annotations", {})
    kept["metadata"]["annotations"] = {key: text for key, text in annotations.items() if "sluice.dev/" not in key}
    kept["metadata"].pop("resourceVersion")
    # A key that stands elsewhere in the annotations means nothing; everywhere else its place is kept.
    return dict(sorted(kept.items())) | {"metadata": dict(sorted(kept["metadata"].items()))}


@given(users_own(), users_rule(), st.lists(wanted(), min_size=1, max_size=3))
@settings(max_examples=40)
def test_what_is_foreign_never_changes(one: Json, users: Json | None, moves: list[Wanted]) -> None:
    cluster = _cluster(one, users)
    for want in moves:
        cluster.follow(ONE, want)
        now = cluster["VirtualService shop/podinfo"]
        assert _text(_without_ours(now)) == _text(_without_ours(one))
        if users:
            found = cluster["DestinationRule shop/podinfo"]
            before = users["spec"].get("subsets", [])
            assert found["spec"]["subsets"][: len(before)] == before
            assert {**found["spec"], "subsets": 0} == {**users["spec"], "subsets": 0}


@given(users_own(), users_rule(), st.lists(wanted(), min_size=1, max_size=3))
@settings(max_examples=40)
def test_all_comes_back(one: Json, users: Json | None, moves: list[Wanted]) -> None:
    cluster, before = _cluster(one, users), _cluster(one, users)
    for want in moves:
        cluster.follow(ONE, want)
    cluster.restore(ONE)
    assert cluster.plain() == before.plain()
    spec = cluster["VirtualService shop/podinfo"]["spec"]
    assert _text(spec["http"]) == _text(one["spec"]["http"])


@given(users_own(), users_rule(), wanted())
@settings(max_examples=40)
def test_what_was_wanted_is_seen_complete_and_written_once(one: Json, users: Json | None, want: Wanted) -> None:
    cluster = _cluster(one, users)
    cluster.follow(ONE, want)
    seen, traffic = cluster.see(ONE), want.traffic
    assert traffic
    assert (seen.weights, seen.agree) == (traffic.weights.shares, True)
    assert seen.testers == (traffic.testers.revision if traffic.testers else "")
    assert traffic.revisions <= seen.subsets
    assert seen.named == traffic.revisions
    assert cluster.follow(ONE, want, fence="2", force=False) == 0
    present = {entry["name"] for entry in cluster["DestinationRule shop/podinfo"]["spec"]["subsets"]}
    for route in cluster["VirtualService shop/podinfo"]["spec"]["http"]:
        if route.get("name") in ("web", "api"):
            entries = route["route"]
            assert len(entries) == 1 or sum(entry["weight"] for entry in entries) in (100, 1000)
            assert {entry["destination"]["subset"] for entry in entries} <= present


@given(users_own(), users_rule(), wanted(), st.data())
@settings(max_examples=30)
def test_a_half_written_state_is_seen_and_mended(
    one: Json, users: Json | None, want: Wanted, data: st.DataObject
) -> None:
    cluster = _cluster(one, users)
    cluster.follow(ONE, want)
    now = cluster["VirtualService shop/podinfo"]
    whole = copy.deepcopy(now["spec"])
    ours = [
        at
        for at, route in enumerate(now["spec"]["http"])
        if route.get("name") in ("web", "api") or route.get("name", "").startswith("sluice-")
    ]
    at = data.draw(st.sampled_from(ours))
    route = now["spec"]["http"][at]
    how = data.draw(st.sampled_from(["weight", "subset", "drop", "match"]))
    if how == "weight":
        route["route"][0]["weight"] = 7
    elif how == "subset":
        route["route"][0]["destination"]["subset"] = "v1"
    elif how == "match" and route["name"].startswith("sluice-"):
        route["match"] = [{"headers": {"somebody": {"exact": "else"}}}]
    elif how == "drop" and route["name"].startswith("sluice-"):
        del now["spec"]["http"][at]
    else:
        return
    assert not cluster.see(ONE).agree or cluster.see(ONE).weights == ()
    cluster.follow(ONE, want)
    assert now["spec"] == whole
    assert cluster.see(ONE).agree


@given(users_own(), users_rule(), wanted())
@settings(max_examples=20)
def test_istio_accepts_it(istio_schemas: Mapping[str, Validator], one: Json, users: Json | None, want: Wanted) -> None:
    cluster = _cluster(one, users)
    cluster.follow(ONE, want)
    for found in cluster.plain():
        assert faults(istio_schemas, found) == []
