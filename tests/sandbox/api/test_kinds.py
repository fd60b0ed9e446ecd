"""Kinds with manners of their own: services, scales, CRDs, events, bindings, and discovery of them all."""

from __future__ import annotations

import asyncio
import io
import ipaddress
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from controller.sandbox.client import APPLY_PATCH, STRATEGIC_PATCH, ApiError, Client

Object = dict[str, Any]
Manifest = Callable[..., Object]
Establish = Callable[..., Awaitable[str]]
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SECONDS = 20


async def refused(call: Awaitable[Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await call
    return caught.value


@pytest.fixture
def services(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/services"


def service(name: str = "a", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


async def test_a_service_gets_an_address_of_its_own(client: Client, services: str) -> None:
    first = await client.create(services, service("a"))
    second = await client.create(services, service("b"))
    spec = first["spec"]
    assert ipaddress.ip_address(spec["clusterIP"]) in ipaddress.ip_network("10.96.0.0/16")
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert second["spec"]["clusterIP"] != spec["clusterIP"]
    assert (spec["type"], spec["ipFamilies"], spec["ipFamilyPolicy"]) == ("ClusterIP", ["IPv4"], "SingleStack")
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    body = {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 81}]}}
    kept = await client.replace(f"{services}/a", body)
    assert kept["spec"]["clusterIP"] == spec["clusterIP"]
    error = await refused(client.create(services, service("c", clusterIP=spec["clusterIP"])))
    assert error.code == 422
    assert "provided IP is already allocated" in str(error)
    error = await refused(client.create(services, service("c", clusterIP="192.0.2.1")))
    assert "the provided network does not match the current range" in str(error)
    await client.delete(f"{services}/a")
    again = await client.create(services, service("c", clusterIP=spec["clusterIP"]))
    assert again["spec"]["clusterIP"] == spec["clusterIP"]


async def test_services_without_an_address(client: Client, services: str) -> None:
    headless = await client.create(services, service("a", clusterIP="None"))
    assert (headless["spec"]["clusterIP"], headless["spec"]["clusterIPs"]) == ("None", ["None"])
    named = await client.create(
        services, {"metadata": {"name": "b"}, "spec": {"type": "ExternalName", "externalName": "x.org"}}
    )
    assert "clusterIP" not in named["spec"]


async def test_a_node_port_is_given_out(client: Client, services: str) -> None:
    made = await client.create(services, service("a", type="NodePort"))
    port = made["spec"]["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767
    kept = await client.patch(f"{services}/a", {"metadata": {"labels": {"x": "y"}}})
    assert kept["spec"]["ports"][0]["nodePort"] == port


async def test_the_scale_of_a_deployment(client: Client, namespace: str, deployment: Manifest) -> None:
    base = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    made = await client.create(base, deployment(replicas=2))
    scale = await client.get(f"{base}/web/scale")
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 0, "selector": "app=web"}
    assert scale["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    changed = await client.replace(f"{base}/web/scale", {**scale, "spec": {"replicas": 3}})
    assert changed["spec"] == {"replicas": 3}
    error = await refused(client.replace(f"{base}/web/scale", {**scale, "spec": {"replicas": 9}}))
    assert error.code == 409
    error = await refused(client.patch(f"{base}/web/scale", {"spec": {"replicas": -1}}))
    assert 'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1' in str(error)
    found = await client.get(f"{base}/web")
    assert (found["spec"]["replicas"], found["metadata"]["generation"]) == (3, 2)
    owners = {entry.get("subresource"): entry for entry in found["metadata"]["managedFields"]}
    assert owners["scale"]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners[None]["fieldsV1"]["f:spec"]
    body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 5}}
    params = {"fieldManager": "autoscaler"}
    error = await refused(client.request("PATCH", f"{base}/web/scale", body, params=params, content_type=APPLY_PATCH))
    assert 'conflict with "tests" with subresource "scale"' in str(error)
    params["force"] = "true"
    await client.request("PATCH", f"{base}/web/scale", body, params=params, content_type=APPLY_PATCH)
    applied = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1}}
    error = await refused(
        client.request("PATCH", f"{base}/web", applied, params={"fieldManager": "me"}, content_type=APPLY_PATCH)
    )
    assert 'conflict with "autoscaler" with subresource "scale": .spec.replicas' in str(error)


async def test_the_scale_of_a_custom_resource(
    client: Client, namespace: str, crd: Manifest, establish: Establish
) -> None:
    paths = {
        "specReplicasPath": ".spec.size",
        "statusReplicasPath": ".status.have",
        "labelSelectorPath": ".status.selector",
    }
    definition = crd(subresources={"status": {}, "scale": paths})
    base = await establish(definition, namespace)
    typed = {"apiVersion": f"{definition['spec']['group']}/v1", "kind": "Widget"}
    await client.create(base, {**typed, "metadata": {"name": "a"}, "spec": {"size": 3}})
    await client.patch(f"{base}/a/status", {"status": {"have": 2, "selector": "app=a"}})
    scale = await client.get(f"{base}/a/scale")
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, {"replicas": 2, "selector": "app=a"})
    await client.patch(f"{base}/a/scale", {"spec": {"replicas": 4}})
    assert (await client.get(f"{base}/a"))["spec"]["size"] == 4
    error = await refused(client.patch(f"{base}/a/scale", {"spec": {"replicas": 4}}, STRATEGIC_PATCH))
    assert error.code == 415
    await client.create(base, {**typed, "metadata": {"name": "b"}, "spec": {}})
    error = await refused(client.get(f"{base}/b/scale"))
    assert (error.code, 'the spec replicas field ".spec.size" does not exist' in str(error)) == (500, True)
    changed = await client.patch(f"{base}/b/scale", {"spec": {"replicas": 2}})
    assert changed["spec"] == {"replicas": 2}, "as kubectl scale does it, without a look at the scale before"


async def test_a_kind_without_a_scale(client: Client, namespace: str, crd: Manifest, establish: Establish) -> None:
    base = await establish(crd(), namespace)
    error = await refused(client.get(f"{base}/a/scale"))
    assert error.code == 404
    error = await refused(client.get(f"/apis/apps/v1/namespaces/{namespace}/daemonsets/a/scale"))
    assert str(error) == "404 NotFound: the server could not find the requested resource"


async def test_a_crd_is_established_and_named(client: Client, crd: Manifest, establish: Establish) -> None:
    definition = crd()
    path = await establish(definition)
    found = await client.get(f"{CRDS}/{definition['metadata']['name']}")
    names = found["spec"]["names"]
    assert (names["singular"], names["listKind"]) == ("widget", "WidgetList")
    assert found["status"]["acceptedNames"] == names
    assert found["status"]["storedVersions"] == ["v1"]
    assert {entry["type"] for entry in found["status"]["conditions"]} == {"NamesAccepted", "Established"}
    group = await client.get(f"/apis/{definition['spec']['group']}")
    assert group["preferredVersion"]["version"] == "v1"
    assert (await client.request("GET", path))["items"] == []


async def test_a_deleted_crd_takes_its_objects_along(
    client: Client, namespace: str, crd: Manifest, establish: Establish
) -> None:
    definition = crd()
    base = await establish(definition, namespace)
    typed = {"apiVersion": f"{definition['spec']['group']}/v1", "kind": "Widget"}
    await client.create(base, {**typed, "metadata": {"name": "a"}})
    await client.create(base, {**typed, "metadata": {"name": "b", "finalizers": ["example.com/hold"]}})
    path = f"{CRDS}/{definition['metadata']['name']}"
    await client.delete(path)
    await eventually(client, f"{base}/a", gone=True)
    held = await client.get(path)
    assert held["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert "Terminating" in {entry["type"] for entry in held["status"]["conditions"]}
    error = await refused(client.create(base, {**typed, "metadata": {"name": "c"}}))
    assert (error.code, error.reason) == (403, "Forbidden")
    assert "create not allowed while custom resource definition is terminating" in str(error)
    await client.patch(f"{base}/b", {"metadata": {"finalizers": None}})
    await eventually(client, path, gone=True)
    assert await client.get_or_none(base) is None


async def eventually(client: Client, path: str, *, gone: bool) -> None:
    async with asyncio.timeout(SECONDS):
        while (await client.get_or_none(path) is None) != gone:
            await asyncio.sleep(0.01)


async def test_custom_resources_are_checked_and_pruned(
    client: Client, namespace: str, crd: Manifest, establish: Establish
) -> None:
    size = {"type": "integer", "minimum": 1, "default": 5}
    rule = {"rule": "!has(self.max) || self.size <= self.max", "message": "size is above max"}
    spec = {
        "type": "object",
        "properties": {"size": size, "max": {"type": "integer"}},
        "x-kubernetes-validations": [rule],
    }
    definition = crd({"type": "object", "required": ["spec"], "properties": {"spec": spec}})
    base = await establish(definition, namespace)
    typed = {"apiVersion": f"{definition['spec']['group']}/v1", "kind": "Widget"}
    made = await client.create(base, {**typed, "metadata": {"name": "a"}, "spec": {"color": "red"}})
    assert made["spec"] == {"size": 5}
    name = f"Widget.{definition['spec']['group']}"
    wrong: list[tuple[Object, str]] = [
        ({}, f'{name} "b" is invalid: [spec: Required value'),
        ({"spec": {"size": 0}}, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
        ({"spec": {"size": "x"}}, 'spec.size: Invalid value: "string": spec.size in body must be of type integer'),
        ({"spec": {"max": 4}}, 'spec: Invalid value: "object": size is above max'),
    ]
    for body, text in wrong:
        error = await refused(client.create(base, {**typed, "metadata": {"name": "b"}, **body}))
        assert error.code == 422
        assert text in str(error)
    error = await refused(client.patch(f"{base}/a", {"spec": {"size": 0}}))
    assert error.code == 422
    strict = {"fieldValidation": "Strict"}
    body = {**typed, "metadata": {"name": "b"}, "spec": {"color": "red"}}
    error = await refused(client.request("POST", base, body, params=strict))
    assert str(error).endswith('strict decoding error: unknown field "spec.color"')


async def test_a_wrong_crd_is_refused(client: Client, crd: Manifest) -> None:
    definition = crd()
    definition["metadata"]["name"] = "other.example.com"
    error = await refused(client.create(CRDS, definition))
    assert error.code == 422
    assert "metadata.name: Invalid value: " in str(error)
    definition = crd({"type": "object", "properties": {"spec": {"description": "no type"}}})
    error = await refused(client.create(CRDS, definition))
    assert "openAPIV3Schema.properties[spec].type: Required value" in str(error)


async def test_events_have_two_shapes(client: Client, namespace: str) -> None:
    core, new = (f"{base}/namespaces/{namespace}/events" for base in ("/api/v1", "/apis/events.k8s.io/v1"))
    about = {"kind": "Pod", "name": "p", "namespace": namespace}
    await client.create(core, {"metadata": {"name": "a"}, "involvedObject": about, "message": "hello", "reason": "R"})
    seen = await client.get(f"{new}/a")
    assert (seen["apiVersion"], seen["regarding"], seen["note"]) == ("events.k8s.io/v1", about, "hello")
    assert "message" not in seen


async def test_a_pod_is_bound_once(client: Client, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    await client.create(pods, {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "a"}]}})
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    await client.create(f"{pods}/a/binding", body)
    assert (await client.get(f"{pods}/a"))["spec"]["nodeName"] == "n1"
    error = await refused(client.create(f"{pods}/a/binding", body))
    assert error.code == 409


async def test_access_reviews_allow(client: Client) -> None:
    base = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    body = {"spec": {"resourceAttributes": {"verb": "delete", "resource": "pods"}}}
    assert (await client.create(base, body))["status"]["allowed"] is True


async def test_leases_keep_their_microseconds(client: Client, namespace: str) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    spec = {"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-02T03:04:05.000006Z"}
    assert (await client.create(leases, {"metadata": {"name": "a"}, "spec": spec}))["spec"] == spec


async def test_discovery_names_every_kind(client: Client) -> None:
    assert (await client.get("/api"))["versions"] == ["v1"]
    groups = {entry["name"]: entry for entry in (await client.get("/apis"))["groups"]}
    assert groups["apps"]["preferredVersion"]["groupVersion"] == "apps/v1"
    apps = await client.get("/apis/apps/v1")
    entries = {entry["name"]: entry for entry in apps["resources"]}
    assert entries["deployments"]["shortNames"] == ["deploy"]
    assert entries["deployments/scale"]["kind"] == "Scale"
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    aggregated = await client.request("GET", "/apis", accept=accept)
    assert aggregated["kind"] == "APIGroupDiscoveryList"
    found = next(entry for entry in aggregated["items"] if entry["metadata"]["name"] == "apps")
    resources = {entry["resource"]: entry for entry in found["versions"][0]["resources"]}
    assert resources["deployments"]["scope"] == "Namespaced"
    assert {entry["subresource"] for entry in resources["deployments"]["subresources"]} == {"scale", "status"}
    version = await client.get("/version")
    assert version["major"] == "1"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/nothings", 404),
        ("GET", "/apis/apps/v9", 404),
        ("GET", "/apis/no.such.group/v1", 404),
        ("GET", "/no/such/path", 404),
        ("GET", "/api/v1/namespaces/default/nodes", 404),
        ("POST", "/api/v1/pods", 405),
        ("PUT", "/api/v1/namespaces/default/pods", 405),
        ("DELETE", "/api/v1/namespaces", 405),
        ("PATCH", "/api/v1/namespaces/default/pods", 405),
        ("GET", "/api/v1/namespaces/default/pods/a/nothing", 404),
    ],
)
async def test_paths_and_methods_that_are_not_there(client: Client, method: str, path: str, code: int) -> None:
    body = None if method in ("GET", "DELETE") else {"metadata": {"name": "a"}}
    assert (await refused(client.request(method, path, body))).code == code


async def test_bodies_in_yaml_and_in_other_forms(client: Client, connection: Any, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    secure: Any = ssl.create_default_context(cafile=connection.ca) if connection.ca else True
    headers = {"Authorization": f"Bearer {connection.token}"}
    text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {day: '2026-01-02'}\n"
    async with aiohttp.ClientSession(connection.url, headers=headers) as session:
        kind = {"Content-Type": "application/yaml", "Accept": "application/yaml"}
        async with session.post(path, data=text, headers=kind, ssl=secure) as answer:
            assert answer.status == 201
            assert "day: " in await answer.text()
        async with session.get(f"{path}/a", ssl=secure) as answer:
            assert (await answer.text()).endswith("}\n"), "a terminal's next line is its own, as with Go's encoder"
        kind = {"Content-Type": "text/plain"}
        async with session.post(path, data=text, headers=kind, ssl=secure) as answer:
            assert answer.status == 415
        async with session.get(path, headers={"Accept": "text/html"}, ssl=secure) as answer:
            assert answer.status == 406
        big = io.BytesIO(b"x" * (3 * 2**20 + 1))
        async with session.post(path, data=big, headers={"Content-Type": "application/json"}, ssl=secure) as answer:
            assert answer.status == 413
