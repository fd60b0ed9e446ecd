"""What kubectl makes without a file, which it sends in protobuf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.sandbox.client import Client
from tests.sandbox.kubectl import Kubectl, table

pytestmark = pytest.mark.kubectl

Object = dict[str, Any]


async def test_what_kubectl_sends_in_protobuf(kubectl: Kubectl, client: Client, namespace: str) -> None:
    assert await kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert ["*.*", "[]", "[]", "[*]"] in table(await kubectl("auth", "can-i", "--list"))
    await kubectl("create", "deployment", "web", "--image=app:1", "--replicas=0", "--port=80")
    made = await client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    assert made["spec"]["replicas"] == 0
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["ports"]) == ("app:1", [{"containerPort": 80, "protocol": "TCP"}])
    assert "stdin" not in container, "an empty value of the message is none of the object"
    assert "already exists" in await kubectl("create", "deployment", "web", "--image=app:1", code=1)


@pytest.mark.scenario
async def test_everything_that_kubectl_makes_without_a_file(
    kubectl: Kubectl, client: Client, namespace: str, unique: Callable[[str], str]
) -> None:
    async def one(path: str) -> Object:
        return await client.get(path.format(namespace))

    await kubectl("create", "configmap", "c", "--from-literal=a=b")
    assert (await one("/api/v1/namespaces/{}/configmaps/c"))["data"] == {"a": "b"}
    await kubectl("create", "secret", "generic", "s", "--from-literal=p=q")
    assert (await one("/api/v1/namespaces/{}/secrets/s"))["data"] == {"p": "cQ=="}
    await kubectl("create", "cronjob", "tick", "--image=x", "--schedule=*/5 * * * *", "--", "true")
    await kubectl("create", "job", "now", "--from=cronjob/tick")
    job = await one("/apis/batch/v1/namespaces/{}/jobs/now")
    assert job["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    assert job["spec"]["template"]["spec"]["containers"][0]["command"] == ["true"]
    await kubectl("create", "serviceaccount", "bot")
    await kubectl("create", "role", "r", "--verb=get", "--resource=deployments.apps")
    role = await one("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles/r")
    assert role["rules"] == [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]
    await kubectl("create", "rolebinding", "b", "--role=r", f"--serviceaccount={namespace}:bot")
    await kubectl("create", "poddisruptionbudget", "p", "--selector=app=web", "--min-available=50%")
    budget = await one("/apis/policy/v1/namespaces/{}/poddisruptionbudgets/p")
    assert budget["spec"] == {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}}
    await kubectl("create", "ingress", "i", "--rule=a.com/b=web:80")
    await kubectl("create", "service", "nodeport", "web", "--tcp=80:http")
    (port,) = (await one("/api/v1/namespaces/{}/services/web"))["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (80, "http")
    await kubectl("create", "namespace", unique("other"))
    assert unique("other") in await kubectl("get", "namespace", unique("other"))
