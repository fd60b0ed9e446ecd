"""A stage for whole stories: the sandbox, its users, and the controller as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from controller.crd import definitions
from controller.sandbox import process
from controller.sandbox.load import Account
from controller.sandbox.run import Options, Sandbox

RELEASES = "/apis/sluice.dev/v1alpha1/namespaces/shop/releases"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"


@dataclass
class Stage:
    """``sandbox`` and the controller's process; ``told`` is every (phase, step, message) that a story saw."""

    sandbox: Sandbox
    start: Callable[[], Awaitable[process.Child]]
    controller: process.Child
    told: list[tuple[str, str, str]] = field(default_factory=list)

    async def controller_again(self) -> None:
        """A new controller after the last one's end."""
        self.controller = await self.start()

    async def create(self, body: dict[str, Any]) -> None:
        await self.sandbox.client.create(RELEASES, body)

    async def push(self, tag: str) -> None:
        """What `kubectl set image` does."""
        image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": f"podinfo:{tag}"}]
        await self.sandbox.client.patch(f"{DEPLOYMENTS}/podinfo", image, "application/json-patch+json")

    async def say(self, command: str, by: str = "eve") -> None:
        marks = {"sluice.dev/command": command, "sluice.dev/by": by}
        await self.sandbox.client.patch(f"{RELEASES}/podinfo", {"metadata": {"annotations": marks}})

    async def status(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.sandbox.client.get(f"{RELEASES}/podinfo")).get("status") or {}
        line = (found.get("phase", ""), (found.get("step") or {}).get("label", ""), found.get("message", ""))
        if not self.told or self.told[-1] != line:
            self.told.append(line)
        return found

    async def until(self, true: Callable[[dict[str, Any]], Any], seconds: float) -> dict[str, Any]:
        """The first status for which ``true`` holds; AssertionError with the whole story after ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self.sandbox.check()
                    self.controller.check()
                    status = await self.status()
                    if true(status):
                        return status
                    await asyncio.sleep(0.1)
        except TimeoutError:
            story = "\n".join(" | ".join(line) for line in self.told)
            raise AssertionError(
                f"it did not come true in {seconds:g} s:\n{story}\n{self.controller.last_words(40)}"
            ) from None

    async def promoted(self, tag: str, seconds: float = 90) -> dict[str, Any]:
        return await self.until(lambda s: s.get("phase") == "Idle" and images(s) == [f"podinfo:{tag}"], seconds)

    async def failed(self, seconds: float = 90) -> dict[str, Any]:
        return await self.until(lambda s: s.get("phase") == "Failed", seconds)

    async def drained(self, seconds: float = 30) -> None:
        """Until only one revision is left, and no ReplicaSet of the Deployment's own."""
        await self.until(lambda s: len(s.get("revisions") or []) == 1 and not s.get("retiring"), seconds)
        async with asyncio.timeout(seconds):
            while any(owner["name"] == "podinfo" for owner in await self._owners_of_replica_sets()):
                await asyncio.sleep(0.1)

    async def _owners_of_replica_sets(self) -> list[dict[str, Any]]:
        found, _ = await self.sandbox.client.list("/apis/apps/v1/namespaces/shop/replicasets")
        return [owner for one in found for owner in one["metadata"].get("ownerReferences") or []]

    async def drained_of(self, tag: str, seconds: float = 30) -> None:
        """Until no pod of this version is left."""
        async with asyncio.timeout(seconds):
            while any(f"podinfo:{tag}" == image for image in await self._images()):
                await asyncio.sleep(0.1)

    async def _images(self) -> list[str]:
        found, _ = await self.sandbox.client.list("/api/v1/namespaces/shop/pods")
        return [container["image"] for pod in found for container in pod["spec"]["containers"]]

    async def account(self) -> Account:
        """The users' account once every request is answered; they go on afterwards."""
        await self.sandbox.load.drain()
        account = await self.sandbox.load.account()
        await self.sandbox.load.resume()
        return account

    async def pods(self) -> dict[str, int]:
        """Restarts by name of every pod of the application."""
        found, _ = await self.sandbox.client.list("/api/v1/namespaces/shop/pods")
        return {
            pod["metadata"]["name"]: sum(c.get("restartCount", 0) for c in pod["status"].get("containerStatuses", []))
            for pod in found
            if not pod["metadata"].get("deletionTimestamp")
        }


def images(status: dict[str, Any]) -> list[str]:
    """The images of the stable revision."""
    return list((status.get("stable") or {}).get("images") or [])


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not installed: apt-get install -y prometheus")
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(Options(crds=definitions)))
        await sandbox.answering()
        assert sandbox.prometheus is not None
        argv = [sys.executable, "-m", "controller", "run", "--kubeconfig", str(sandbox.kubeconfig)]
        argv += ["--prometheus-url", sandbox.prometheus.url, "--scrape-interval", "1s", "--leader-election", "off"]
        argv += ["--listen", "127.0.0.1:0", "--log-format", "console"]

        async def start() -> process.Child:
            controller = await process.start("controller", argv, tmp_path / "controller.log")
            stack.push_async_callback(controller.stop)
            return controller

        controller = await start()
        await sandbox.load.set_group(sandbox.users("users", 0.0))
        yield Stage(sandbox, start, controller)
