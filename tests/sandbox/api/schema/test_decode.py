"""What comes out of decoding: Go's form of an object. What is refused is in the table of bad objects."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controller.sandbox.api.schema.decode import DecodeError, decode_builtin, decode_custom
from controller.sandbox.api.schema.defaults import set_defaults

Object = dict[str, Any]


def pod(**container: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c", "image": "x", **container}]},
    }


def decoded(obj: Object) -> Object:
    group, _, version = str(obj["apiVersion"]).rpartition("/")
    assert decode_builtin(group, version, obj["kind"], obj) == []
    return obj


def test_unknown_fields_in_the_order_of_the_body() -> None:
    obj = pod(colour="red")
    obj["metadata"]["size"] = 1
    obj["spec"]["shape"] = {}
    obj["extra"] = 1
    assert decode_builtin("", "v1", "Pod", obj) == [
        "metadata.size",
        "spec.containers[0].colour",
        "spec.shape",
        "extra",
    ]
    assert "extra" not in obj


def test_what_go_leaves_out() -> None:
    obj = decoded(
        pod(
            command=[],
            env=[{"name": "A", "value": ""}],
            volumeMounts=[{"name": "v", "mountPath": "/v", "readOnly": False}],
            livenessProbe={"httpGet": {"port": 80}, "initialDelaySeconds": 0},
            stdin=None,
            securityContext={"privileged": False},
        )
    )
    container = obj["spec"]["containers"][0]
    assert "command" not in container
    assert "stdin" not in container
    assert container["env"] == [{"name": "A"}]
    assert container["volumeMounts"] == [{"name": "v", "mountPath": "/v"}]
    assert container["livenessProbe"] == {"httpGet": {"port": 80}}
    assert container["securityContext"] == {"privileged": False}
    assert container["resources"] == {}
    assert obj["status"] == {}


def test_amounts_and_times_in_canonical_form() -> None:
    obj = decoded(pod(resources={"limits": {"cpu": 0.5, "memory": "1024Ki"}, "requests": {"cpu": 1}}))
    assert obj["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m", "memory": "1Mi"},
        "requests": {"cpu": "1"},
    }
    lease: Object = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "a", "creationTimestamp": "2024-01-01T01:00:00.5+01:00"},
        "spec": {"renewTime": "2024-01-01T00:00:00.123456789Z"},
    }
    decoded(lease)
    assert lease["metadata"]["creationTimestamp"] == "2024-01-01T00:00:00Z"
    assert lease["spec"]["renewTime"] == "2024-01-01T00:00:00.123456Z"


def test_what_go_always_writes() -> None:
    event = decoded({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a"}, "involvedObject": {}})
    assert event["firstTimestamp"] is None
    assert event["reportingComponent"] == ""
    entries = decoded({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "a"}})
    assert entries["endpoints"] is None


def test_inside_items_unknown_fields_go_without_a_word() -> None:
    schema = {"type": "object", "properties": {"l": {"type": "array", "items": {"type": "string", "const": 1}}}}
    crd: Object = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "a"},
        "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema | {"const": 1}}}]},
    }
    unknown = decode_builtin("apiextensions.k8s.io", "v1", "CustomResourceDefinition", crd)
    assert unknown == ["spec.versions[0].schema.openAPIV3Schema.const"]
    assert schema["properties"]["l"]["items"] == {"type": "string"}  # type: ignore[index]


def test_a_null_in_a_list_or_map_is_gos_zero() -> None:
    obj = pod(args=["a", None], env=[None], resources={"limits": {"cpu": None}})
    obj["metadata"] |= {"labels": {"a": None}, "finalizers": [None]}
    decoded(obj)
    (container,) = obj["spec"]["containers"]
    assert container["args"] == ["a", ""]
    assert container["env"] == [{"name": ""}]
    assert container["resources"] == {"limits": {"cpu": "0"}}
    assert (obj["metadata"]["labels"], obj["metadata"]["finalizers"]) == ({"a": ""}, [""])
    secret: Object = {"metadata": {"name": "a"}, "data": {"a": None}}
    assert decode_builtin("", "v1", "Secret", secret) == []
    assert secret["data"] == {"a": ""}


def test_decoding_and_defaulting_settle() -> None:
    obj = pod(ports=[{"containerPort": 80}])
    decoded(obj)
    set_defaults("", "Pod", obj)
    again = copy.deepcopy(obj)
    decoded(again)
    set_defaults("", "Pod", again)
    assert again == obj


def test_metadata_of_custom_resources_is_read_as_gos() -> None:
    schema: Object = {"type": "object", "properties": {"spec": {"type": "object"}}}
    obj: Object = {
        "apiVersion": "a.io/v1",
        "kind": "A",
        "metadata": {"name": "a", "labels": {}, "x": 1},
        "spec": {"y": 1},
    }
    assert decode_custom(schema, obj) == ["metadata.x", "spec.y"]
    assert obj["metadata"] == {"name": "a"}
    with pytest.raises(
        DecodeError, match=r"cannot unmarshal number into Go struct field ObjectMeta.name of type string"
    ):
        decode_custom(schema, {"metadata": {"name": 5}})
