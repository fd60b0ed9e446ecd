"""The beginning and the end of a namespace."""

from __future__ import annotations

import pytest

from controller.sandbox.mirror import following
from controller.sandbox.workloads.kinds import CONFIG_MAP, NAMESPACE, POD, SERVICE_ACCOUNT
from tests.sandbox.lab import Lab, condition

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def until_no_namespace(lab: Lab, limit: float = 10.0) -> None:
    async with following(lab.client, NAMESPACE.collection) as mirror:
        await mirror.until(lambda items: all(item["metadata"]["name"] != lab.namespace for item in items), limit)


async def test_every_namespace_has_an_account_and_a_certificate(lab: Lab) -> None:
    await lab.until_one(SERVICE_ACCOUNT, "default", lambda item: True)
    certificate = await lab.until_one(CONFIG_MAP, "kube-root-ca.crt", lambda item: True)
    await lab.delete(CONFIG_MAP, "kube-root-ca.crt")
    await lab.until_one(
        CONFIG_MAP, "kube-root-ca.crt", lambda item: item["metadata"]["uid"] != certificate["metadata"]["uid"]
    )


async def test_deletion_empties_a_namespace_and_ends_it(lab: Lab) -> None:
    await lab.service()
    await lab.deploy(replicas=2)
    await lab.rolled_out()
    await lab.client.delete(NAMESPACE.path("", lab.namespace))
    await until_no_namespace(lab)
    assert await lab.all(POD) == []


async def test_what_holds_a_namespace_is_told(lab: Lab) -> None:
    await lab.create(CONFIG_MAP, {"metadata": {"name": "held", "finalizers": ["example.org/held"]}})
    await lab.client.delete(NAMESPACE.path("", lab.namespace))
    async with following(lab.client, NAMESPACE.collection) as mirror:
        found = await mirror.until(
            lambda items: [
                item
                for item in items
                if item["metadata"]["name"] == lab.namespace
                and condition(item, "NamespaceFinalizersRemaining").get("status") == "True"
                and "configmaps has 1 resource" in condition(item, "NamespaceContentRemaining").get("message", "")
            ]
        )
    assert "example.org/held in 1 resource instances" in condition(found[0], "NamespaceFinalizersRemaining")["message"]
    await lab.patch(CONFIG_MAP, "held", {"metadata": {"finalizers": None}})
    await until_no_namespace(lab)
