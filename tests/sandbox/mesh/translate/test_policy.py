from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.mesh.translate import policy
from tests.sandbox.mesh.backends import Object

LIMIT = 4294967295
POOL = {"tcp": {"maxConnections": 7}}
OTHER_POOL = {"tcp": {"maxConnections": 9}}
OUTLIER = {"consecutive5xxErrors": 3}


def rule(top: Object | None = None, subset: Object | None = None) -> Object:
    return {"trafficPolicy": top, "subsets": [{"name": "v1", "labels": {}, "trafficPolicy": subset}, {"name": "v2"}]}


@pytest.mark.parametrize(
    ("top", "of_subset", "subset", "found"),
    [
        (None, None, "", {}),
        ({"connectionPool": POOL}, None, "", {"connectionPool": POOL}),
        ({"connectionPool": POOL}, None, "v1", {"connectionPool": POOL}),
        ({"connectionPool": POOL}, {"connectionPool": OTHER_POOL}, "v1", {"connectionPool": OTHER_POOL}),
        ({"connectionPool": POOL}, {"connectionPool": OTHER_POOL}, "v2", {"connectionPool": POOL}),
        (
            {"connectionPool": POOL},
            {"outlierDetection": OUTLIER},
            "v1",
            {"connectionPool": POOL, "outlierDetection": OUTLIER},
        ),
        # A port's settings replace the level's whole, also what they leave out.
        (
            {"connectionPool": POOL, "portLevelSettings": [{"port": {"number": 80}, "outlierDetection": OUTLIER}]},
            None,
            "",
            {"outlierDetection": OUTLIER},
        ),
        (
            {"connectionPool": POOL, "portLevelSettings": [{"port": {"number": 81}, "outlierDetection": OUTLIER}]},
            None,
            "",
            {"connectionPool": POOL},
        ),
        (
            {"connectionPool": POOL},
            {"portLevelSettings": [{"port": {"number": 80}, "outlierDetection": OUTLIER}]},
            "v1",
            {"outlierDetection": OUTLIER},
        ),
    ],
)
def test_a_subsets_and_a_ports_settings_go_before_the_rules(
    top: Object | None, of_subset: Object | None, subset: str, found: Object
) -> None:
    assert policy.policy_for(rule(top, of_subset), subset, 80) == found


def test_without_a_rule_a_cluster_has_istiods_defaults() -> None:
    assert policy.cluster_fields({}, "http") == {
        "connect_timeout": "10s",
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {
            "thresholds": [
                {"max_connections": LIMIT, "max_pending_requests": LIMIT, "max_requests": LIMIT, "max_retries": LIMIT}
            ]
        },
    }


def test_limits_of_the_connection_pool() -> None:
    pool = {
        "tcp": {"maxConnections": 1, "connectTimeout": "500ms"},
        "http": {
            "http1MaxPendingRequests": 2,
            "http2MaxRequests": 3,
            "maxRetries": 4,
            "maxRequestsPerConnection": 5,
            "idleTimeout": "1m",
        },
    }
    found = policy.cluster_fields({"connectionPool": pool}, "http")
    assert found["connect_timeout"] == "0.5s"
    assert found["circuit_breakers"]["thresholds"] == [
        {"max_connections": 1, "max_pending_requests": 2, "max_requests": 3, "max_retries": 4}
    ]
    options = found["typed_extension_protocol_options"][policy.HTTP_OPTIONS]
    assert options["common_http_protocol_options"] == {"max_requests_per_connection": 5, "idle_timeout": "60s"}
    assert options["explicit_http_config"] == {"http_protocol_options": {}}


@pytest.mark.parametrize(
    ("protocol", "http", "second"),
    [
        ("http", {}, False),
        ("grpc", {}, True),
        ("http2", {}, True),
        ("http", {"h2UpgradePolicy": "UPGRADE"}, True),
        ("tcp", {"h2UpgradePolicy": "UPGRADE"}, False),
    ],
)
def test_http_2_is_spoken_to_ports_that_say_so(protocol: str, http: Object, second: bool) -> None:
    found = policy.cluster_fields({"connectionPool": {"http": http}}, protocol)
    options = found.get("typed_extension_protocol_options", {}).get(policy.HTTP_OPTIONS, {})
    assert ("http2_protocol_options" in options.get("explicit_http_config", {})) is second


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, {"lb_policy": "LEAST_REQUEST"}),
        ({"simple": "ROUND_ROBIN"}, {"lb_policy": "ROUND_ROBIN"}),
        ({"simple": "RANDOM"}, {"lb_policy": "RANDOM"}),
        ({"simple": "LEAST_CONN"}, {"lb_policy": "LEAST_REQUEST"}),
        ({"simple": "UNSPECIFIED"}, {"lb_policy": "LEAST_REQUEST"}),
        (
            {"consistentHash": {"httpHeaderName": "user"}},
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": 1024}},
        ),
        (
            {"consistentHash": {"httpHeaderName": "user", "ringHash": {"minimumRingSize": 8}}},
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": 8}},
        ),
        ({"consistentHash": {"httpHeaderName": "user", "maglev": {}}}, {"lb_policy": "MAGLEV"}),
        (
            {"simple": "ROUND_ROBIN", "warmupDurationSecs": "10s"},
            {"lb_policy": "ROUND_ROBIN", "round_robin_lb_config": {"slow_start_config": {"slow_start_window": "10s"}}},
        ),
    ],
)
def test_load_balancers(given: Object, found: Object) -> None:
    assert found.items() <= policy.cluster_fields({"loadBalancer": given}, "http").items()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, {"enforcing_success_rate": 0}),
        ({"consecutive5xxErrors": 3}, {"consecutive_5xx": 3, "enforcing_consecutive_5xx": 100}),
        ({"consecutive5xxErrors": 0}, {"consecutive_5xx": 0, "enforcing_consecutive_5xx": 0}),
        (
            {"consecutiveGatewayErrors": 2},
            {"consecutive_gateway_failure": 2, "enforcing_consecutive_gateway_failure": 100},
        ),
        (
            {"interval": "1s", "baseEjectionTime": "1m", "maxEjectionPercent": 100},
            {"interval": "1s", "base_ejection_time": "60s", "max_ejection_percent": 100},
        ),
        (
            {"splitExternalLocalOriginErrors": True, "consecutiveLocalOriginFailures": 4},
            {
                "split_external_local_origin_errors": True,
                "consecutive_local_origin_failure": 4,
                "enforcing_consecutive_local_origin_failure": 100,
            },
        ),
    ],
)
def test_outlier_detection(given: Object, found: Object) -> None:
    fields = policy.cluster_fields({"outlierDetection": given}, "http")
    assert found.items() <= fields["outlier_detection"].items()
    assert fields["common_lb_config"] == {"healthy_panic_threshold": {"value": 0}}


def test_panic_below_the_health_that_was_asked_for() -> None:
    fields = policy.cluster_fields({"outlierDetection": {"minHealthPercent": 40}}, "http")
    assert fields["common_lb_config"] == {"healthy_panic_threshold": {"value": 40}}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"simple": "RANDOM"}, None),
        ({"consistentHash": {"httpHeaderName": "user"}}, {"header": {"header_name": "user"}}),
        (
            {"consistentHash": {"httpCookie": {"name": "user", "ttl": "1m", "path": "/"}}},
            {"cookie": {"name": "user", "ttl": "60s", "path": "/"}},
        ),
        ({"consistentHash": {"httpCookie": {"name": "user"}}}, {"cookie": {"name": "user"}}),
        ({"consistentHash": {"useSourceIp": True}}, {"connection_properties": {"source_ip": True}}),
        ({"consistentHash": {"httpQueryParameterName": "q"}}, {"query_parameter": {"name": "q"}}),
    ],
)
def test_hash_policies(given: Object, found: Any) -> None:
    assert policy.hash_policy(rule({"loadBalancer": given}), "", 80) == found
