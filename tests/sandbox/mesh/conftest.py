"""A cluster with a real Envoy for the mesh's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.mesh.backends import destination_rule
from tests.sandbox.mesh.cluster import WEB, Cluster
from tests.sandbox.mesh.podinfo import BATCH, GATEWAY, PLAIN, PUBLIC, VERSIONS


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """podinfo with a pod each of v1 and v2 and a subset for each; four sources."""
    async with Cluster(tmp_path, [WEB, BATCH, PLAIN, PUBLIC]) as made:
        await made.deploy("podinfo", {"v1": 1, "v2": 1})
        await made.put(destination_rule("podinfo", VERSIONS), GATEWAY)
        yield made
