"""The real kubectl cannot tell: each of its commands that matters, with every kubectl that is found."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from controller.sandbox.client import Client
from tests.sandbox.kubectl import SECONDS, Kubectl, table

pytestmark = pytest.mark.kubectl

Object = dict[str, Any]
Manifest = Callable[..., Object]
Establish = Callable[..., Awaitable[str]]


@pytest.fixture
def widgets(crd: Manifest) -> Object:
    """A CRD with columns, a scale and a schema that explains itself."""
    integer = {"type": "integer", "minimum": 1, "description": "How big it is."}
    spec = {"type": "object", "properties": {"size": integer, "replicas": {"type": "integer"}}}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    return crd(schema, subresources={"status": {}, "scale": scale}, additionalPrinterColumns=columns)


def widget(definition: Object, name: str = "one", **spec: Any) -> Object:
    api_version = f"{definition['spec']['group']}/v1"
    return {"apiVersion": api_version, "kind": "Widget", "metadata": {"name": name}, "spec": spec}


def service(name: str = "web") -> Object:
    ports = [{"port": 80, "targetPort": 8080}]
    metadata = {"name": name}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": ports, "selector": {"app": name}},
    }


async def test_version_and_discovery(kubectl: Kubectl) -> None:
    assert "Server Version: v1." in await kubectl("version")
    kinds = await kubectl("api-resources", "-o", "name")
    assert {"deployments.apps", "pods", "leases.coordination.k8s.io"} <= set(kinds.split())


async def test_apply_by_the_client(kubectl: Kubectl, client: Client, deployment: Manifest, namespace: str) -> None:
    file = kubectl.write("web.yaml", deployment(replicas=2), service())
    assert table(await kubectl("apply", "-f", file)) == [
        ["deployment.apps/web", "created"],
        ["service/web", "created"],
    ]
    assert table(await kubectl("apply", "-f", file))[0] == ["deployment.apps/web", "unchanged"]
    await client.patch(f"/apis/apps/v1/namespaces/{namespace}/deployments/web", {"spec": {"paused": True}})
    file = kubectl.write("web.yaml", deployment(replicas=3), service())
    difference = await kubectl("diff", "-f", file, code=1)
    assert "-  replicas: 2\n+  replicas: 3\n" in difference
    assert table(await kubectl("apply", "-f", file))[0] == ["deployment.apps/web", "configured"]
    found = await client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    assert (found["spec"]["replicas"], found["spec"]["paused"]) == (3, True)
    dry = kubectl.write("web.yaml", deployment(replicas=9))
    await kubectl("apply", "-f", dry, "--dry-run=server")
    assert (await kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}")) == "3"


async def test_apply_refuses_unknown_fields(kubectl: Kubectl, deployment: Manifest) -> None:
    file = kubectl.write("web.yaml", deployment(replicaz=2))
    text = await kubectl("apply", "-f", file, code=1)
    assert 'strict decoding error: unknown field "spec.replicaz"' in text
    text = await kubectl("apply", "-f", file, "--validate=warn")
    assert 'Warning: unknown field "spec.replicaz"' in text
    assert "deployment.apps/web created" in text


async def test_apply_by_the_server(kubectl: Kubectl, client: Client, deployment: Manifest, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    await kubectl("apply", "-f", kubectl.write("web.yaml", deployment(replicas=2)))
    file = kubectl.write("web.yaml", deployment(replicas=3))
    assert await kubectl("apply", "--server-side", "-f", file) == "deployment.apps/web serverside-applied\n"
    entries = (await client.get(path))["metadata"]["managedFields"]
    owners = {(entry["manager"], entry["operation"]) for entry in entries}
    assert ("kubectl", "Apply") in owners
    assert ("kubectl-client-side-apply", "Update") not in owners
    await client.request("PATCH", path, {"spec": {"replicas": 7}}, content_type="application/merge-patch+json")
    file = kubectl.write("web.yaml", deployment(replicas=4))
    refused = await kubectl("apply", "--server-side", "-f", file, code=1)
    assert re.search(r'conflict with "tests" using apps/v1.*\.spec\.replicas', refused, re.DOTALL)
    difference = await kubectl("diff", "--server-side", "--force-conflicts", "-f", file, code=1)
    assert "-  replicas: 7\n+  replicas: 4\n" in difference
    await kubectl("apply", "--server-side", "--force-conflicts", "-f", file)
    assert (await client.get(path))["spec"]["replicas"] == 4


async def test_what_get_shows(kubectl: Kubectl, deployment: Manifest) -> None:
    await kubectl("apply", "-f", kubectl.write("web.yaml", deployment(replicas=2), service()))
    lines = table(await kubectl("get", "deployments"))
    assert lines[0] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert lines[1][:4] == ["web", "0/2", "0", "0"]
    wide = table(await kubectl("get", "deploy", "-o", "wide"))
    assert wide[1][-3:] == ["app", "app:1", "app=web"]
    assert set((await kubectl("get", "all", "-o", "name")).split()) == {"deployment.apps/web", "service/web"}
    listed = json.loads(await kubectl("get", "deploy,svc", "-l", "none=such", "-o", "json"))
    assert listed["items"] == []
    assert "web" in await kubectl("get", "deploy", "--field-selector", "metadata.name=web", "--chunk-size=1")
    assert 'deployments.apps "nope" not found' in await kubectl("get", "deploy", "nope", code=1)
    assert "NAMESPACE" in await kubectl("get", "svc", "-A")


async def test_what_describe_tells(kubectl: Kubectl, client: Client, deployment: Manifest, namespace: str) -> None:
    await kubectl("apply", "-f", kubectl.write("web.yaml", deployment(replicas=2), service()))
    found = await client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    about = {key: found["metadata"][key] for key in ("name", "namespace", "uid")}
    event = {
        "metadata": {"name": "web.1"},
        "involvedObject": {"kind": "Deployment", "apiVersion": "apps/v1", **about},
        "reason": "Scaled",
        "message": "two of them",
        "type": "Normal",
        "source": {"component": "tests"},
        "firstTimestamp": found["metadata"]["creationTimestamp"],
        "lastTimestamp": found["metadata"]["creationTimestamp"],
        "count": 1,
    }
    await client.create(f"/api/v1/namespaces/{namespace}/events", event)
    text = await kubectl("describe", "deployment", "web")
    assert re.search(r"Replicas: +2 desired \| 0 updated", text)
    assert re.search(r"Normal +Scaled .*tests +two of them", text)
    assert re.search(r"Type: +ClusterIP", await kubectl("describe", "service", "web"))
    assert re.search(r"Normal +Scaled +deployment/web +two of them", await kubectl("get", "events"))
    assert re.search(r"Normal +Scaled +Deployment/web +two of them", await kubectl("events"))


async def test_changes_in_place(kubectl: Kubectl, client: Client, deployment: Manifest, namespace: str) -> None:
    await kubectl("apply", "-f", kubectl.write("web.yaml", deployment()))
    await kubectl("annotate", "deployment", "web", "note=one")
    await kubectl("label", "deployment", "web", "tier=front")
    await kubectl("set", "image", "deployment/web", "app=app:2")
    await kubectl("scale", "deployment/web", "--replicas=5")
    await kubectl("patch", "deployment", "web", "-p", '{"spec":{"minReadySeconds":3}}')
    await kubectl(
        "patch", "deployment", "web", "--type=json", "-p", '[{"op":"add","path":"/spec/paused","value":true}]'
    )
    status = '{"status":{"observedGeneration":1}}'
    await kubectl("patch", "deployment", "web", "--subresource=status", "--type=merge", "-p", status)
    found = await client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    assert found["metadata"]["annotations"]["note"] == "one"
    assert found["metadata"]["labels"] == {"tier": "front"}
    spec = found["spec"]
    assert (spec["replicas"], spec["minReadySeconds"], spec["paused"]) == (5, 3, True)
    assert spec["template"]["spec"]["containers"][0]["image"] == "app:2"
    assert found["status"] == {"observedGeneration": 1}
    await kubectl("rollout", "resume", "deployment/web")
    await kubectl("rollout", "restart", "deployment/web")
    found = await client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    assert "kubectl.kubernetes.io/restartedAt" in found["spec"]["template"]["metadata"]["annotations"]


async def test_rollout_status_follows_the_status(
    kubectl: Kubectl, client: Client, deployment: Manifest, namespace: str
) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    await client.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment(replicas=1))
    process = await kubectl.start("rollout", "status", "deployment/web")
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        assert b"Waiting for deployment spec update to be observed" in await process.stdout.readline()
        counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
        await client.patch(f"{path}/status", {"status": {"observedGeneration": 1, **counts}})
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert b'deployment "web" successfully rolled out' in out


async def test_get_watch_shows_every_change(
    kubectl: Kubectl, client: Client, deployment: Manifest, namespace: str
) -> None:
    base = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    await client.create(base, deployment())
    process = await kubectl.start("get", "deployments", "-w")
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            assert (await process.stdout.readline()).split()[:2] == [b"NAME", b"READY"]
            assert (await process.stdout.readline()).split()[:2] == [b"web", b"0/1"]
            await client.patch(f"{base}/web", {"spec": {"replicas": 4}})
            assert (await process.stdout.readline()).split()[:2] == [b"web", b"0/4"]
            await client.delete(f"{base}/web")
            assert (await process.stdout.readline()).split()[:2] == [b"web", b"0/4"]
    finally:
        process.kill()
        await process.wait()


async def test_wait(kubectl: Kubectl, client: Client, widgets: Object, establish: Establish, namespace: str) -> None:
    path = await establish(widgets, namespace)
    await client.create(path, widget(widgets, size=1))
    plural = widgets["metadata"]["name"]
    waits = [
        await kubectl.start("wait", f"{plural}/one", "--for=condition=Ready", "--timeout=20s"),
        await kubectl.start("wait", f"{plural}/one", "--for=jsonpath={.status.phase}=Done", "--timeout=20s"),
    ]
    conditions = [{"type": "Ready", "status": "True"}]
    await client.patch(f"{path}/one/status", {"status": {"phase": "Done", "conditions": conditions}})
    for process in waits:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
        assert b"condition met" in out, err
    gone = await kubectl.start("wait", f"{plural}/one", "--for=delete", "--timeout=20s")
    await client.delete(f"{path}/one")
    async with asyncio.timeout(SECONDS):
        await gone.communicate()
    assert gone.returncode == 0


async def test_custom_resources(kubectl: Kubectl, widgets: Object, namespace: str) -> None:
    plural = widgets["metadata"]["name"]
    short = widgets["spec"]["names"]["shortNames"][0]
    assert "created" in await kubectl("create", "-f", kubectl.write("crd.yaml", widgets))
    await kubectl("wait", f"crd/{plural}", "--for=condition=Established", "--timeout=10s")
    await kubectl("apply", "-f", kubectl.write("one.yaml", widget(widgets, size=1, replicas=2)))
    await kubectl("apply", "-f", kubectl.write("one.yaml", widget(widgets, size=3, replicas=2)))
    refused = await kubectl("apply", "-f", kubectl.write("bad.yaml", widget(widgets, "bad", size=0)), code=1)
    assert "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1" in refused
    await kubectl("scale", f"{plural}/one", "--replicas=6")
    conditions = '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'
    await kubectl("patch", short, "one", "--subresource=status", "--type=merge", "-p", conditions)
    lines = table(await kubectl("get", short))
    assert lines[0] == ["NAME", "SIZE", "READY", "AGE"]
    assert lines[1][:3] == ["one", "3", "True"]
    assert await kubectl("get", short, "one", "-o", "jsonpath={.spec.replicas}") == "6"
    assert "How big it is." in await kubectl("explain", f"{plural}.spec.size")
    text = await kubectl("describe", short, "one")
    assert re.search(r"Size: +3", text)
    assert "strategic-merge-patch+json is not supported" in await kubectl("patch", short, "one", "-p", "{}", code=1)
    assert "deleted" in await kubectl("delete", short, "one")
    assert "deleted" in await kubectl("delete", "crd", plural)
    assert "the server doesn't have a resource type" in await kubectl("get", plural, code=1)


async def test_explain_of_a_built_in_kind(kubectl: Kubectl) -> None:
    text = await kubectl("explain", "deployment.spec.strategy")
    assert "FIELD: strategy <DeploymentStrategy>" in text
    assert re.search(r"rollingUpdate\s+<RollingUpdateDeployment>", text)


async def test_replace_and_delete(kubectl: Kubectl, deployment: Manifest, namespace: str) -> None:
    file = kubectl.write("web.yaml", deployment(replicas=2), service())
    await kubectl("create", "-f", file)
    assert "(AlreadyExists)" in await kubectl("create", "-f", file, code=1)
    await kubectl("replace", "-f", kubectl.write("web.yaml", deployment(replicas=8)))
    assert await kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "8"
    assert 'deployment.apps "web" deleted' in await kubectl("delete", "deployment", "web")
    assert 'service "web" deleted' in await kubectl("delete", "service", "-l", "!none", "--wait=false")
    await kubectl("delete", "namespace", namespace, "--wait=false")
    assert "Terminating" in await kubectl("get", "namespace", namespace)


async def test_a_dry_run_and_the_pods_summary(kubectl: Kubectl, client: Client, namespace: str) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "a", "image": "a"}]},
    }
    file = kubectl.write("pod.yaml", pod)
    assert "created (server dry run)" in await kubectl("create", "-f", file, "--dry-run=server")
    await kubectl("create", "-f", file)
    assert table(await kubectl("get", "pods"))[1][:4] == ["p", "0/1", "Pending", "0"]
    waiting = {"name": "a", "ready": False, "restartCount": 3, "image": "a", "imageID": ""}
    waiting["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"status": {"phase": "Running", "containerStatuses": [waiting]}}
    await client.patch(f"/api/v1/namespaces/{namespace}/pods/p/status", status)
    assert table(await kubectl("get", "pods"))[1][:4] == ["p", "0/1", "CrashLoopBackOff", "3"]
    assert "CrashLoopBackOff" in await kubectl("describe", "pod", "p")


async def test_who_kubectl_is(kubectl: Kubectl, embedded: Any, namespace: str) -> None:
    await kubectl("get", "pods")
    assert embedded.audit.count(agent="kubectl", user="system:admin", verb="list", resource="pods") == 1
    await kubectl("get", "pods", "--as=system:serviceaccount:shop:web")
    assert embedded.audit.count(user="system:serviceaccount:shop:web", verb="list", resource="pods") == 1
