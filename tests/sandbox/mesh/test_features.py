"""Fields that few use, with a real Envoy: it accepts them all, and the ones that show do what they say."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.mesh.backends import Object, destination_rule, service, split, virtual_service
from tests.sandbox.mesh.cluster import WEB, Cluster
from tests.sandbox.mesh.podinfo import GATEWAY, PUBLIC, VERSIONS, to, when
from tests.sandbox.mesh.users import ask

pytestmark = pytest.mark.envoy
HALF: Object = {"percentage": {"value": 50}}
EVERYTHING: Object = {
    "match": [
        {
            "name": "all",
            "uri": {"regex": "/all/.*"},
            "scheme": {"exact": "http"},
            "method": {"regex": "GET|PUT"},
            "authority": {"prefix": "podinfo"},
            "headers": {"a": {"exact": "1"}, "b": {"prefix": "2"}, "c": {"regex": "3"}, "d": {}},
            "withoutHeaders": {"e": {"exact": "5"}, "f": {}},
            "queryParams": {"g": {"exact": "7"}, "h": {"prefix": "8"}, "i": {"regex": "9"}},
            "ignoreUriCase": True,
            "port": 80,
        }
    ],
    "name": "everything",
    "route": [
        {"destination": {"host": "podinfo", "subset": "v1"}, "weight": 1, "headers": {"response": {"set": {"x": "1"}}}},
        {
            "destination": {"host": "podinfo", "subset": "v2"},
            "weight": 2,
            "headers": {"request": {"set": {"host": "h"}}},
        },
    ],
    "rewrite": {"uriRegexRewrite": {"match": "^/all/(.*)$", "rewrite": "/\\1"}, "authority": "rewritten"},
    "timeout": "1.5s",
    "retries": {"attempts": 2, "perTryTimeout": "500ms", "retryOn": "5xx,reset,429", "backoff": "10ms"},
    "fault": {"delay": {"fixedDelay": "1ms", **HALF}, "abort": {"grpcStatus": "UNAVAILABLE", **HALF}},
    "mirrors": [{"destination": {"host": "podinfo", "subset": "v2"}, **HALF}, {"destination": {"host": "nobody"}}],
    "corsPolicy": {
        "allowOrigins": [{"exact": "http://a"}],
        "allowMethods": ["GET"],
        "maxAge": "1h",
        "allowCredentials": True,
    },
    "headers": {"request": {"add": {"y": "2"}, "remove": ["z"]}, "response": {"remove": ["server"]}},
}
POLICY: Object = {
    "connectionPool": {
        "tcp": {"maxConnections": 10, "connectTimeout": "30ms"},
        "http": {
            "http1MaxPendingRequests": 10,
            "http2MaxRequests": 10,
            "maxRequestsPerConnection": 10,
            "maxRetries": 3,
            "idleTimeout": "1m",
        },
    },
    "outlierDetection": {
        "consecutive5xxErrors": 7,
        "consecutiveGatewayErrors": 5,
        "splitExternalLocalOriginErrors": True,
        "consecutiveLocalOriginFailures": 5,
        "interval": "5s",
        "baseEjectionTime": "30s",
        "maxEjectionPercent": 50,
        "minHealthPercent": 10,
    },
    "loadBalancer": {"simple": "LEAST_REQUEST", "warmupDurationSecs": "10s"},
    "tls": {"mode": "ISTIO_MUTUAL"},
    "portLevelSettings": [{"port": {"number": 8080}, "loadBalancer": {"simple": "RANDOM"}}],
}


async def test_envoy_accepts_every_field(cluster: Cluster) -> None:
    both: dict[str, Any] = {"gateways": ["mesh", "istio-system/public"]}
    delegating = {"match": [{"uri": {"prefix": "/team"}}], "delegate": {"name": "team"}}
    await cluster.put(
        virtual_service(
            "podinfo", [delegating, EVERYTHING, to("v1")], hosts=["podinfo", "shop.com", "*.shop.com"], **both
        ),
        virtual_service("team", [when("v2", headers={"t": {}}), to("v1")], hosts=[]),
        virtual_service("wild", [to("v1")], hosts=["*.other.svc.cluster.local", "*"]),
        destination_rule("podinfo", VERSIONS, trafficPolicy=POLICY),
        service("api", port=9000, port_name="grpc"),
        service("second", port=9001, port_name="http2"),
        service("headless", clusterIP="None"),
    )
    assert (await cluster.get())[0] == 200
    assert (await cluster.get(host="a.shop.com", source=PUBLIC))[0] == 200
    for path, app in (("/team", "podinfo-v1-1"), ("/x", "podinfo-v1-1")):
        assert (await cluster.get(path=path))[1]["app"] == app
    assert (await cluster.get(path="/team", t="1"))[1]["app"] == "podinfo-v2-1"
    for hashing in (
        {"httpCookie": {"name": "user", "ttl": "1m"}, "maglev": {}},
        {"useSourceIp": True},
        {"httpQueryParameterName": "q"},
    ):
        balancer = {"loadBalancer": {"consistentHash": hashing}}
        await cluster.put(destination_rule("podinfo", VERSIONS, trafficPolicy=balancer))
        assert (await cluster.get())[0] == 200
    tls = [{"match": [{"sniHosts": ["podinfo.shop.svc.cluster.local"]}], **to("v1")}]
    await cluster.put(virtual_service("podinfo", [], tls=tls))
    await cluster.mesh.tcp_listener(WEB, "podinfo", 80)
    assert cluster.mesh.error == ""


async def test_a_hashed_header_stays_with_its_pod(cluster: Cluster) -> None:
    hashing = {"loadBalancer": {"consistentHash": {"httpHeaderName": "user"}}}
    await cluster.put(destination_rule("podinfo", {}, trafficPolicy=hashing))
    chosen = {user: set(await cluster.who(4, user=user)) for user in map(str, range(12))}
    assert all(len(apps) == 1 for apps in chosen.values())
    assert len(set.union(*chosen.values())) == 2


async def test_a_full_connection_pool_refuses_with_its_flag(cluster: Cluster) -> None:
    pool = {"tcp": {"maxConnections": 1}, "http": {"http1MaxPendingRequests": 1}}
    await cluster.put(
        destination_rule("podinfo", VERSIONS, trafficPolicy={"connectionPool": pool}),
        virtual_service("podinfo", [to("v1", retries={"attempts": 0})]),
    )
    cluster.apps["podinfo-v1-1"].delay = 0.2
    account = await ask(cluster.mesh.listener(WEB), "podinfo", 8, users=8)
    assert {status for _, status in account.answers} == {200, 503}
    assert "UO" in {labels["response_flags"] for labels, _ in await cluster.counted()}


async def test_https_is_asked_for_and_cors_is_answered(cluster: Cluster) -> None:
    secure = {**GATEWAY, "spec": {"servers": [{**GATEWAY["spec"]["servers"][0], "tls": {"httpsRedirect": True}}]}}
    cors = {"allowOrigins": [{"exact": "http://a.com"}], "allowMethods": ["GET", "PUT"]}
    route = virtual_service(
        "podinfo", [to("v1", corsPolicy=cors)], hosts=["shop.com", "podinfo"], gateways=["mesh", "istio-system/public"]
    )
    await cluster.put(secure, route)
    status, answer = await cluster.get(host="shop.com", source=PUBLIC, path="/x")
    assert (status, answer["answer"]["location"]) == (301, "https://shop.com/x")
    status, answer = await cluster.get(method="OPTIONS", origin="http://a.com", access_control_request_method="PUT")
    assert (status, answer["answer"]["access-control-allow-methods"]) == (200, "GET,PUT")
    assert cluster.apps["podinfo-v1-1"].calls == 0


@pytest.mark.parametrize(("suffix", "host"), [(False, "podinfo"), (True, "podinfo-shadow")])
async def test_copies_keep_their_host_but_for_a_switch(tmp_path: Path, suffix: bool, host: str) -> None:
    """Off by default, as in Istio since 1.28."""
    async with Cluster(tmp_path, shadow_suffix=suffix) as cluster:
        await cluster.deploy("podinfo", {"v1": 1})
        await cluster.deploy("copy", {"v1": 1})
        route = {"route": [{"destination": {"host": "podinfo"}}], "mirror": {"host": "copy"}}
        await cluster.put(virtual_service("podinfo", [route]))
        await cluster.get()
        async with asyncio.timeout(10):
            while not cluster.apps["copy-v1-1"].host:
                await asyncio.sleep(0.01)
        assert cluster.apps["copy-v1-1"].host == host


async def test_weights_hold_for_a_gateway_too(cluster: Cluster) -> None:
    one = virtual_service(
        "podinfo", split("podinfo", v1=0, v2=100), hosts=["shop.com"], gateways=["istio-system/public"]
    )
    await cluster.put(one)
    assert set(await cluster.who(10, source=PUBLIC, host="shop.com")) == {"podinfo-v2-1"}
    assert set(await cluster.who(30)) == {"podinfo-v1-1", "podinfo-v2-1"}  # the mesh has no route of its own
