from __future__ import annotations

import pytest

from controller.sandbox.api.content import Form, Unreadable, decode, discovery_version, wanted_form
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.request import ListOptions, Target, parse_path, verb_of
from controller.sandbox.api.resources import version_priority


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/pods", Target("", "v1", "pods")),
        ("/api/v1/namespaces/a/pods", Target("", "v1", "pods", "a")),
        ("/api/v1/namespaces/a/pods/b", Target("", "v1", "pods", "a", "b")),
        ("/api/v1/namespaces/a/pods/b/status", Target("", "v1", "pods", "a", "b", "status")),
        ("/api/v1/namespaces", Target("", "v1", "namespaces")),
        ("/api/v1/namespaces/a", Target("", "v1", "namespaces", "", "a")),
        ("/api/v1/namespaces/a/status", Target("", "v1", "namespaces", "", "a", "status")),
        ("/api/v1/namespaces/a/finalize", Target("", "v1", "namespaces", "", "a", "finalize")),
        ("/apis/apps/v1/deployments", Target("apps", "v1", "deployments")),
        ("/apis/x.io/v1/namespaces/a/things/b/scale", Target("x.io", "v1", "things", "a", "b", "scale")),
        ("/api", None),
        ("/api/v1", None),
        ("/apis/apps", None),
        ("/apis/apps/v1", None),
        ("/healthz", None),
        ("/", None),
        ("/api/v1/namespaces/a/pods/b/c/d", None),
        ("/api/v1//pods", None),
    ],
)
def test_paths(path: str, target: Target | None) -> None:
    assert parse_path(path) == target


@pytest.mark.parametrize(
    ("method", "named", "query", "verb"),
    [
        ("GET", False, {}, "list"),
        ("GET", False, {"watch": "true"}, "watch"),
        ("GET", False, {"watch": "1"}, "watch"),
        ("GET", False, {"watch": ""}, "watch"),
        ("GET", False, {"watch": "false"}, "list"),
        ("GET", True, {"watch": "true"}, "get"),
        ("POST", False, {}, "create"),
        ("PUT", True, {}, "update"),
        ("PATCH", True, {}, "patch"),
        ("DELETE", True, {}, "delete"),
        ("DELETE", False, {}, "deletecollection"),
        ("TRACE", False, {}, ""),
    ],
)
def test_verbs(method: str, named: bool, query: dict[str, str], verb: str) -> None:
    assert verb_of(method, named, query) == verb


TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form()),
        ("*/*", Form()),
        ("application/json", Form()),
        (f"{TABLE},application/json", Form("table")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Form()),
        ("application/vnd.kubernetes.protobuf,application/json", Form()),
        ("application/yaml", Form(yaml=True)),
        (
            "application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io",
            Form("partial", "v1beta1", of_list=False),
        ),
    ],
)
def test_forms(accept: str, form: Form) -> None:
    assert wanted_form(accept) == form


def test_a_form_that_is_not_offered() -> None:
    with pytest.raises(Failure) as caught:
        wanted_form("application/vnd.kubernetes.protobuf")
    assert caught.value.code == 406


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json", "v2"),
        ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", "v2beta1"),
        ("application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,application/json", ""),
        ("application/json", ""),
    ],
)
def test_discovery(accept: str, version: str) -> None:
    assert discovery_version(accept) == version


def test_double_keys_are_named_with_their_path() -> None:
    value, doubles = decode(b'{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"d":2}],"a":{"b":3,"b":4}}', "application/json")
    assert value == {"a": {"b": 4}, "c": [{"d": 1}, {"d": 2}]}
    assert doubles == ['duplicate field "a"', 'duplicate field "a.b"', 'duplicate field "c[1].d"']


def test_yaml_keeps_dates_as_text() -> None:
    value, _ = decode(b"day: 2026-01-02\ntime: 2026-01-02T03:04:05Z\nyes: 1\n", "application/yaml")
    assert value == {"day": "2026-01-02", "time": "2026-01-02T03:04:05Z", "true": 1}


@pytest.mark.parametrize(
    ("body", "kind"), [(b"{", "application/json"), (b"\xff", "application/json"), (b"a: [", "application/yaml")]
)
def test_bodies_that_cannot_be_read(body: bytes, kind: str) -> None:
    with pytest.raises(Unreadable):
        decode(body, kind)


def test_versions_in_order_of_preference() -> None:
    order = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"]
    by_name = sorted(order)
    assert sorted(by_name, key=version_priority) == order


def test_a_limit_that_is_no_number() -> None:
    with pytest.raises(Failure) as caught:
        ListOptions.of({"limit": "many"})
    assert caught.value.code == 400
