"""The embedded API: built from its parts, served on a port of 127.0.0.1."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from typing import Self

from aiohttp import web

from controller.sandbox.api.answers import MAX_BODY
from controller.sandbox.api.audit import Audit
from controller.sandbox.api.content import PLAIN, encode
from controller.sandbox.api.crds import Definitions
from controller.sandbox.api.faults import Faults, Match
from controller.sandbox.api.identity import ADMIN
from controller.sandbox.api.kinds import builtin_resources
from controller.sandbox.api.request import Call, Target
from controller.sandbox.api.resources import Registry
from controller.sandbox.api.server import Server
from controller.sandbox.api.state import State
from controller.sandbox.api.store import Store
from controller.sandbox.api.writing import create
from controller.sandbox.client import Connection, Object

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
AGENT = "kube-apiserver"


class EmbeddedApi:
    """A Kubernetes API in memory, served over HTTP while the ``async with`` block runs.

    ``crds`` are CustomResourceDefinitions that are there from the start; ``listener`` is the socket where it takes
    connections (without it any free port of 127.0.0.1); ``clock`` gives Unix seconds and names the times in objects;
    ``history`` is how many writes can be watched from the past; a watch that asks for bookmarks gets one every
    ``bookmark_seconds``. ``connection`` is how to reach it, as ``user``.
    """

    def __init__(
        self,
        crds: Iterable[Object] = (),
        *,
        listener: socket.socket | None = None,
        clock: Callable[[], float] = time.time,
        history: int = 5000,
        bookmark_seconds: float = 10.0,
        user: str = ADMIN,
    ) -> None:
        self.store = Store(history)
        self.audit = Audit()
        self.faults = Faults()
        self._state = State(self.store, Registry(builtin_resources()), clock)
        self._definitions = Definitions(self._state)
        self._server = Server(self._state, self.audit, self.faults, bookmark_seconds)
        self._listener, self._user = listener, user
        self._runner: web.AppRunner | None = None
        self._url = ""
        for name in NAMESPACES:
            self._create("", "v1", "namespaces", {"metadata": {"name": name}})
        for crd in crds:
            self._create("apiextensions.k8s.io", "v1", "customresourcedefinitions", crd)

    @property
    def connection(self) -> Connection:
        """How to reach it; only while it is served."""
        if not self._url:
            raise RuntimeError("the API is not served: use `async with EmbeddedApi() as api`")
        return Connection(self._url, self._user)

    def break_watches(self, **match: str) -> int:
        """Break off the open watches that match (the fields of faults.Match); how many there were."""
        return self._server.break_watches(Match(**match))

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._server.handle)
        # A watch whose client is gone must end at once, not at its next event.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        sock = self._listener or socket.create_server(("127.0.0.1", 0))
        await web.SockSite(self._runner, sock).start()
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None
        self._url = ""

    def _create(self, group: str, version: str, plural: str, item: Object) -> None:
        resource = self._state.registry.find(group, version, plural)
        assert resource is not None
        target = Target(group, version, plural)
        create(self._state, Call("create", target, resource, {}, ADMIN, AGENT, PLAIN, "", encode(item)))
