"""Two servers to talk to: the embedded API, which behaves, and a scripted one, which does not."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from controller.cluster import Cluster, Kind, Object, explicit
from controller.sandbox.api import EmbeddedApi

SECONDS = 10.0

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def eventually() -> Eventually:
    """Waits for a condition, with a limit that only a failure reaches."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
async def api() -> AsyncIterator[EmbeddedApi]:
    async with EmbeddedApi(bookmark_seconds=0.1) as api:
        yield api


@pytest.fixture
async def cluster(api: EmbeddedApi) -> AsyncIterator[Cluster]:
    access = explicit(api.connection.url, token=api.connection.token)
    async with Cluster(access, version="test", source=random.Random(1)) as cluster:
        yield cluster


@dataclass
class Reply:
    """``hang`` sends the head (unless ``silent``) and ``body``, then nothing more until the test ends."""

    body: bytes | str = b"{}"
    code: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    silent: bool = False


class Script:
    """A server that answers each path with a list of replies in turn; the last one is repeated."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.times: list[float] = []
        self.url = ""
        self.over = asyncio.Event()

    def on(self, path: str, *replies: Reply) -> None:
        """For a path, or for its watches with ``?watch`` at the end."""
        self.replies[path] = list(replies)

    def asked(self, path: str) -> int:
        return sum(1 for request in self.requests if _key(request) == path)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        self.times.append(asyncio.get_running_loop().time())
        replies = self.replies.get(_key(request), [Reply("404 page not found", 404, "text/plain")])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        if not reply.hang:
            return web.Response(
                body=body, status=reply.code, headers=reply.headers | {"Content-Type": reply.content_type}
            )
        if reply.silent:
            await self.over.wait()
        response = web.StreamResponse(status=reply.code, headers={"Content-Type": reply.content_type})
        await response.prepare(request)
        await response.write(body)
        await self.over.wait()
        return response


def _key(request: web.Request) -> str:
    return request.path + ("?watch" if "watch" in request.query else "")


CORE = """{"kind": "APIResourceList", "resources": [
  {"name": "configmaps", "kind": "ConfigMap", "namespaced": true, "verbs": ["get"]},
  {"name": "namespaces", "kind": "Namespace", "namespaced": false, "verbs": ["get"]},
  {"name": "namespaces/status", "kind": "Namespace", "namespaced": false, "verbs": ["get"]}]}"""


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    """A scripted server that knows the core group's discovery and nothing else."""
    script = Script()
    script.on("/api/v1", Reply(CORE))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    script.url = f"http://{host}:{port}"
    yield script
    script.over.set()
    await runner.cleanup()


@pytest.fixture
async def scripted(script: Script) -> AsyncIterator[Cluster]:
    """A client of the scripted server."""
    async with Cluster(explicit(script.url, token="t"), version="test", limit=2.0, source=random.Random(1)) as cluster:
        yield cluster


@pytest.fixture
def configmap() -> Callable[..., Object]:
    def make(name: str, namespace: str = "default", **data: str) -> Object:
        metadata = {"name": name, "namespace": namespace}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    return make


@pytest.fixture
def kind() -> Kind:
    return Kind("", "ConfigMap", "v1")


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
async def tls_server(tmp_path: Path) -> AsyncIterator[str]:
    """An https address whose certificate nobody signed."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost", "-days", "2"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path, "metadata": {}, **json.loads(CORE)})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()
