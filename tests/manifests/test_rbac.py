"""The controller's rights against what it asks: the audit log of whole releases. No right is missing, none is idle
without a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from controller.sandbox.api.audit import Entry
from tests.handback import deleted
from tests.manifests.conftest import Object
from tests.stage import AGENT, DEPLOYMENTS, NAMESPACE, Stage, staged

ACCOUNT = {"kind": "ServiceAccount", "name": "sluice", "namespace": "sluice-system"}
LEASES = "coordination.k8s.io"


class Right(NamedTuple):
    """``where`` is the namespace that it is limited to, ``name`` the object; "" for all."""

    group: str
    resource: str
    verb: str
    where: str = ""
    name: str = ""


CONFLICT = "what was in the way of a write is read again, and who changed what we wrote"
ISTIO = "networking.istio.io"
IDLE = {
    Right("sluice.dev", "releases", "get"): CONFLICT,
    Right("sluice.dev", "releaserecords", "delete"): "the 21st release of a Release takes the record of its first away",
    Right("apps", "deployments", "get"): CONFLICT,
    Right("apps", "replicasets", "get"): CONFLICT,
    Right(ISTIO, "virtualservices", "get"): CONFLICT,
    Right(ISTIO, "destinationrules", "get"): CONFLICT,
    Right("", "persistentvolumeclaims", "get"): "only a template with a claim is asked about",
    Right("apps", "statefulsets", "get"): "only a Release that names no Deployment is looked into",
    Right("apps", "daemonsets", "get"): "only a Release that names no Deployment is looked into",
}
"""Rights that the story below does not use, and what does. A right that is in neither is one too many."""


def rights(objects: list[Object]) -> Iterator[Right]:
    """Every right of the controller's account, one by one."""
    roles = {(one["kind"], one["metadata"]["name"]): one for one in objects if one["kind"].endswith("Role")}
    for binding in objects:
        if not binding["kind"].endswith("RoleBinding") or ACCOUNT not in binding["subjects"]:
            continue
        where = binding["metadata"].get("namespace", "")
        for rule in roles[binding["roleRef"]["kind"], binding["roleRef"]["name"]]["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        for name in rule.get("resourceNames", [""]):
                            yield Right(group, resource, verb, where, name)


def allows(right: Right, entry: Entry) -> bool:
    """As RBAC decides; a creation carries no name in its path, so a right to one name never allows it."""
    resource = f"{entry.resource}/{entry.subresource}" if entry.subresource else entry.resource
    name = "" if entry.verb == "create" else entry.name
    return (
        (right.group, right.resource, right.verb) == (entry.group, resource, entry.verb)
        and right.where in ("", entry.namespace)
        and right.name in ("", name)
    )


async def configured(stage: Stage) -> None:
    """The Deployment reads a ConfigMap and a Secret that belong to its revisions."""
    core = f"/api/v1/namespaces/{NAMESPACE}"
    await stage.client.create(f"{core}/configmaps", {"metadata": {"name": "colours"}, "data": {"sky": "blue"}})
    belongs = {"name": "keys", "annotations": {"sluice.dev/revision": "true"}}
    await stage.client.create(f"{core}/secrets", {"metadata": belongs, "stringData": {"key": "k"}})
    sources = [{"configMapRef": {"name": "colours"}}, {"secretRef": {"name": "keys"}}]
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/envFrom", "value": sources}]
    await stage.client.patch(f"{DEPLOYMENTS}/podinfo", patch, "application/json-patch+json")


async def unlabelled(stage: Stage, plural: str, original: str) -> None:
    """Somebody takes a copy's owner away, which the controller sees and gives back."""
    (copy,) = (one for one in stage.objects(plural) if one["metadata"]["name"].startswith(f"{original}-"))
    path = f"/api/v1/namespaces/{NAMESPACE}/{plural}/{copy['metadata']['name']}"
    await stage.client.patch(path, {"metadata": {"ownerReferences": None}})
    await stage.until(lambda: "ownerReferences" in stage.get(plural, copy["metadata"]["name"])["metadata"])


async def story(stage: Stage) -> None:
    """Adopted, promoted, rolled back, held up by pods that do not come, aborted, deleted, stopped."""
    await stage.client.create("/api/v1/namespaces", {"metadata": {"name": "sluice-system"}})
    await configured(stage)
    await stage.start("--leader-election=on", "--lease-namespace=sluice-system")
    await stage.idle()
    await stage.promote("x:2")
    await unlabelled(stage, "configmaps", "colours")
    await unlabelled(stage, "secrets", "keys")
    await stage.fail("x:bad")
    stage.pods = False
    await stage.push("x:3")
    await stage.until(lambda: stage.api.audit.count(agent=AGENT, resource="pods"))
    await stage.say("abort")
    await stage.until(lambda: stage.phase() == "Failed" and "sluice.dev/command" not in stage.annotations())
    stage.pods = True
    await stage.push("x:2")
    await stage.until(lambda: stage.phase() == "Idle")
    await deleted(stage)
    await stage.finish()


@pytest.fixture
async def asked() -> list[Entry]:
    """Every request for a resource that the controller made in the story."""
    async with staged(start=False) as stage:
        await story(stage)
        return [one for one in stage.api.audit.entries(agent=AGENT) if one.resource]


async def test_no_right_is_missing_and_none_is_idle_without_a_reason(
    installation: list[Object], asked: list[Entry]
) -> None:
    granted = list(rights(installation))
    missing = {
        (one.verb, one.group, one.resource, one.subresource)
        for one in asked
        if not any(allows(right, one) for right in granted)
    }
    assert not missing
    idle = {right for right in granted if not any(allows(right, one) for one in asked)}
    assert idle == IDLE.keys()


async def test_without_secrets_it_works_and_has_no_right_to_any(
    with_component: Callable[[str], list[Object]],
) -> None:
    objects = with_component("without-secrets")
    granted = list(rights(objects))
    assert not any(right.resource == "secrets" for right in granted)
    (deployment,) = (one for one in objects if one["kind"] == "Deployment")
    assert "--secrets=off" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    async with staged(start=False) as stage:
        await configured(stage)
        await stage.start("--secrets=off")
        await stage.idle()
        await stage.promote("x:2")
        asked = [one for one in stage.api.audit.entries(agent=AGENT) if one.resource]
    assert [one for one in asked if not any(allows(right, one) for right in granted)] == []


@pytest.mark.parametrize("verb", ["get", "create", "update"])
def test_leases_of_other_namespaces_are_out_of_reach(installation: list[Object], verb: str) -> None:
    ours = Entry(0.0, AGENT, "", verb, LEASES, "leases", namespace="sluice-system", name="sluice")
    theirs = Entry(0.0, AGENT, "", verb, LEASES, "leases", namespace="kube-system", name="sluice")
    granted = list(rights(installation))
    assert any(allows(right, ours) for right in granted)
    assert not any(allows(right, theirs) for right in granted)
