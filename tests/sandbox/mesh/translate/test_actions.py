from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.mesh.translate import actions, filters
from controller.sandbox.mesh.translate.actions import Choices
from tests.sandbox.mesh.backends import Object

DESTINATION = {"host": "podinfo"}


def name(destination: Object) -> str:
    return f"{destination['host']}/{destination.get('subset', '')}"


def act(route: Object, *, port: int = 80, shadow_suffix: bool = False, hashing: Any = None) -> Object:
    choices = Choices(cluster=name, hashing=lambda destination: hashing, shadow_suffix=shadow_suffix)
    return actions.act(route, port, choices)


def to(**more: Any) -> Object:
    """A route to one destination."""
    return {"route": [{"destination": DESTINATION}], **more}


def weights(*given: int | None) -> Object:
    found = [{"destination": {"host": "podinfo", "subset": f"v{i}"}} for i in range(len(given))]
    return {"route": [one if w is None else {**one, "weight": w} for one, w in zip(found, given, strict=True)]}


def test_a_single_destination_ignores_its_weight() -> None:
    for weight in (None, 0, 1, 100):
        assert act(weights(weight))["route"]["cluster"] == "podinfo/v0"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ((90, 10), {"podinfo/v0": 90, "podinfo/v1": 10}),
        ((999, 1), {"podinfo/v0": 999, "podinfo/v1": 1}),
        ((100, 0), {"podinfo/v0": 100}),
        ((0, 100), {"podinfo/v1": 100}),
        ((None, 100), {"podinfo/v1": 100}),
        ((30, 30, 40), {"podinfo/v0": 30, "podinfo/v1": 30, "podinfo/v2": 40}),
    ],
)
def test_several_destinations_share_by_weight_and_weight_0_is_dropped(
    given: tuple[int | None, ...], found: Object
) -> None:
    clusters = act(weights(*given))["route"]["weighted_clusters"]["clusters"]
    assert {one["name"]: one["weight"] for one in clusters} == found


@pytest.mark.parametrize(("given", "found"), [(None, "0s"), ("2s", "2s"), ("0s", "0s"), ("1m", "60s")])
def test_no_timeout_means_none(given: str | None, found: str) -> None:
    action = act(to(timeout=given) if given else to())["route"]
    assert action["timeout"] == found
    assert action["max_grpc_timeout"] == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (
            None,
            {
                "num_retries": 2,
                "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
            },
        ),
        (
            {"attempts": 5},
            {
                "num_retries": 5,
                "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
            },
        ),
        ({"attempts": 1, "retryOn": "5xx"}, {"num_retries": 1, "retry_on": "5xx"}),
        (
            {"attempts": 1, "retryOn": "reset, 503,418"},
            {"retry_on": "reset,retriable-status-codes", "retriable_status_codes": [503, 418]},
        ),
        ({"attempts": 1, "retryOn": "777"}, {"retry_on": "777"}),
        ({"attempts": 2, "perTryTimeout": "250ms"}, {"per_try_timeout": "0.25s"}),
        ({"attempts": 2, "backoff": "10ms"}, {"retry_back_off": {"base_interval": "0.01s"}}),
    ],
)
def test_retries(given: Object | None, found: Object) -> None:
    policy = act(to(retries=given) if given else to())["route"]["retry_policy"]
    assert found.items() <= policy.items()
    assert policy["retry_host_predicate"][0]["name"] == "envoy.retry_host_predicates.previous_hosts"


def test_no_attempts_means_no_retries() -> None:
    assert "retry_policy" not in act(to(retries={"attempts": 0}))["route"]


def test_a_retry_may_go_to_the_same_host_when_asked_or_when_hashing_chooses_it() -> None:
    asked = act(to(retries={"attempts": 1, "retryIgnorePreviousHosts": False}))["route"]
    assert "retry_host_predicate" not in asked["retry_policy"]
    hashed = act(to(), hashing={"header": {"header_name": "user"}})["route"]
    assert hashed["hash_policy"] == [{"header": {"header_name": "user"}}]
    assert "retry_host_predicate" not in hashed["retry_policy"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"mirror": DESTINATION}, [1_000_000]),
        ({"mirror": DESTINATION, "mirrorPercentage": {"value": 12.5}}, [125_000]),
        ({"mirror": DESTINATION, "mirrorPercentage": {"value": 0}}, []),
        ({"mirror": DESTINATION, "mirrorPercentage": {}}, []),
        ({"mirror": DESTINATION, "mirrorPercent": 40}, [400_000]),
        (
            {"mirrors": [{"destination": DESTINATION}, {"destination": DESTINATION, "percentage": {"value": 1}}]},
            [1_000_000, 10_000],
        ),
        ({"mirrors": [{"destination": DESTINATION, "percentage": {"value": 0}}]}, []),
    ],
)
def test_mirrors_copy_all_unless_they_say_how_many(given: Object, found: list[int]) -> None:
    policies = act(to(**given))["route"].get("request_mirror_policies", [])
    assert [one["runtime_fraction"]["default_value"]["numerator"] for one in policies] == found
    assert all(one["cluster"] == "podinfo/" for one in policies)


def test_copies_keep_their_host_unless_the_suffix_is_asked_for() -> None:
    (now,) = act(to(mirror=DESTINATION))["route"]["request_mirror_policies"]
    (once,) = act(to(mirror=DESTINATION), shadow_suffix=True)["route"]["request_mirror_policies"]
    assert now["disable_shadow_host_suffix_append"] is True
    assert "disable_shadow_host_suffix_append" not in once


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"uri": "/b"}, {"prefix_rewrite": "/b"}),
        ({"authority": "other"}, {"host_rewrite_literal": "other"}),
        (
            {"uriRegexRewrite": {"match": "^/a/(.*)", "rewrite": "/b/\\1"}},
            {"regex_rewrite": {"pattern": {"regex": "^/a/(.*)"}, "substitution": "/b/\\1"}},
        ),
    ],
)
def test_rewrites(given: Object, found: Object) -> None:
    assert found.items() <= act(to(rewrite=given))["route"].items()


def added(key: str, value: str, action: str) -> Object:
    return {"header": {"key": key, "value": value}, "append_action": action}


HEADERS: Object = {
    "request": {"set": {"a": "1", "host": "h"}, "add": {"b": "2"}, "remove": ["c", ":path", "Host"]},
    "response": {"set": {"d": "3"}, "add": {"e": "4"}, "remove": ["f"]},
}
TRANSLATED: Object = {
    "request_headers_to_add": [
        added("a", "1", "OVERWRITE_IF_EXISTS_OR_ADD"),
        added("b", "2", "APPEND_IF_EXISTS_OR_ADD"),
    ],
    "request_headers_to_remove": ["c"],
    "response_headers_to_add": [
        added("d", "3", "OVERWRITE_IF_EXISTS_OR_ADD"),
        added("e", "4", "APPEND_IF_EXISTS_OR_ADD"),
    ],
    "response_headers_to_remove": ["f"],
}


def test_headers_of_a_route_and_a_host_among_them() -> None:
    found = act(to(headers=HEADERS))
    assert TRANSLATED.items() <= found.items()
    assert found["route"]["host_rewrite_literal"] == "h"


def test_headers_of_an_only_destination_join_the_routes() -> None:
    route = {"headers": {"response": {"remove": ["x"]}}, "route": [{"destination": DESTINATION, "headers": HEADERS}]}
    found = act(route)
    assert found["response_headers_to_remove"] == ["x", "f"]
    assert found["request_headers_to_add"] == TRANSLATED["request_headers_to_add"]
    assert found["route"]["host_rewrite_literal"] == "h"


def test_headers_of_one_of_several_destinations_stay_with_it() -> None:
    route = weights(90, 10)
    route["route"][1]["headers"] = {"response": {"add": {"set-cookie": "v=1"}}}
    first, second = act(route)["route"]["weighted_clusters"]["clusters"]
    assert "response_headers_to_add" not in first
    assert second["response_headers_to_add"] == [added("set-cookie", "v=1", "APPEND_IF_EXISTS_OR_ADD")]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"uri": "/new"}, {"path_redirect": "/new", "response_code": "MOVED_PERMANENTLY"}),
        ({"authority": "a.com", "redirectCode": 302}, {"host_redirect": "a.com", "response_code": "FOUND"}),
        ({"scheme": "https"}, {"scheme_redirect": "https", "response_code": "MOVED_PERMANENTLY"}),
        ({"port": 8080, "redirectCode": 308}, {"port_redirect": 8080, "response_code": "PERMANENT_REDIRECT"}),
        ({"port": 80}, {"response_code": "MOVED_PERMANENTLY"}),
        ({"scheme": "https", "port": 443}, {"scheme_redirect": "https", "response_code": "MOVED_PERMANENTLY"}),
        ({"derivePort": "FROM_REQUEST_PORT"}, {"port_redirect": 9898, "response_code": "MOVED_PERMANENTLY"}),
    ],
)
def test_redirects(given: Object, found: Object) -> None:
    assert act({"redirect": given}, port=9898) == {"redirect": found}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"status": 503}, {"status": 503}),
        ({"status": 200, "body": {"string": "hello"}}, {"status": 200, "body": {"inline_string": "hello"}}),
        ({"status": 200, "body": {"bytes": "aGk="}}, {"status": 200, "body": {"inline_bytes": "aGk="}}),
    ],
)
def test_direct_responses(given: Object, found: Object) -> None:
    assert act({"directResponse": given}) == {"direct_response": found}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (
            {"delay": {"fixedDelay": "2s", "percentage": {"value": 50}}},
            {"delay": {"fixed_delay": "2s", "percentage": {"numerator": 500_000, "denominator": "MILLION"}}},
        ),
        (
            {"abort": {"httpStatus": 500, "percentage": {"value": 0.1}}},
            {"abort": {"http_status": 500, "percentage": {"numerator": 1000, "denominator": "MILLION"}}},
        ),
        (
            {"abort": {"grpcStatus": "UNAVAILABLE", "percentage": {"value": 100}}},
            {"abort": {"grpc_status": 14, "percentage": {"numerator": 1_000_000, "denominator": "MILLION"}}},
        ),
        (
            {"abort": {"httpStatus": 500}},  # no percentage: never
            {"abort": {"http_status": 500, "percentage": {"numerator": 0, "denominator": "HUNDRED"}}},
        ),
    ],
)
def test_faults(given: Object, found: Object) -> None:
    fault = act(to(fault=given))["typed_per_filter_config"][filters.FAULT_FILTER]
    assert {key: value for key, value in fault.items() if key != "@type"} == found


def test_a_fault_that_says_nothing_is_none() -> None:
    assert "typed_per_filter_config" not in act(to(fault={"delay": {"percentage": {"value": 5}}}))


def test_cors() -> None:
    policy = {
        "allowOrigins": [{"exact": "https://a.com"}, {"regex": ".*b"}],
        "allowMethods": ["GET", "POST"],
        "allowHeaders": ["x"],
        "exposeHeaders": ["y"],
        "allowCredentials": True,
        "maxAge": "24h",
    }
    found = act(to(corsPolicy=policy))["typed_per_filter_config"][filters.CORS_FILTER]
    assert found["allow_origin_string_match"] == [{"exact": "https://a.com"}, {"safe_regex": {"regex": ".*b"}}]
    assert (found["allow_methods"], found["allow_headers"], found["expose_headers"]) == ("GET,POST", "x", "y")
    assert (found["allow_credentials"], found["max_age"]) == (True, "86400")
