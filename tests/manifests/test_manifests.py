"""What the installation says: accepted by the API, hardened, and true of the program that it starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from controller.app import version
from controller.core.release.command import CommandName
from controller.crd import COMMAND, COMMAND_BY, COMMAND_REASON, definitions
from controller.providers.counting import REQUEST_LABELS
from controller.sandbox.client import Client
from controller.sandbox.sample import GATEWAY
from controller.server import Server
from controller.settings import Settings
from controller.telemetry import Telemetry
from tests.documents import document, documents
from tests.manifests.conftest import MANIFESTS, ROOT, Build, Object

Get = Callable[[str, str], Object]
WithComponent = Callable[[str], list[Object]]

ISTIO = ROOT / "istio"
FILES = sorted(
    path for folder in (MANIFESTS, ISTIO) for path in folder.rglob("*.y*ml") if path.name != "prometheus.yml"
)
KUSTOMIZATIONS = {path.parent: document(path.read_text()) for path in FILES if path.name == "kustomization.yaml"}
FOLDERS = [folder for folder, one in KUSTOMIZATIONS.items() if one["kind"] == "Kustomization"]
COMPONENTS = [folder.name for folder, one in KUSTOMIZATIONS.items() if one["kind"] == "Component"]

PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "CustomResourceDefinition": "customresourcedefinitions",
    "NetworkPolicy": "networkpolicies",
    "Telemetry": "telemetries",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
}


def collection(item: Object) -> str:
    """The path that creates an object."""
    group, _, version = item["apiVersion"].rpartition("/")
    base = f"/apis/{group}/{version}" if group else f"/api/{version}"
    plural = PLURALS.get(item["kind"], f"{item['kind'].lower()}s")
    where = item["metadata"].get("namespace", "default" if item["kind"] == "ConfigMap" else "")
    return f"{base}/namespaces/{where}/{plural}" if where else f"{base}/{plural}"


def container(deployment: Object) -> Object:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    found: Object = only
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_is_yaml_of_kubernetes_objects_or_says_what_else(path: Path) -> None:
    found = documents(path.read_text())
    assert found
    for one in found:
        assert ("groups" in one) if path.name.endswith(".rules.yaml") else (one["apiVersion"] and one["kind"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
async def test_the_api_accepts_every_object(folder: Path, build: Build, client: Client) -> None:
    await accepted(client, build(folder))


@pytest.mark.parametrize("component", COMPONENTS)
async def test_the_api_accepts_every_component(component: str, with_component: WithComponent, client: Client) -> None:
    await accepted(client, with_component(component))


def test_every_command_can_be_granted_and_nothing_else_is(with_component: WithComponent) -> None:
    objects = with_component("named-commands")
    (role,) = (one for one in objects if one["metadata"]["name"] == "sluice-commander" and "rules" in one)
    (rule,) = role["rules"]
    assert sorted(rule["verbs"]) == sorted(CommandName)
    (policy,) = (one for one in objects if one["kind"] == "ValidatingAdmissionPolicy")
    for annotation in (COMMAND, COMMAND_BY, COMMAND_REASON):
        assert f"'{annotation}'" in str(policy["spec"]["variables"])


async def accepted(client: Client, objects: list[Object]) -> None:
    """Namespaces first, as kubectl orders them. Istio's and the users' namespaces are there already."""
    assert objects
    made = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    for name in {one["metadata"].get("namespace", "default") for one in objects} - made - {"default"}:
        await client.create("/api/v1/namespaces", {"metadata": {"name": name}})
    for one in objects:
        answer = await client.create(collection(one), one)
        assert answer["metadata"]["name"] == one["metadata"]["name"]


def test_the_definitions_are_those_of_the_models(installation: list[Object]) -> None:
    names = {one["metadata"]["name"] for one in installation if one["kind"] == "CustomResourceDefinition"}
    assert names == {one["metadata"]["name"] for one in definitions()}


def test_the_program_understands_its_arguments(get: Get) -> None:
    asked = container(get("Deployment", "sluice"))
    command, *flags = asked["args"]
    assert command == "run"
    settings = Settings.parse(flags, {"POD_NAMESPACE": "elsewhere"})
    assert [one["name"] for one in asked["env"]] == ["POD_NAMESPACE"]
    assert settings.lease_namespace == "elsewhere"
    assert settings.leader_election
    assert settings.listen.port == asked["ports"][0]["containerPort"]
    # The end: what is in hand, then events (3 s), the lease and the outbox.
    assert (
        get("Deployment", "sluice")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > settings.grace + 10
    )


async def test_what_probes_and_prometheus_ask_is_answered(get: Get) -> None:
    deployment = get("Deployment", "sluice")
    asked = container(deployment)
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(asked["ports"][0]["containerPort"])
    paths = [asked[f"{probe}Probe"]["httpGet"]["path"] for probe in ("readiness", "liveness")]
    async with Server("127.0.0.1", 0, telemetry=Telemetry()) as server, aiohttp.ClientSession() as session:
        for path in (*paths, annotations["prometheus.io/path"]):
            async with session.get(f"http://127.0.0.1:{server.port}{path}") as answer:
                assert answer.status == 200


def test_the_port_has_one_name_everywhere(get: Get) -> None:
    asked = container(get("Deployment", "sluice"))
    (port,) = asked["ports"]
    assert {asked[f"{probe}Probe"]["httpGet"]["port"] for probe in ("readiness", "liveness")} == {port["name"]}
    assert get("Service", "sluice-metrics")["spec"]["ports"][0]["targetPort"] == port["name"]
    assert get("NetworkPolicy", "sluice")["spec"]["ingress"][0]["ports"][0]["port"] == port["name"]


def test_selectors_find_the_pods(get: Get) -> None:
    deployment = get("Deployment", "sluice")["spec"]
    labels = deployment["template"]["metadata"]["labels"].items()
    for selector in (
        deployment["selector"]["matchLabels"],
        get("Service", "sluice-metrics")["spec"]["selector"],
        get("PodDisruptionBudget", "sluice")["spec"]["selector"]["matchLabels"],
        get("NetworkPolicy", "sluice")["spec"]["podSelector"]["matchLabels"],
        deployment["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels
    assert deployment["replicas"] > get("PodDisruptionBudget", "sluice")["spec"]["maxUnavailable"]


def test_the_pods_may_do_nothing_that_they_need_not(get: Get) -> None:
    """As the restricted profile of pod security asks, which the namespace enforces; and no writable root."""
    pod = get("Deployment", "sluice")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(get("Deployment", "sluice"))["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & pod.keys()
    labels = get("Namespace", "sluice-system")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_network_lets_it_reach_prometheus(get: Get) -> None:
    flags = container(get("Deployment", "sluice"))["args"][1:]
    address = Settings.parse(flags, {}).prometheus_url
    ports = {port["port"] for rule in get("NetworkPolicy", "sluice")["spec"]["egress"] for port in rule["ports"]}
    assert int(address.rpartition(":")[2]) in ports


def test_who_may_edit_releases_may_not_write_what_happened(get: Get) -> None:
    editor, viewer = get("ClusterRole", "sluice-editor"), get("ClusterRole", "sluice-viewer")
    writes = {"create", "update", "patch", "delete", "deletecollection"}
    assert not any(writes & set(rule["verbs"]) for rule in viewer["rules"])
    assert not any("releases/status" in rule["resources"] for rule in editor["rules"])
    aggregated = "rbac.authorization.k8s.io/aggregate-to-"
    assert {label.removeprefix(aggregated) for label in viewer["metadata"]["labels"] if aggregated in label} == {
        "view",
        "edit",
        "admin",
    }
    assert f"{aggregated}view" not in editor["metadata"]["labels"]


def test_one_image_is_named_everywhere(get: Get) -> None:
    image = container(get("Deployment", "sluice"))["image"]
    assert image == f"sluice:{version()}"
    assert f"IMAGE={image}\n" in (ISTIO / "up.sh").read_text()
    assert f"--tag {image} " in (ROOT / "Dockerfile").read_text()
    for name in ("podinfo", "frontend"):
        found = documents((ISTIO / "app" / f"{name}.yaml").read_text())
        assert [container(one)["image"] for one in found if one["kind"] == "Deployment"] == [image]


def test_the_mesh_keeps_every_label_that_is_judged_by() -> None:
    (telemetry,) = documents((ISTIO / "mesh" / "telemetry.yaml").read_text())
    removed = {tag for one in telemetry["spec"]["metrics"] for rule in one["overrides"] for tag in rule["tagOverrides"]}
    assert removed
    assert not removed & set(REQUEST_LABELS.replace(",", " ").split())


def test_the_gateway_is_the_sandbox_s() -> None:
    (gateway,) = documents((ISTIO / "mesh" / "gateway.yaml").read_text())
    assert f"{gateway['metadata']['namespace']}/{gateway['metadata']['name']}" == GATEWAY


def test_the_controller_knows_how_often_prometheus_scrapes(build: Build) -> None:
    (deployment,) = (one for one in build(ISTIO / "sluice") if one["kind"] == "Deployment")
    config = document((ISTIO / "prometheus" / "prometheus.yml").read_text())
    settings = Settings.parse(container(deployment)["args"][1:], {})
    assert config["global"]["scrape_interval"] == f"{settings.scrape_interval:g}s"
