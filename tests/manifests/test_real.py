"""The installation on a real kube-apiserver with RBAC on: a Release from its adoption to its end, with its own rights.

Kubernetes' controllers and the kubelet are the sandbox's; there is no mesh, and a provider answers by image.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from controller.app import App
from controller.cluster import explicit
from controller.providers.measurement import Measurement, Past, Row
from controller.sandbox.client import Client, Connection, Object
from controller.sandbox.crds import foreign_crds
from controller.sandbox.pods.node import running_node
from controller.sandbox.workloads import Workloads
from controller.settings import Settings
from tests.manifests.conftest import MANIFESTS, Build
from tests.real import real_server
from tests.stage import DEPLOYMENTS, NAME, NAMESPACE, RELEASES, ROUTES, release

ADMIN, SLUICE, EVE = "tests-admin", "tests-sluice", "tests-eve"
TOKENS = (
    f'{ADMIN},admin,1,"system:masters"\n'
    f'{SLUICE},system:serviceaccount:sluice-system:sluice,2,"system:serviceaccounts"\n'
    f"{EVE},eve,3\n"
)
APIS = {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "Namespace": "/api/v1/namespaces",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Service": "/api/v1/namespaces/{}/services",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "ValidatingAdmissionPolicy": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
}


class ByImage:
    """A provider: a revision is bad when its image says so."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def measure(self, query: str, at: float) -> Measurement:
        named = re.fullmatch(r'failures{revision="(\w+)"}', query)
        if not named:
            return Measurement(at)
        found = await self._client.get(f"{DEPLOYMENTS}/{NAME}-{named[1]}")
        image = found["spec"]["template"]["spec"]["containers"][0]["image"]
        return Measurement(at, (Row({}, float("bad" in image)),))

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        return Past(error="nothing is remembered")


class Cluster:
    """What a person does and sees; ``client`` may do everything."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def status(self) -> Object:
        found: Object = (await self.client.get(f"{RELEASES}/{NAME}")).get("status") or {}
        return found

    async def until(self, true: Callable[[Object], Any], limit: float = 40.0) -> None:
        last: Object = {}
        try:
            async with asyncio.timeout(limit):
                while not true(last := await self.status()):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not within {limit:g} s: {last.get('phase')}: {last.get('message')}") from None

    async def push(self, image: str) -> None:
        patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
        await self.client.patch(f"{DEPLOYMENTS}/{NAME}", patch, "application/json-patch+json")

    async def served(self) -> list[str]:
        """The images that the routes name."""
        route = (await self.client.get(f"{ROUTES}/{NAME}"))["spec"]["http"][-1]["route"]
        images = []
        for one in route:
            revision = one["destination"]["subset"].removeprefix("r-")
            found = await self.client.get(f"{DEPLOYMENTS}/{NAME}-{revision}")
            images.append(found["spec"]["template"]["spec"]["containers"][0]["image"])
        return images


@pytest.fixture
def connection(tmp_path: Path) -> object:
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    if not assets:
        pytest.skip("no kube-apiserver: let KUBEBUILDER_ASSETS name a folder with etcd and kube-apiserver")
    with real_server(assets, tmp_path, TOKENS, "RBAC") as (url, ca):
        yield Connection(url, ADMIN, ca)


async def applied(client: Client, objects: list[Object]) -> None:
    for one in objects:
        where = one["metadata"].get("namespace", "")
        await client.create(APIS[one["kind"]].format(where), one)


@pytest.fixture
async def cluster(connection: Connection, build: Build) -> AsyncIterator[Cluster]:
    """Everything installed, two replicas of the application running."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client(connection, "tests"))
        await applied(client, [*foreign_crds(), *build(MANIFESTS)])
        await client.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        await stack.enter_async_context(Workloads(connection))
        await stack.enter_async_context(running_node(connection))
        labels = {"app": NAME}
        settings = {"DEMO_DRAIN": "20ms", "DEMO_READY_AFTER": "20ms"}
        container = {
            "name": "app",
            "image": "podinfo:v1",
            "env": [{"name": name, "value": value} for name, value in settings.items()],
            "ports": [{"containerPort": 9898}],
        }
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        await client.create(DEPLOYMENTS, {"metadata": {"name": NAME}, "spec": spec})
        service = {"selector": labels, "ports": [{"name": "http", "port": 9898}]}
        await client.create(f"/api/v1/namespaces/{NAMESPACE}/services", {"metadata": {"name": NAME}, "spec": service})
        yield Cluster(client)


@pytest.fixture
async def controller(connection: Connection, cluster: Cluster) -> AsyncIterator[App]:
    """Sluice, by the rights of its own account."""
    settings = Settings.parse(["--listen=127.0.0.1:0", "--scrape-interval=100ms", "--min-interval=1s"])
    access = explicit(connection.url, token=SLUICE, ca=connection.ca)
    app = App(settings, access=access, provider=ByImage(cluster.client))
    life = asyncio.create_task(app.run())
    yield app
    app.stop()
    await life


def quick() -> Object:
    made = release()
    spec = made["spec"]
    spec["traffic"] |= {"propagation": "200ms", "drain": "500ms"}
    spec["strategy"]["canary"]["steps"] = [{"weight": "10%", "for": "1s"}, {"weight": "50%", "for": "1s"}]
    spec["gates"] |= {"interval": "1s", "minimumStep": "1s"}
    return made


@pytest.mark.timeout(180)
async def test_a_release_from_adoption_to_hand_back(cluster: Cluster, controller: App) -> None:
    """Whatever the account may not do would end in 403 and be seen in the metrics."""
    await cluster.client.create(RELEASES, quick())
    await cluster.until(lambda status: status.get("phase") == "Idle" and status["stable"]["image"] == "podinfo:v1")
    await cluster.push("podinfo:v2")
    await cluster.until(lambda status: status["stable"]["image"] == "podinfo:v2" and status["phase"] == "Idle")
    assert await cluster.served() == ["podinfo:v2"]

    await cluster.push("podinfo:v3-bad")
    await cluster.until(lambda status: status["phase"] == "Failed")
    assert await cluster.served() == ["podinfo:v2"]
    assert (await cluster.status())["failed"]["reason"] == "GateFailed"

    refused = [
        sample
        for family in controller.telemetry.registry.collect()
        if family.name == "sluice_kubernetes_requests"
        for sample in family.samples
        if sample.labels.get("code") in ("401", "403", "422") and sample.value
    ]
    assert refused == []
