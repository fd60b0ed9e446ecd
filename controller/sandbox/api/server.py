"""From an HTTP request to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from controller.sandbox.api import deletion, discovery, patching, reading, subresources, writing
from controller.sandbox.api.audit import Audit, Entry, ended
from controller.sandbox.api.content import PLAIN, discovery_version, encode, encode_yaml, wanted_form
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.identity import user_of
from controller.sandbox.api.render import shaped
from controller.sandbox.api.request import Call, Target, parse_path, verb_of
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.state import State
from controller.sandbox.api.watching import Watch
from controller.sandbox.client import Object

MAX_BODY = 3 * 2**20  # as a real API server's
VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0+sluice", "platform": "linux/amd64"}
_WRITES: dict[str, Callable[[State, Call], writing.Written]] = {
    "create": writing.create,
    "update": writing.update,
    "patch": patching.patch,
}


class Server:
    """The one HTTP handler, and the watches that are open."""

    def __init__(self, state: State, audit: Audit, bookmark_seconds: float) -> None:
        self.state = state
        self.audit = audit
        self._bookmark_seconds = bookmark_seconds
        self._watches: set[Watch] = set()
        self._closing = False

    def close(self) -> None:
        """End every watch, and refuse new ones."""
        self._closing = True
        for watch in list(self._watches):
            watch.cut()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        agent = request.headers.get("User-Agent", "").partition("/")[0].partition(" ")[0] or "unknown"
        user = user_of(request.headers, tuple(request.headers.getall("Impersonate-Group", ())))
        target = parse_path(request.path)
        entry = self._entry(request, agent, user.name, target)
        try:
            if target is None:
                answer: web.StreamResponse = self._other(request)
            else:
                answer = await self._resource(request, target, entry)
        except Failure as failure:
            answer = _failed(failure)
        if entry.verb != "watch" or answer.status >= 300:
            self.audit.add(_with_code(entry, answer.status))
        return answer

    def _entry(self, request: web.Request, agent: str, user: str, target: Target | None) -> Entry:
        now = self.state.clock()
        if target is None:
            return Entry(now, agent, user, request.method.lower(), path=request.path)
        verb = verb_of(request.method, bool(target.name), request.query)
        return Entry(
            now,
            agent,
            user,
            verb or request.method.lower(),
            target.group,
            target.plural,
            target.subresource,
            target.namespace,
            target.name,
            request.path,
        )

    async def _resource(self, request: web.Request, target: Target, entry: Entry) -> web.StreamResponse:
        resource = self.state.registry.find(target.group, target.version, target.plural)
        if resource is None:
            return _page_not_found()
        call = Call(
            verb=entry.verb,
            target=target,
            resource=resource,
            query=request.query,
            user=entry.user,
            agent=entry.agent,
            form=wanted_form(request.headers.get("Accept", ""), request.query.get("includeObject", "")),
            content_type=request.headers.get("Content-Type", ""),
            body=await _body(request),
        )
        _check_verb(call)
        if call.verb == "watch":
            return await self._watch(request, call, entry)
        value, code = self._answer(call)
        headers = [("Warning", f'299 - "{_escaped(text)}"') for text in call.warnings]
        return _answered(value, code, call.form.yaml, headers)

    def _answer(self, call: Call) -> tuple[bytes | Object, int]:
        """The answer's body and code."""
        if call.target.subresource:
            return subresources.answer(self.state, call)
        if call.verb == "get":
            return reading.get(self.state, call), 200
        if call.verb == "list":
            return reading.list_objects(self.state, call), 200
        if call.verb == "delete":
            item, code = deletion.delete(self.state, call)
            return self._shaped(call, item), code
        if call.verb == "deletecollection":
            return deletion.delete_collection(self.state, call), 200
        written = _WRITES[call.verb](self.state, call)
        return self._shaped(call, written.item), written.code

    def _shaped(self, call: Call, item: Object) -> Object:
        if item.get("kind") == "Status" and item.get("apiVersion") == "v1":
            return item
        return shaped(call.resource.from_storage(item), call.resource, call.form, self.state.clock())

    async def _watch(self, request: web.Request, call: Call, entry: Entry) -> web.StreamResponse:
        watch = Watch(self.state, call, self._bookmark_seconds)
        lines, stop = watch.open()
        self._watches.add(watch)
        self.audit.add(_with_code(entry, 200, "opened"))
        answer = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
        try:
            if self._closing:
                watch.cut()
            await answer.prepare(request)
            if lines:
                await answer.write(b"".join(lines))
            async for chunk in watch.chunks():
                await answer.write(chunk)
            await answer.write_eof()
        except (ConnectionError, asyncio.CancelledError):
            if not _is_gone(request):
                raise
        finally:
            stop()
            self._watches.discard(watch)
            self.audit.add(ended(entry, self.state.clock()))
        return answer

    def _other(self, request: web.Request) -> web.StreamResponse:
        """Paths that are no resource: discovery, health, version."""
        registry, path = self.state.registry, request.path.rstrip("/") or "/"
        if request.method not in ("GET", "HEAD"):
            raise Failure.method_not_allowed()
        words = path.strip("/").split("/")
        value: Object | None = None
        if path in ("/healthz", "/readyz", "/livez"):
            return web.Response(text="ok")
        if path == "/version":
            value = VERSION
        elif path in ("/api", "/apis"):
            return self._groups(request, core=path == "/api")
        elif words[0] == "api" and len(words) == 2:
            value = discovery.resources(registry, "", words[1])
        elif words[0] == "apis" and len(words) == 2:
            value = discovery.group(registry, words[1])
        elif words[0] == "apis" and len(words) == 3:
            value = discovery.resources(registry, words[1], words[2])
        return _page_not_found() if value is None else _answered(value, 200)

    def _groups(self, request: web.Request, *, core: bool) -> web.StreamResponse:
        accept = request.headers.get("Accept", "")
        version = discovery_version(accept)
        if version:
            value = discovery.aggregated(self.state.registry, version, core=core)
            kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
            return web.Response(body=encode(value), headers={"Content-Type": kind, "Vary": "Accept"})
        if core:
            return _answered(discovery.api_versions(request.host), 200)
        return _answered(discovery.groups(self.state.registry), 200)


async def _body(request: web.Request) -> bytes:
    if not request.can_read_body:
        return b""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        text = f"Request entity is too large: limit is {MAX_BODY}"
        raise Failure(413, "RequestEntityTooLarge", text) from None


def _check_verb(call: Call) -> None:
    """Raises Failure: 405 for what this resource does not offer, 404 for a subresource that it has not."""
    resource: Resource = call.resource
    if call.target.subresource:
        verbs = resource.subresources.get(call.target.subresource)
        if verbs is None:
            raise Failure(404, "NotFound", "the server could not find the requested resource", {})
    else:
        verbs = resource.verbs
    if call.verb not in verbs or (call.verb == "create" and call.name and not call.target.subresource):
        raise Failure.method_not_allowed()


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _with_code(entry: Entry, code: int, stage: str = "answered") -> Entry:
    values: dict[str, Any] = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    return Entry(**(values | {"code": code, "stage": stage}))


def _answered(
    value: bytes | Object, code: int, yaml: bool = False, headers: list[tuple[str, str]] | None = None
) -> web.Response:
    if yaml:
        import json

        value = json.loads(value) if isinstance(value, bytes) else value
        body, kind = encode_yaml(value), "application/yaml"
    else:
        body, kind = value if isinstance(value, bytes) else encode(value), "application/json"
    answer = web.Response(body=body, status=code, content_type=kind)
    for name, text in headers or ():
        answer.headers.add(name, text)
    return answer


def _failed(failure: Failure) -> web.Response:
    answer = _answered(failure.status(), failure.code)
    wait = (failure.details or {}).get("retryAfterSeconds")
    if wait:
        answer.headers["Retry-After"] = str(wait)
    return answer


def _page_not_found() -> web.Response:
    return web.Response(text="404 page not found\n", status=404)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


__all__ = ["MAX_BODY", "PLAIN", "Server"]
