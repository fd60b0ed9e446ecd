"""What two pod templates may differ in and still mean the same, and what they may not."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.objects import normal_template, restart_mark, same_template


def template(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "podinfo"}},
        "spec": {"containers": [{"name": "podinfo", "image": "podinfo:1", **container}]},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """The plain template with one value set; a number in the path is a place in a list."""
    result = template()
    here: Any = result
    *before, last = path.split(".")
    for key in before:
        here = here[int(key)] if key.isdigit() else here.setdefault(key, {})
    here[last] = value
    return result


FILLED_IN: list[tuple[str, Any]] = [
    ("metadata.creationTimestamp", None),
    ("metadata.labels.sluice~dev/revision", "abc"),
    ("metadata.annotations", {"sluice.dev/anything": "x"}),
    ("metadata.annotations", {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}),
    ("metadata.annotations", {}),
    ("spec.restartPolicy", "Always"),
    ("spec.dnsPolicy", "ClusterFirst"),
    ("spec.schedulerName", "default-scheduler"),
    ("spec.terminationGracePeriodSeconds", 30),
    ("spec.terminationGracePeriodSeconds", 30.0),
    ("spec.enableServiceLinks", True),
    ("spec.securityContext", {}),
    ("spec.hostNetwork", False),
    ("spec.nodeSelector", {}),
    ("spec.tolerations", []),
    ("spec.containers.0.imagePullPolicy", "IfNotPresent"),
    ("spec.containers.0.terminationMessagePath", "/dev/termination-log"),
    ("spec.containers.0.terminationMessagePolicy", "File"),
    ("spec.containers.0.resources", {}),
    ("spec.containers.0.resources", {"limits": {}, "requests": None}),
    ("spec.containers.0.command", None),
    ("spec.containers.0.tty", False),
]


def unescape(obj: Any) -> Any:
    return json.loads(json.dumps(obj).replace("~", "."))


@pytest.mark.parametrize(("path", "value"), FILLED_IN)
def test_what_the_server_or_we_fill_in_makes_no_difference(path: str, value: Any) -> None:
    assert same_template(template(), unescape(changed(path, value)))


REAL_CHANGES: list[tuple[str, Any]] = [
    ("metadata.labels.app", "other"),
    ("metadata.labels.tier", ""),
    ("metadata.labels.service~istio~io/canonical-revision", "v2"),
    ("metadata.annotations", {"prometheus.io/scrape": "true"}),
    ("spec.restartPolicy", "OnFailure"),
    ("spec.terminationGracePeriodSeconds", 31),
    ("spec.terminationGracePeriodSeconds", 0),
    ("spec.enableServiceLinks", False),
    ("spec.automountServiceAccountToken", False),
    ("spec.nodeSelector", {"gpu": ""}),
    ("spec.serviceAccountName", "shop"),
    ("spec.volumes", [{"name": "tmp", "emptyDir": {}}]),
    ("spec.containers.0.image", "podinfo:2"),
    ("spec.containers.0.imagePullPolicy", "Always"),
    ("spec.containers.0.command", [""]),
    ("spec.containers.0.env", [{"name": "A"}]),
    ("spec.containers.0.securityContext", {"allowPrivilegeEscalation": False}),
    ("spec.containers.0.securityContext", {"runAsUser": 0}),
    ("spec.containers.0.resources", {"limits": {"cpu": "1"}}),
    ("spec.containers.0.readinessProbe", {"httpGet": {"port": 80}}),
]


@pytest.mark.parametrize(("path", "value"), REAL_CHANGES)
def test_what_somebody_changed_makes_a_difference(path: str, value: Any) -> None:
    assert not same_template(template(), unescape(changed(path, value)))


SAME_IN_CONTAINER = [
    ({"ports": [{"containerPort": 80}]}, {"ports": [{"containerPort": 80, "protocol": "TCP"}]}),
    ({"env": [{"name": "A"}]}, {"env": [{"name": "A", "value": ""}]}),
    (
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}]},
    ),
    (
        {"readinessProbe": {"httpGet": {"port": 80}}},
        {
            "readinessProbe": {
                "httpGet": {"port": 80, "scheme": "HTTP", "path": "/"},
                "timeoutSeconds": 1,
                "periodSeconds": 10,
                "successThreshold": 1,
                "failureThreshold": 3,
                "initialDelaySeconds": 0,
            }
        },
    ),
    (
        {"lifecycle": {"preStop": {"httpGet": {"port": 80}}}},
        {"lifecycle": {"preStop": {"httpGet": {"port": 80, "scheme": "HTTP", "path": "/"}}}},
    ),
    (
        {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": 0.5}}},
        {"resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": "500m"}}},
    ),
    ({"image": "podinfo"}, {"image": "podinfo", "imagePullPolicy": "Always"}),
    ({"image": "a.io:5000/podinfo"}, {"image": "a.io:5000/podinfo", "imagePullPolicy": "Always"}),
    ({"image": "podinfo@sha256:1"}, {"image": "podinfo@sha256:1", "imagePullPolicy": "IfNotPresent"}),
]


@pytest.mark.parametrize(("one", "other"), SAME_IN_CONTAINER)
def test_defaults_inside_a_container(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert same_template(template(**one), template(**other))


SAME_VOLUME = [
    ({}, {"emptyDir": {}}),
    ({"emptyDir": {"sizeLimit": "1Gi"}}, {"emptyDir": {"sizeLimit": "1024Mi"}}),
    ({"configMap": {"name": "a"}}, {"configMap": {"name": "a", "defaultMode": 420, "optional": False}}),
    ({"secret": {"secretName": "a"}}, {"secret": {"secretName": "a", "defaultMode": 420}}),
    (
        {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
        {
            "projected": {
                "defaultMode": 420,
                "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
            }
        },
    ),
    (
        {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.labels", "apiVersion": "v1"}}]}},
    ),
    ({"hostPath": {"path": "/x"}}, {"hostPath": {"path": "/x", "type": ""}}),
]


@pytest.mark.parametrize(("one", "other"), SAME_VOLUME)
def test_defaults_of_volumes(one: dict[str, Any], other: dict[str, Any]) -> None:
    templates = [changed("spec.volumes", [{"name": "v", **source}]) for source in (one, other)]
    assert same_template(*templates)


def test_the_old_name_of_the_service_account_is_the_same_account() -> None:
    both = changed("spec.serviceAccountName", "shop")
    both["spec"]["serviceAccount"] = "shop"
    assert same_template(changed("spec.serviceAccountName", "shop"), both)
    assert same_template(changed("spec.serviceAccount", "shop"), both)


def test_a_host_port_is_filled_in_on_the_host_network_only() -> None:
    port, filled = ({"containerPort": 80}, {"containerPort": 80, "hostPort": 80})
    on_host, on_host_filled, filled_only = template(ports=[port]), template(ports=[filled]), template(ports=[filled])
    on_host["spec"]["hostNetwork"] = on_host_filled["spec"]["hostNetwork"] = True
    assert same_template(on_host, on_host_filled)
    assert not same_template(template(ports=[port]), filled_only)


def test_an_empty_selector_is_not_an_absent_one() -> None:
    term = {"topologyKey": "zone"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    everywhere = copy.deepcopy(affinity)
    everywhere["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]["labelSelector"] = {}  # type: ignore[assignment]
    assert not same_template(changed("spec.affinity", affinity), changed("spec.affinity", everywhere))


def test_our_canonical_revision_is_ours_and_the_users_is_the_users() -> None:
    ours = template()
    ours["metadata"]["labels"] |= {"sluice.dev/revision": "x1", "service.istio.io/canonical-revision": "x1"}
    assert same_template(template(), ours)
    theirs = template()
    theirs["metadata"]["labels"] |= {"sluice.dev/revision": "x1", "service.istio.io/canonical-revision": "v1"}
    assert not same_template(template(), theirs)


def test_copies_of_configuration_read_as_their_originals() -> None:
    def using(config: str) -> dict[str, Any]:
        result = template(
            envFrom=[{"configMapRef": {"name": config}}],
            env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": config, "key": "a"}}}],
        )
        result["spec"]["volumes"] = [
            {"name": "a", "configMap": {"name": config}},
            {"name": "b", "secret": {"secretName": config}},
            {"name": "c", "projected": {"sources": [{"configMap": {"name": config}}, {"secret": {"name": config}}]}},
        ]
        result["spec"]["initContainers"] = copy.deepcopy(result["spec"]["containers"])
        return result

    assert normal_template(using("shop-x1"), {"shop-x1": "shop"}) == normal_template(using("shop"))
    assert not same_template(using("shop-x1"), using("shop"))


def test_a_restart_is_told_by_its_mark_alone() -> None:
    for key in ("kubectl.kubernetes.io/restartedAt", "sluice.dev/restart"):
        restarted = changed("metadata.annotations", {key: "2026"})
        assert same_template(template(), restarted)
        assert restart_mark(restarted) == "2026"
    assert restart_mark(template()) == ""


def test_nothing_is_changed_in_place() -> None:
    given_template = template(resources={"limits": {"cpu": "1000m"}}, imagePullPolicy="IfNotPresent")
    before = copy.deepcopy(given_template)
    normal_template(given_template, {"a": "b"})
    assert given_template == before


scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["nodeName", "tolerations", "x", "y"]), values, max_size=4), st.randoms())
def test_order_of_keys_and_absent_fields_make_no_difference(spec: dict[str, Any], random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys} | {"absent": random.choice([None, [], {}, ""])}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    one = {"spec": spec}
    normal = normal_template(one)
    # An empty entry of a list grows by "absent" and is empty again, so that the list keeps its length.
    assert normal_template(shuffled(one)) == normal
    assert normal_template(normal) == normal
    assert json.loads(json.dumps(normal)) == normal
