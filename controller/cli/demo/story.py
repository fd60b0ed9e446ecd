"""What happens in the demo, and what it is judged by: the users' own account, not the controller's word."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controller.cli.demo.view import Scene, View
from controller.crd import definitions
from controller.errors import SandboxError
from controller.sandbox import process, sample
from controller.sandbox.load import Account
from controller.sandbox.run import Options, Sandbox

_RELEASES = f"/apis/sluice.dev/v1alpha1/namespaces/{sample.NAMESPACE}/releases"
_RELEASE = f"{_RELEASES}/{sample.NAME}"
_DEPLOYMENT = f"/apis/apps/v1/namespaces/{sample.NAMESPACE}/deployments/{sample.NAME}"
_EVENTS = f"/apis/events.k8s.io/v1/namespaces/{sample.NAMESPACE}/events"
_LIMIT = 100.0
"""Seconds that one release may take."""
_LOOK = 0.25

STEPS = ("20%", "50%")

Status = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """One release as its users met it. Seconds from the new image to the end; see the README for the rest."""

    name: str
    wanted: str
    outcome: str
    seconds: float
    requests: int
    failed_requests: int
    bad_requests_served: int
    detect_seconds: float | None

    @property
    def right(self) -> bool:
        detected = self.detect_seconds is None or self.detect_seconds <= 30
        return self.outcome == self.wanted and self.failed_requests == 0 and detected

    def sentence(self) -> str:
        text = (
            f"{self.name} was {self.outcome.replace('-', ' ')} after {self.seconds:.0f} s; "
            f"of {self.requests:,} requests {self.failed_requests} failed because traffic moved"
        )
        if self.detect_seconds is not None:
            text += f"; {self.bad_requests_served} were answered badly, for {self.detect_seconds:.0f} s"
        return text

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "outcome": self.outcome,
            "seconds": round(self.seconds, 1),
            "requests": self.requests,
            "failedRequests": self.failed_requests,
            "badRequestsServed": self.bad_requests_served,
            "detectSeconds": None if self.detect_seconds is None else round(self.detect_seconds, 1),
        }


class Story:
    """Adoption, v2 to promotion, v3 to rollback. ``rate`` in requests per second."""

    def __init__(self, view: View, rate: float) -> None:
        self._view = view
        self._rate = rate
        self._told: set[str] = set()
        self._sandbox: Sandbox
        self._controller: process.Child

    async def run(self) -> list[Result]:
        """Tell it, and give the results. Raises SandboxError when something does not start or does not come true."""
        self._view.say("starting the sandbox: Kubernetes API, workloads, Envoy, Prometheus ...")
        async with contextlib.AsyncExitStack() as stack:
            self._sandbox = await stack.enter_async_context(Sandbox(Options(crds=definitions)))
            await self._sandbox.answering()
            self._controller = await self._start_controller()
            stack.push_async_callback(self._controller.stop)
            await self._sandbox.load.set_group(self._sandbox.users("users", self._rate))
            self._view.say(f"{sample.NAME}:v1 serves {self._rate:g} requests/s; now a Release is created for it")
            await self._sandbox.client.create(_RELEASES, release())
            await self._until("adopted", lambda s: s.get("phase") == "Idle" and "stable" in s)
            good = await self._release("v2", "promoted", "a good version")
            bad = await self._release("v3", "rolled-back", "a version that turns bad at its second weight")
            return [good, bad]

    async def _start_controller(self) -> process.Child:
        sandbox = self._sandbox
        assert sandbox.prometheus is not None
        self._view.say("waiting for Prometheus' first scrape")
        await sandbox.prometheus.scraped()
        argv = [sys.executable, "-m", "controller", "run", "--kubeconfig", str(sandbox.kubeconfig)]
        argv += ["--prometheus-url", sandbox.prometheus.url, "--scrape-interval", "1s", "--leader-election", "off"]
        argv += ["--listen", "127.0.0.1:0", "--log-format", "console"]
        return await process.start("controller", argv, sandbox.directory / "controller.log")

    async def _release(self, tag: str, wanted: str, what: str) -> Result:
        load = self._sandbox.load
        mark = await load.mark()
        begin = time.monotonic()
        number = int((await self._status()).get("release", 0))
        self._view.say(f"kubectl set image deployment/{sample.NAME} {sample.NAME}={sample.NAME}:{tag}   ({what})")
        image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": f"{sample.NAME}:{tag}"}]
        await self._sandbox.client.patch(_DEPLOYMENT, image, "application/json-patch+json")
        if wanted == "rolled-back":
            await self._until("its second weight", lambda s: _second(s) or s.get("phase") == "Failed")
            self._view.say(f"the switch: from now on every 20th answer of {tag} is a 500")
            await self._sandbox.pods.behave(sample.NAMESPACE, tag, errorEvery=20)
        status = await self._until(
            "the end", lambda s: s.get("release", 0) > number and s.get("phase") in ("Idle", "Failed")
        )
        seconds = time.monotonic() - begin
        await self._until("the drain", lambda s: len(s.get("retiring") or []) == 0 or s.get("phase") == "Failed")
        outcome = "promoted" if status["phase"] == "Idle" else "rolled-back"
        await load.drain()
        account = await load.account(mark)
        await load.resume()
        return result_of(account, tag, wanted, outcome, seconds)

    async def _until(self, what: str, true: Callable[[Status], Any]) -> Status:
        try:
            async with asyncio.timeout(_LIMIT):
                while True:
                    self._sandbox.check()
                    self._controller.check()
                    status = await self._status()
                    await self._show(status)
                    if true(status):
                        return status
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            said = self._controller.last_words()
            raise SandboxError(
                f"the demo waited {_LIMIT:g} s for {what} in vain; the controller says:\n{said}"
            ) from None

    async def _status(self) -> Status:
        found: Status = (await self._sandbox.client.get(_RELEASE)).get("status") or {}
        return found

    async def _show(self, status: Status) -> None:
        events, _ = await self._sandbox.client.list(_EVENTS)
        for event in sorted(events, key=lambda one: str(one.get("eventTime") or one.get("deprecatedFirstTimestamp"))):
            if event.get("regarding", {}).get("kind") == "Release" and event["metadata"]["uid"] not in self._told:
                self._told.add(event["metadata"]["uid"])
                self._view.say(f"{event['reason']}: {event.get('note', '')}")
        account = await self._sandbox.load.account()
        self._view.show(Scene(status, account.count(), account.count(version=""), account.versions()))


def release() -> dict[str, Any]:
    """The demo's Release: two steps, compared with stable, with times that suit an impatient reader."""
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Release",
        "metadata": {"name": sample.NAME, "namespace": sample.NAMESPACE},
        "spec": {
            # In earnest longer: here the machine's cores are for the next version.
            "workload": {"deployment": sample.NAME, "keepPrevious": "5s"},
            "traffic": {
                "service": sample.NAME,
                "propagation": "500ms",
                "drain": "3s",
                "istio": {"virtualService": sample.NAME, "destinationRule": sample.NAME},
            },
            "strategy": {"canary": {"steps": [{"weight": weight, "for": "10s"} for weight in STEPS]}},
            "gates": {
                "interval": "5s",
                "minimumStep": "10s",
                "warmUp": "0s",
                "stepDeadline": "5m",
                # A step may cost more requests than in earnest: so it needs fewer of them to be judged.
                "compare": {"budget": "2%"},
                "limits": [{"name": "success-rate", "successRate": {"min": "99%"}, "minRequests": 50}],
            },
        },
    }


def _second(status: Status) -> bool:
    step = status.get("step") or {}
    return bool(step.get("index") == 1 and step.get("inEffectSince"))


def result_of(account: Account, tag: str, wanted: str, outcome: str, seconds: float) -> Result:
    """What a release came to, by the account of its users since the new image was given."""
    ours = list(account.select(version=tag))
    bad = [tally for tally in ours if tally.code != 200]
    detect = max(tally.last for tally in ours) - min(tally.first for tally in bad) if bad else None
    return Result(
        name=tag,
        wanted=wanted,
        outcome=outcome,
        seconds=seconds,
        requests=account.count(),
        failed_requests=account.count(version=""),
        bad_requests_served=sum(tally.count for tally in bad),
        detect_seconds=detect,
    )
