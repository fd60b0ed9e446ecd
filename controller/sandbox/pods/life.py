"""One pod's life on the node, from its binding to the removal of its object."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from controller.sandbox.client import JSON_PATCH, ApiError, Object
from controller.sandbox.pods.app import App
from controller.sandbox.pods.behaviour import Behaviour
from controller.sandbox.pods.configuration import Configuration, environment, files, missing_volume
from controller.sandbox.pods.container import KILLED, Container, View
from controller.sandbox.pods.ports import Port
from controller.sandbox.pods.status import initialized, pod_status
from controller.sandbox.workloads.kinds import POD
from controller.sandbox.workloads.objects import (
    annotations_of,
    deleting,
    moment,
    name,
    namespace,
    pod_has_ended,
    stamp,
    uid,
)

if TYPE_CHECKING:
    from controller.sandbox.pods.kubelet import Kubelet

PORTS = "sandbox.sluice.dev/ports"
_AGAIN = 0.5
_log = logging.getLogger(__name__)


class Life:
    """Runs one pod and reports it. ``pod`` is the object as last seen; ``update`` brings a newer one."""

    def __init__(self, kubelet: Kubelet, pod: Object, ports: dict[int, Port]) -> None:
        self.pod = pod
        self.ports = ports
        self._kubelet = kubelet
        self.ip = (pod.get("status") or {}).get("podIP") or kubelet.new_ip()
        self._started = (pod.get("status") or {}).get("startTime") or stamp(kubelet.now())
        self._inits = self._containers("initContainers", "initContainerStatuses")
        self._mains = self._containers("containers", "containerStatuses")
        self._changed = asyncio.Event()
        self._again = asyncio.Event()  # what a pod that cannot start waits for may be there
        self._going = asyncio.Event()
        self._gone = False
        self._task: asyncio.Task[None] | None = None

    # --- what the kubelet calls ---

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"pod-{namespace(self.pod)}-{name(self.pod)}")

    def update(self, pod: Object) -> None:
        """A newer object: an image may have changed, and deletion may have begun."""
        self.pod = pod
        for container, spec in zip(self._mains, pod["spec"]["containers"], strict=False):
            if container.spec["image"] != spec["image"]:
                container.spec = spec
                container.look_again()
        if deleting(pod):
            self._going.set()
        elif pod["spec"].get("readinessGates"):
            self.changed()

    def look_again(self) -> None:
        self._again.set()
        for container in self.containers:
            container.look_again()

    async def end(self) -> None:
        """Its object is gone, or this program ends: nothing is served from now on, nothing more is reported."""
        self._gone = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for container in self.containers:
            await container.app.kill()
        for port in self.ports.values():
            port.release()

    @property
    def containers(self) -> list[Container]:
        return [*self._inits, *self._mains]

    # --- what its containers call ---

    def now(self) -> datetime:
        return self._kubelet.now()

    def new_id(self) -> str:
        return self._kubelet.new_id()

    def configuration(self, spec: Object) -> Configuration:
        return environment(self.pod, spec, self._kubelet.config_map, self._kubelet.secret, self.ip)

    def files(self, spec: Object) -> dict[str, str]:
        return files(self.pod, spec, self._kubelet.config_map)

    def switched(self, spec: Object, base: Behaviour) -> Behaviour:
        return self._kubelet.switchboard.apply(self.pod, spec["image"], base)

    def changed(self) -> None:
        self._changed.set()

    def tell(self, normal: bool, reason: str, message: str) -> None:
        recorder = self._kubelet.cluster.recorder
        (recorder.normal if normal else recorder.warning)(self.pod, reason, message)

    @property
    def restart_policy(self) -> str:
        return str(self.pod["spec"].get("restartPolicy", "Always"))

    @property
    def backoff(self) -> float:
        return self._kubelet.backoff

    @property
    def notice_after(self) -> float:
        return self._kubelet.notice_after

    # --- its course ---

    def _containers(self, field: str, status_field: str) -> list[Container]:
        known = {entry["name"]: entry for entry in (self.pod.get("status") or {}).get(status_field) or []}
        result = []
        for spec in self.pod["spec"].get(field) or []:
            counter = self._kubelet.switchboard.counter(self.pod, spec["name"])
            app = App(namespace(self.pod), name(self.pod), counter)
            served = [
                (self.ports[port["containerPort"]], (port.get("name") or "").startswith("tcp-"))
                for port in spec.get("ports") or []
                if port["containerPort"] in self.ports
            ]
            view = self._view(known.get(spec["name"]))
            result.append(Container(spec, self, app, served, view, init=field == "initContainers"))
        return result

    def _view(self, known: Object | None) -> View:
        """What is known from before: a container that ran in an earlier node process has been killed with it."""
        if not known:
            return View()
        state = known.get("state") or {}
        view = View(last_state=known.get("lastState") or {}, restarts=known.get("restartCount", 0))
        if "running" in state:
            ended = {
                "exitCode": KILLED,
                "reason": "Error",
                "startedAt": state["running"].get("startedAt"),
                "finishedAt": stamp(self.now()),
                "containerID": known.get("containerID", ""),
            }
            if self.restart_policy == "Never":
                view.state, view.id = {"terminated": ended}, known.get("containerID", "")
            else:
                view.last_state = {"terminated": ended}
                view.restarts += 1
        elif "terminated" in state and self.restart_policy != "Always":
            view.state, view.id = state, known.get("containerID", "")
        return view

    async def _run(self) -> None:
        publisher = asyncio.create_task(self._logged(self._publish_for_ever()))
        course = asyncio.create_task(self._logged(self._course()))
        try:
            if deleting(self.pod):
                self._going.set()
            await self._going.wait()
            await self._stop(course)
            publisher.cancel()
            await self._logged(self._remove())
        finally:
            publisher.cancel()
            course.cancel()
            await asyncio.gather(publisher, course, return_exceptions=True)

    async def _logged(self, work: Coroutine[Any, Any, None]) -> None:
        """A bug is told at once, and the pod can still be deleted."""
        try:
            await work
        except Exception:
            _log.exception("pod %s/%s", namespace(self.pod), name(self.pod))

    async def _course(self) -> None:
        """Volumes, init containers one after the other, then all others until they have ended for good."""
        await self._show_ports()
        self.changed()  # the end of what an earlier process ran is news
        while problem := missing_volume(self.pod, self._kubelet.config_map, self._kubelet.secret):
            self._again.clear()
            self.tell(False, "FailedMount", problem)
            self.changed()
            await self._again.wait()
        async with asyncio.TaskGroup() as group:
            for container in self._inits:
                if container.spec.get("restartPolicy") == "Always":
                    group.create_task(container.run())
                elif container.view.exit_code is None:
                    await container.run()
            if self.restart_policy == "Never" and not initialized(self._inits):
                return
            for container in self._mains:
                if container.view.exit_code is None:
                    group.create_task(container.run())

    async def _show_ports(self) -> None:
        """The loopback ports into the annotation, where they are not what the binding wrote."""
        wanted = json.dumps({str(number): port.number for number, port in self.ports.items()})
        if self.ports and annotations_of(self.pod).get(PORTS) != wanted:
            await self._insist({"metadata": {"annotations": {PORTS: wanted}}})

    async def _insist(self, patch: Object) -> None:
        while not self._gone:
            try:
                await self._kubelet.cluster.patch(POD, self.pod, patch)
                return
            except ApiError as error:
                if error.code == 404:
                    return
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(_AGAIN)

    async def _stop(self, course: asyncio.Task[None]) -> None:
        if not pod_has_ended(self.pod):
            self.tell(True, "Killing", f"Stopping container {', '.join(one.name for one in self._mains)}")
            async with asyncio.TaskGroup() as group:
                for container in self.containers:
                    group.create_task(container.stop(self._grace_left))
        course.cancel()

    def _grace_left(self) -> float:
        """Seconds until the containers are killed; a second deletion may have shortened it."""
        return max(0.0, (moment(self.pod["metadata"]["deletionTimestamp"]) - self.now()).total_seconds())

    async def _remove(self) -> None:
        """Report the end where somebody waits for it, then let the API remove the object."""
        while not self._gone:
            try:
                if self.pod["metadata"].get("finalizers"):
                    await self._publish(over=True)
                await self._kubelet.cluster.delete(POD, self.pod, propagation=None, grace=0)
                return
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                if isinstance(error, ApiError) and error.code == 404:
                    return
                _log.info("pod %s/%s: %s", namespace(self.pod), name(self.pod), error)
            await asyncio.sleep(_AGAIN)

    # --- reporting ---

    async def _publish_for_ever(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._publish()
            except ApiError as error:
                if error.code == 404:
                    return
                _log.info("pod %s/%s: %s", namespace(self.pod), name(self.pod), error)
                self._changed.set()
                await asyncio.sleep(_AGAIN)
            except (aiohttp.ClientError, TimeoutError, OSError):
                self._changed.set()
                await asyncio.sleep(_AGAIN)

    async def _publish(self, *, over: bool = False) -> None:
        status = pod_status(self.pod, self.ip, self._started, self._inits, self._mains, self.now(), over=over)
        if status == self.pod.get("status"):
            return
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": uid(self.pod)},
            {"op": "add", "path": "/status", "value": status},
        ]
        # The mirror learns the answer and calls update(), unless it knows something newer by now.
        await self._kubelet.cluster.patch(POD, self.pod, patch, JSON_PATCH, subresource="status")
