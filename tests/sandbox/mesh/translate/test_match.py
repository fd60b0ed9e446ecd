from __future__ import annotations

import pytest

from controller.sandbox.mesh.translate import match
from tests.sandbox.mesh.backends import Object

HERE = {"gateway": "mesh", "namespace": "shop", "labels": {"app": "web", "tier": "front"}, "port": 80}


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        (None, True),
        ({}, True),
        ({"port": 80}, True),
        ({"port": 81}, False),
        ({"sourceLabels": {"app": "web"}}, True),
        ({"sourceLabels": {"app": "web", "tier": "back"}}, False),
        ({"sourceNamespace": "shop"}, True),
        ({"sourceNamespace": "other"}, False),
        ({"gateways": ["mesh"]}, True),
        ({"gateways": ["istio-system/public"]}, False),
        # Named gateways are all that is asked, as in istiod.
        ({"gateways": ["mesh"], "sourceLabels": {"app": "nobody"}}, True),
        ({"gateways": ["mesh"], "port": 81}, False),
    ],
)
def test_a_match_that_cannot_hold_for_this_proxy_is_left_out(given: Object | None, holds: bool) -> None:
    assert match.applies(given, **HERE) is holds  # type: ignore[arg-type]


def present(name: str) -> Object:
    return {"name": name, "present_match": True}


def exactly(name: str, value: str) -> Object:
    return {"name": name, "string_match": {"exact": value}}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, {"prefix": "/"}),
        ({"uri": {"exact": "/a"}}, {"path": "/a"}),
        ({"uri": {"prefix": "/a"}}, {"prefix": "/a"}),
        ({"uri": {"regex": "/a.*"}}, {"safe_regex": {"regex": "/a.*"}}),
        ({"ignoreUriCase": True}, {"prefix": "/", "case_sensitive": False}),
        ({"headers": {"x": {"exact": "1"}}}, {"prefix": "/", "headers": [exactly("x", "1")]}),
        ({"headers": {"x": {}}}, {"prefix": "/", "headers": [present("x")]}),
        ({"headers": {"x": None}}, {"prefix": "/", "headers": [present("x")]}),
        ({"headers": {"x": {"regex": "*"}}}, {"prefix": "/", "headers": [present("x")]}),
        (
            {"headers": {"cookie": {"regex": "^(.*; ?)?user=me(;.*)?$"}}},
            {
                "prefix": "/",
                "headers": [{"name": "cookie", "string_match": {"safe_regex": {"regex": "^(.*; ?)?user=me(;.*)?$"}}}],
            },
        ),
        (
            {"withoutHeaders": {"x": {"prefix": "a"}}},
            {
                "prefix": "/",
                "headers": [
                    {
                        "name": "x",
                        "string_match": {"prefix": "a"},
                        "invert_match": True,
                        "treat_missing_header_as_empty": True,
                    }
                ],
            },
        ),
        (
            {"withoutHeaders": {"x": {}}},
            {"prefix": "/", "headers": [{**present("x"), "invert_match": True}]},
        ),
        (
            {"method": {"exact": "GET"}, "authority": {"prefix": "a"}, "scheme": {"exact": "http"}},
            {
                "prefix": "/",
                "headers": [
                    exactly(":method", "GET"),
                    {"name": ":authority", "string_match": {"prefix": "a"}},
                    exactly(":scheme", "http"),
                ],
            },
        ),
        ({"queryParams": {"beta": {"exact": "1"}}}, {"prefix": "/", "query_parameters": [exactly("beta", "1")]}),
        ({"queryParams": {"beta": {}}}, {"prefix": "/", "query_parameters": [present("beta")]}),
        (
            {"headers": {"b": {"exact": "2"}, "a": {"exact": "1"}}},
            {"prefix": "/", "headers": [exactly("a", "1"), exactly("b", "2")]},
        ),
    ],
)
def test_conditions_become_envoys(given: Object, found: Object) -> None:
    assert match.route_match(given) == {"case_sensitive": True, **found}


@pytest.mark.parametrize(
    ("given", "everything"),
    [
        (None, True),
        ({}, True),
        ({"uri": {"regex": ".*"}}, True),
        ({"uri": {"prefix": "/a"}}, False),
        ({"headers": {"x": {}}}, False),
        ({"queryParams": {"x": {}}}, False),
        ({"sourceLabels": {"app": "web"}}, True),
    ],
)
def test_a_route_that_matches_everything_is_known(given: Object | None, everything: bool) -> None:
    assert match.is_catch_all(match.route_match(given)) is everything
