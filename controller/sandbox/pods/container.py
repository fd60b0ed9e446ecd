"""One container's life: configuration, image, running, ready, ended, back-off, and again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from controller.sandbox.client import Object
from controller.sandbox.pods.app import App, pause
from controller.sandbox.pods.behaviour import Behaviour, from_environment, from_tag, split_image
from controller.sandbox.pods.configuration import Configuration, shown
from controller.sandbox.pods.ports import Port
from controller.sandbox.workloads.objects import stamp

KILLED = 137
TERMINATED = 143
_PULL_AGAIN = 0.2  # from ErrImagePull to ImagePullBackOff
_LONGEST_BACKOFF = 300.0
_JOB_TIME = 0.2  # how long a container runs that is meant to end and says no time


class Surroundings(Protocol):
    """What a container needs of its pod."""

    def now(self) -> datetime: ...
    def new_id(self) -> str: ...
    def configuration(self, spec: Object) -> Configuration: ...
    def files(self, spec: Object) -> dict[str, str]: ...
    def switched(self, spec: Object, base: Behaviour) -> Behaviour: ...
    def changed(self) -> None: ...
    def tell(self, normal: bool, reason: str, message: str) -> None: ...

    @property
    def restart_policy(self) -> str: ...
    @property
    def backoff(self) -> float: ...
    @property
    def notice_after(self) -> float: ...


@dataclass
class View:
    """What a status says of a container. ``state`` and ``last_state`` are as in the API."""

    state: Object = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: Object = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    id: str = ""

    @property
    def running(self) -> bool:
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """The status it ended with; None while it has not ended."""
        ended = self.state.get("terminated")
        return None if ended is None else int(ended["exitCode"])


class Container:
    """One container of a pod; ``init``: one of the init containers.

    ``run`` returns when it has ended for good. ``view`` is what the pod's status shows. ``ports`` are the loopback
    ports that its app serves, each with whether it is plain TCP.
    """

    def __init__(
        self,
        spec: Object,
        pod: Surroundings,
        app: App,
        ports: list[tuple[Port, bool]],
        view: View,
        *,
        init: bool = False,
    ) -> None:
        self.spec = spec
        self.view = view
        self.app = app
        self.init = init
        self._pod = pod
        self._ports = ports
        self._base = Behaviour()
        self._behaviour = Behaviour()
        self._wake = asyncio.Event()
        self._dead = False
        self._stopping = False

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def version(self) -> str:
        return split_image(self.spec["image"])[1]

    @property
    def behaviour(self) -> Behaviour:
        return self._behaviour

    def look_again(self) -> None:
        """Something it may wait for changed: a ConfigMap, the switch, its image."""
        self._wake.set()

    async def die(self) -> None:
        """End without anyone being told: the pod says Ready until its kubelet notices."""
        if self.view.running:
            self._dead = True
            await self.app.kill()
            self._wake.set()

    async def run(self) -> None:
        crashes = 0
        while not self._stopping:
            await self._prepare()
            code = await self._serve()
            policy = self._policy()
            if self._stopping or policy == "Never" or (policy == "OnFailure" and code == 0):
                return
            crashes += 1
            await self._wait_for_restart(crashes)

    def _policy(self) -> str:
        if self.init:
            other = "Never" if self._pod.restart_policy == "Never" else "OnFailure"
            return "Always" if self.spec.get("restartPolicy") == "Always" else other
        return self._pod.restart_policy

    async def _prepare(self) -> None:
        """Wait until the image and the configuration are there."""
        while True:
            self._wake.clear()
            image = self.spec["image"]
            if self._pod.switched(self.spec, from_tag(self.version)).missing:
                await self._pull_fails(image)
                continue
            found = self._pod.configuration(self.spec)
            if not found.problem:
                break
            self._wait("CreateContainerConfigError", found.problem)
            self._pod.tell(False, "Failed", f"Error: {found.problem}")
            await self._wake.wait()
        self._read(found)

    def _read(self, found: Configuration) -> None:
        """What the container is started with."""
        self._base, problems = from_environment(from_tag(self.version), found.environment)
        for problem in problems:
            self._pod.tell(False, "Ignored", f"container {self.name}: {problem}")
        if self._base.exit_after is None and self._policy() != "Always":
            self._base = replace(self._base, exit_after=0.0 if self.init else _JOB_TIME)
        self.app.version = self.version
        self.app.config = lambda: shown(found, self._pod.files(self.spec))

    async def _pull_fails(self, image: str) -> None:
        text = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": not found'
        self._wait("ErrImagePull", text)
        self._pod.tell(False, "Failed", f'Failed to pull image "{image}": {text}')
        try:
            await asyncio.wait_for(self._wake.wait(), _PULL_AGAIN)
        except TimeoutError:
            self._wait("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {text}')
            self._pod.tell(False, "BackOff", f'Back-off pulling image "{image}"')
            await self._wake.wait()

    def _wait(self, reason: str, message: str) -> None:
        state = {"waiting": {"reason": reason, "message": message}}
        if self.view.state != state:
            self.view.state = state
            self.view.ready = False
            self._pod.changed()

    async def _serve(self) -> int:
        """From start to end; the exit status."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        started = stamp(self._pod.now())
        image = self.spec["image"]
        self._dead = False
        self._behaviour = self._pod.switched(self.spec, self._base)
        self.app.behaviour = self._behaviour
        await self.app.start(self._ports)
        self.view.id = self._pod.new_id()
        self.view.state = {"running": {"startedAt": started}}
        self.view.ready = self._is_ready(loop.time() - began)
        self._pod.changed()
        self._pod.tell(True, "Started", f"Container started: {self.name}")
        while True:
            passed = loop.time() - began
            if self._dead:
                await asyncio.sleep(self._notice_after())
                return self._ended(KILLED, "Error", started)
            if self.spec["image"] != image:
                await self.app.kill()
                return self._ended(TERMINATED, "Error", started)
            if self._behaviour.exit_after is not None and passed >= self._behaviour.exit_after:
                await self.app.kill()
                code = self._behaviour.exit_code
                return self._ended(code, "Error" if code else "Completed", started)
            self._set_ready(self._is_ready(passed))
            await self._next_change(passed)

    async def _next_change(self, passed: float) -> None:
        """Wait until something can be different: a time has come, or somebody says so."""
        times = [self._behaviour.exit_after, None if self.view.ready else self._ready_after()]
        ahead = [moment - passed for moment in times if moment is not None and moment > passed]
        try:
            await asyncio.wait_for(self._wake.wait(), min(ahead, default=None))
        except TimeoutError:
            return
        self._wake.clear()
        if not self._dead and not self._stopping:
            self._behaviour = self._pod.switched(self.spec, self._base)
            if self._behaviour != self.app.behaviour:
                await self.app.follow(self._behaviour)

    def _ready_after(self) -> float:
        probe = self.spec.get("readinessProbe") or {}
        return max(self._behaviour.ready_after, float(probe.get("initialDelaySeconds") or 0))

    def _notice_after(self) -> float:
        probe = self.spec.get("readinessProbe")
        return self._pod.notice_after if probe is None else float(probe.get("periodSeconds") or 10)

    def _is_ready(self, passed: float) -> bool:
        return not self._behaviour.unready and passed >= self._ready_after()

    def _set_ready(self, ready: bool) -> None:
        if ready != self.view.ready:
            self.view.ready = ready
            if not ready:
                self._pod.tell(False, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
            self._pod.changed()

    def _ended(self, code: int, reason: str, started: str, *, told: bool = True) -> int:
        """``told``: the pod's status shows it; a pod that goes away says at most how it ended as a whole."""
        ended = {
            "exitCode": code,
            "reason": reason,
            "startedAt": started,
            "finishedAt": stamp(self._pod.now()),
            "containerID": self.view.id,
        }
        self.view.state = {"terminated": ended}
        self.view.ready = False
        if told:
            self._pod.changed()
        return code

    async def _wait_for_restart(self, crashes: int) -> None:
        self.view.last_state = self.view.state
        delay = 0.0 if crashes == 1 else min(self._pod.backoff * 2.0 ** (crashes - 2), _LONGEST_BACKOFF)
        if delay:
            text = f"back-off {delay:g}s restarting failed container={self.name}"
            self._wait("CrashLoopBackOff", text)
            self._pod.tell(False, "BackOff", f"Back-off restarting failed container {self.name}")
            await asyncio.sleep(delay)
        self.view.restarts += 1

    async def stop(self, grace: Callable[[], float]) -> None:
        """SIGTERM: the hook before it, the app's drain, and an end within ``grace()`` seconds, which may shrink.

        An app that serves ends with 0; one that was to end by itself had no result yet and ends with 143.
        """
        self._stopping = True
        if not self.view.running:
            return
        started = self.view.state["running"]["startedAt"]
        if self._dead:
            self._ended(KILLED, "Error", started, told=False)
            return
        await pause(_pre_stop(self.spec), grace)
        whole = await self.app.drain(self._behaviour.drain, grace)
        if self.view.running:
            code = KILLED if not whole else 0 if self._behaviour.exit_after is None else TERMINATED
            self._ended(code, "Error" if code else "Completed", started, told=False)


def _pre_stop(spec: Object) -> float:
    """Seconds that the preStop hook sleeps; other hooks are not played."""
    hook = (spec.get("lifecycle") or {}).get("preStop") or {}
    if "sleep" in hook:
        return float(hook["sleep"].get("seconds") or 0)
    command = " ".join((hook.get("exec") or {}).get("command") or [])
    found = re.search(r"\bsleep (\d+(?:\.\d+)?)s?\b", command)
    return float(found[1]) if found else 0.0
