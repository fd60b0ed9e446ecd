"""The switch: other behaviour for a running version or pod, over HTTP and without a new image.

``PUT /behaviour/<namespace>/<target>`` with JSON such as ``{"errorEvery": 20, "status": 503}`` sets,
``GET`` reads, ``DELETE`` resets; ``GET /pods`` tells what is served where and how often it was asked.
A target is a pod's name, or a version: an image's tag, or the value of one of the labels in VERSION_LABELS. What is
set for a pod wins over what is set for its version. ``{"die": true}`` happens once, to the pods that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from controller.sandbox.client import Object
from controller.sandbox.pods.app import Counter
from controller.sandbox.pods.behaviour import DIE, Behaviour, check_switch, describe, from_switch, split_image
from controller.sandbox.pods.container import Container
from controller.sandbox.workloads.objects import controller_of, labels_of, name, namespace, uid

VERSION_LABELS = ("version", "service.istio.io/canonical-revision", "pod-template-hash")

Target = tuple[str, str]  # namespace, pod name or version


def versions(pod: Object, image: str) -> list[str]:
    """The names under which a container's version can be switched."""
    return [split_image(image)[1], *filter(None, (labels_of(pod).get(label) for label in VERSION_LABELS))]


@dataclass
class Switchboard:
    """What is set, and the counters that make faults exact."""

    settings: dict[Target, dict[str, Any]] = field(default_factory=dict)
    _counters: dict[tuple[str, ...], Counter] = field(default_factory=dict)

    def counter(self, pod: Object, container: str) -> Counter:
        """The counter of this container's version: one for all pods with the same controlling owner."""
        owner = controller_of(pod)
        key = (namespace(pod), owner["uid"] if owner else uid(pod), container)
        return self._counters.setdefault(key, Counter())

    def apply(self, pod: Object, image: str, base: Behaviour) -> Behaviour:
        """``base`` with what is set for the version, then for the pod."""
        for target in [*versions(pod, image), name(pod)]:
            if body := self.settings.get((namespace(pod), target)):
                base = from_switch(base, body)
        return base


@dataclass(frozen=True)
class Served:
    """One container of one pod on the node."""

    pod: Object
    container: Container

    def answers_to(self, target: Target) -> bool:
        names = [*versions(self.pod, self.container.spec["image"]), name(self.pod)]
        return namespace(self.pod) == target[0] and target[1] in names

    def shown(self) -> dict[str, Any]:
        app = self.container.app
        return {
            "namespace": namespace(self.pod),
            "pod": name(self.pod),
            "container": self.container.name,
            "image": self.container.spec["image"],
            "running": self.container.view.running,
            "requests": app.requests,
            "failures": app.failures,
            "behaviour": describe(self.container.behaviour),
        }


class Switch:
    """The HTTP side of the switchboard. ``changed`` is called after each change."""

    def __init__(self, board: Switchboard, served: Callable[[], list[Served]], changed: Callable[[], None]) -> None:
        self._board = board
        self._served = served
        self._changed = changed

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_put("/behaviour/{namespace}/{target}", self._put)
        app.router.add_get("/behaviour/{namespace}/{target}", self._get)
        app.router.add_delete("/behaviour/{namespace}/{target}", self._delete)
        app.router.add_get("/behaviour", self._all)
        app.router.add_get("/pods", self._pods)
        return app

    def _matching(self, target: Target) -> list[Served]:
        return [one for one in self._served() if one.answers_to(target)]

    def _answer(self, target: Target) -> web.Response:
        pods = sorted({name(one.pod) for one in self._matching(target)})
        return web.json_response({"behaviour": self._board.settings.get(target, {}), "pods": pods})

    async def _put(self, request: web.Request) -> web.Response:
        target = _target(request)
        try:
            body = await request.json()
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            check_switch(body)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        lasting = {key: value for key, value in body.items() if key != DIE}
        if lasting or DIE not in body:
            self._board.settings[target] = lasting
            for one in self._matching(target):
                one.container.app.counter.requests = 0  # the first fault is then the n-th request from now
        if body.get(DIE):
            for one in self._matching(target):
                await one.container.die()
        self._changed()
        return self._answer(target)

    async def _get(self, request: web.Request) -> web.Response:
        return self._answer(_target(request))

    async def _delete(self, request: web.Request) -> web.Response:
        target = _target(request)
        self._board.settings.pop(target, None)
        self._changed()
        return self._answer(target)

    async def _all(self, _: web.Request) -> web.Response:
        return web.json_response({f"{space}/{what}": body for (space, what), body in self._board.settings.items()})

    async def _pods(self, _: web.Request) -> web.Response:
        return web.json_response([one.shown() for one in self._served()])


def _target(request: web.Request) -> Target:
    return request.match_info["namespace"], request.match_info["target"]
