"""A Release beside the objects that it names: what the router and the workload say of them, and no more."""

from __future__ import annotations

from typing import Any

import pytest

SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: podinfo, namespace: shop}
spec: {selector: {app: podinfo}, ports: [{name: http, port: 80, targetPort: http}]}
"""
DEPLOYMENT = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: podinfo, namespace: shop}
spec:
  template:
    metadata: {labels: {app: podinfo}}
    spec: {containers: [{name: app, image: x:1, ports: [{name: http, containerPort: 80}]}]}
"""
ROUTES = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: podinfo, namespace: shop}
spec: {hosts: [podinfo], http: [{name: primary, route: [{destination: {host: podinfo}}]}]}
"""
RULE = """
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: podinfo, namespace: shop}
spec: {host: podinfo}
"""


def test_objects_that_fit_and_objects_that_are_not_there_say_nothing(linted: Any, release: str) -> None:
    whole = [SERVICE, DEPLOYMENT, ROUTES, RULE]
    for left_out in ("", *whole):
        assert linted(release + "".join(one for one in whole if one != left_out)).findings == []
    for alone in whole:
        assert linted(release + alone).findings == []


@pytest.mark.parametrize(
    "routing",
    [
        "istio: {virtualService: shop/own, routes: [a, b], gateways: [x], hosts: [y.example]}",
        "istio: {virtualService: [one, two]}",
    ],
)
def test_what_the_files_do_not_hold_is_taken_to_be_right(linted: Any, release: str, routing: str) -> None:
    assert linted(release.replace("istio: {}", routing) + SERVICE).findings == []


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("istio: {}", "istio: {routes: [first]}", "a.yaml:6:39", "the named routes are primary"),
        ("service: podinfo,", "service: podinfo, port: 81,", "a.yaml:6:31", "has no port 81"),
        ("{destination: {host: podinfo}}", "{destination: {host: other}}", "a.yaml:6:31", "also goes to other"),
        ("selector: {app: podinfo}", "selector: {app: web}", "a.yaml:15:12", "not labelled"),
        ("targetPort: http", "targetPort: web", "a.yaml:15:12", "which has http"),
        ("spec: {containers", "spec: {hostNetwork: true, containers", "", ""),
        ("containerPort: 80", "containerPort: 80, hostPort: 80", "a.yaml:21:12", "hostPort 80"),
        ("{host: podinfo}\n", "{host: other}\n", "a.yaml:6:31", "for the host other"),
        ("hosts: [podinfo]", "hosts: [x.example]", "a.yaml:6:3", "past the routes"),
        ("kind: Deployment", "kind: StatefulSet", "a.yaml:5:14", "is a StatefulSet"),
    ],
)
def test_what_does_not_fit_is_said_where_it_is_mended(
    linted: Any, release: str, old: str, new: str, place: str, words: str
) -> None:
    text = release + SERVICE + DEPLOYMENT + ROUTES + RULE
    assert old in text
    found = [one for one in linted(text.replace(old, new, 1)).findings if one.severity == "error"]
    if not words:
        assert found == []
        return
    assert any(words in one.sentence for one in found), found
    assert place in {str(one.position) for one in found}


def test_a_port_that_does_not_say_its_protocol_is_a_hint(linted: Any, release: str) -> None:
    (found,) = linted(release + SERVICE.replace("name: http, ", "")).findings
    assert (str(found.severity), found.field) == ("hint", "spec.traffic.port")
    assert linted(release + SERVICE.replace("name: http, ", "appProtocol: grpc, ")).findings == []


@pytest.mark.parametrize("spec", ["[a]", "5", "{http: 5}", "{http: [5]}", "{hosts: {a: 1}}"])
def test_an_object_of_an_odd_shape_is_told_and_hurts_nobody(linted: Any, release: str, spec: str) -> None:
    odd = ROUTES.partition("metadata")[0] + f"metadata: {{name: odd, namespace: shop}}\nspec: {spec}"
    found = linted(release + odd).findings
    assert all(one.severity == "warning" and "dry-run=server" in one.sentence for one in found)
    assert found or spec == "{hosts: {a: 1}}"
