"""Nodes that come and go: the API keeps all there is to know."""

from __future__ import annotations

from datetime import datetime

import aiohttp
import pytest

from controller.sandbox.client import Client, Connection
from controller.sandbox.pods.node import running_node
from controller.sandbox.workloads.kinds import POD
from tests.sandbox.lab import Lab, container, is_ready
from tests.sandbox.pods.conftest import url_of


async def test_another_node_process_takes_the_pods_over(connection: Connection, client: Client, namespace: str) -> None:
    lab = Lab(client, namespace)
    async with running_node(connection):
        await lab.pod("one")
        before = await lab.until_one(POD, "one", is_ready)
    with pytest.raises(aiohttp.ClientConnectionError):
        async with aiohttp.ClientSession() as http, http.get(url_of(before)):
            pass
    assert is_ready(await lab.get(POD, "one"))  # nobody has told the API
    async with running_node(connection), aiohttp.ClientSession() as http:
        after = await lab.until_one(POD, "one", lambda item: is_ready(item) and container(item)["restartCount"] == 1)
        assert after["status"]["podIP"] == before["status"]["podIP"]
        assert container(after)["lastState"]["terminated"]["exitCode"] == 137
        async with http.get(url_of(after)) as answer:
            assert answer.status == 200


async def test_a_pod_deleted_while_no_node_ran_is_removed(
    connection: Connection, client: Client, namespace: str
) -> None:
    lab = Lab(client, namespace)
    async with running_node(connection):
        await lab.pod("one")
        await lab.until_one(POD, "one", is_ready)
    await lab.delete(POD, "one")
    deleted = await lab.get(POD, "one")
    assert datetime.fromisoformat(deleted["metadata"]["deletionTimestamp"])
    async with running_node(connection):
        await lab.until_gone(POD, "one")


async def test_what_is_not_restarted_has_failed_with_its_node(
    connection: Connection, client: Client, namespace: str
) -> None:
    lab = Lab(client, namespace)
    async with running_node(connection):
        await lab.pod("one", "job:v1-exit-0-after-60s", restartPolicy="Never")
        await lab.until_one(POD, "one", lambda item: item["status"].get("phase") == "Running")
    async with running_node(connection):
        failed = await lab.until_one(POD, "one", lambda item: item["status"].get("phase") == "Failed")
    assert container(failed)["state"]["terminated"]["exitCode"] == 137
    assert container(failed)["restartCount"] == 0
