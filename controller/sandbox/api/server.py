"""From an HTTP request to its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiohttp import web

from controller.sandbox.api import access, deletion, nonresource, patching, reading, render, subresources, writing
from controller.sandbox.api.answers import answered, failed, page_not_found, read_body, warn
from controller.sandbox.api.audit import Audit, Entry, with_code
from controller.sandbox.api.content import wanted_form
from controller.sandbox.api.controls import control
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.faults import Dropped, Faults, Match
from controller.sandbox.api.identity import User, user_of
from controller.sandbox.api.kinds import builtin_resources
from controller.sandbox.api.openapi import OpenApi
from controller.sandbox.api.request import Call, Target, parse_path, verb_of
from controller.sandbox.api.state import State
from controller.sandbox.api.watching import Watch
from controller.sandbox.client import Object

_LOG = logging.getLogger(__name__)
_WRITES: dict[str, Callable[[State, Call], writing.Written]] = {
    "create": writing.create,
    "update": writing.update,
    "patch": patching.patch,
}
_OF_COLLECTIONS = ("create", "deletecollection", "list", "watch")
_ACROSS_NAMESPACES = ("list", "watch")
_BUILTIN_GROUPS = frozenset(resource.group for resource in builtin_resources())


class Server:
    """The one HTTP handler, and the watches that are open."""

    def __init__(self, state: State, audit: Audit, faults: Faults, bookmark_seconds: float) -> None:
        self.state = state
        self.audit = audit
        self.faults = faults
        self._bookmark_seconds = bookmark_seconds
        self._watches: dict[Watch, tuple[Entry, web.Request]] = {}
        self._documents = OpenApi(state.registry)
        self._closing = False

    def close(self) -> None:
        """End every watch, refuse new ones, and let go what hangs."""
        self._closing = True
        self.faults.clear()
        for watch in list(self._watches):
            watch.cut()

    def break_watches(self, match: Match) -> int:
        """Break off the open watches that match, without a last word; how many there were."""
        found = [request for entry, request in self._watches.values() if match.matches(entry)]
        for request in found:
            _abort(request)
        return len(found)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        agent = request.headers.get("User-Agent", "").partition("/")[0].partition(" ")[0] or "unknown"
        user = _user(request)
        target = parse_path(request.path)
        entry = self._entry(request, agent, user.name, target)
        try:
            answer = await self._answer(request, target, entry)
        except Dropped:
            self._stop_programs()
            self.audit.add(with_code(entry, 0, "dropped"))
            _abort(request)
            return web.Response(status=503)  # nobody gets it
        if entry.verb != "watch" or answer.status >= 300:
            self.audit.add(with_code(entry, answer.status))
        return answer

    async def _answer(self, request: web.Request, target: Target | None, entry: Entry) -> web.StreamResponse:
        """The answer after all faults. Raises Dropped where there is to be none."""
        try:
            if request.path.startswith("/sandbox/"):
                return await self._control(request)
            await self.faults.before(entry)
            if target is None:
                answer = nonresource.answer(self.state.registry, self._documents, request)
            else:
                answer = await self._resource(request, target, entry)
        except Failure as failure:
            answer = failed(failure)
        except Dropped:
            raise
        except Exception as error:  # a mistake of ours must be an answer that clients understand
            _LOG.exception("%s %s failed", request.method, request.path)
            answer = failed(Failure(500, "InternalError", f"Internal error occurred: {error!r}"))
        try:
            if await self.faults.after(entry, answer.status, dry_run="dryRun" in request.query):
                self._stop_programs()
        except Failure as failure:
            return failed(failure)
        return answer

    def _entry(self, request: web.Request, agent: str, user: str, target: Target | None) -> Entry:
        now, method = self.state.clock(), request.method.lower()
        if target is None:
            return Entry(now, agent, user, method, path=request.path)
        return Entry(
            now,
            agent,
            user,
            verb_of(request.method, bool(target.name), request.query) or method,
            target.group,
            target.plural,
            target.subresource,
            target.namespace,
            target.name,
            request.path,
        )

    def _stop_programs(self) -> None:
        """Break the watches of programs that were just stopped."""
        for entry, request in list(self._watches.values()):
            if self.faults.refuses(entry):
                _abort(request)

    async def _control(self, request: web.Request) -> web.StreamResponse:
        words = request.path.strip("/").split("/")[1:]
        body = await read_body(request)
        if request.method == "DELETE" and words == ["watches"]:
            try:
                return answered({"broken": self.break_watches(Match(**request.query))})
            except TypeError as error:
                raise Failure.bad_request(f"watches are named by the fields of Match: {error}") from None
        value = control(request.method, words, body, request.query, self.faults, self.state.store, self.audit)
        return answered(value)

    async def _resource(self, request: web.Request, target: Target, entry: Entry) -> web.StreamResponse:
        resource = self.state.registry.find(target.group, target.version, target.plural)
        if resource is None:
            if target.group in _BUILTIN_GROUPS:
                raise Failure.no_such_path()
            return page_not_found()
        call = Call(
            verb=entry.verb,
            target=target,
            resource=resource,
            query=request.query,
            user=entry.user,
            groups=_user(request).groups,
            agent=entry.agent,
            form=wanted_form(request.headers.get("Accept", ""), request.query.get("includeObject", "")),
            content_type=request.headers.get("Content-Type", ""),
            body=await read_body(request),
        )
        _check_path(call)
        if call.verb == "watch":
            return await self._watch(request, call, entry)
        try:
            value, code = self._value(call)
        except Failure as failure:
            return failed(failure, call.warnings)
        return answered(value, code, yaml=call.form.yaml, warnings=call.warnings)

    def _value(self, call: Call) -> tuple[bytes | Object, int]:
        """The answer's body and code."""
        if call.target.subresource:
            return subresources.answer(self.state, call)
        if call.verb == "get":
            return reading.get(self.state, call), 200
        if call.verb == "list":
            return reading.list_objects(self.state, call), 200
        if call.verb == "deletecollection":
            return deletion.delete_collection(self.state, call), 200
        if call.verb == "delete":
            item, code = deletion.delete(self.state, call)
            return self._shaped(call, item), code
        if call.resource.kind in access.ANSWERS and not call.resource.custom:
            return access.review(call), 201
        if call.resource.kind == access.SELF and not call.resource.custom:
            return access.who_am_i(call), 201
        written = _WRITES[call.verb](self.state, call)
        return render.answer(written.row, call.resource, call.form, self.state.clock()), written.code

    def _shaped(self, call: Call, item: Object) -> Object:
        if item.get("kind") == "Status" and item.get("apiVersion") == "v1":
            return item
        return render.shaped(call.resource.from_storage(item), call.resource, call.form, self.state.clock())

    async def _watch(self, request: web.Request, call: Call, entry: Entry) -> web.StreamResponse:
        watch = Watch(self.state, call, self._bookmark_seconds, overrun=lambda: _abort(request))
        lines, stop = watch.open()
        limit = self.faults.cut_after(entry)
        self._watches[watch] = (entry, request)
        self.audit.add(with_code(entry, 200, "opened"))
        answer = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
        warn(answer, call.warnings)
        try:
            if self._closing:
                watch.cut()
            await answer.prepare(request)
            async for chunk in watch.chunks(lines):
                if limit is not None:
                    limit, chunk = _cut(chunk, limit)
                if chunk:
                    await answer.write(chunk)
                if limit == 0:
                    _abort(request)
                    break
            else:
                await answer.write_eof()
        except ConnectionError:
            pass  # the client is gone, as clients of watches do
        finally:
            stop()
            self._watches.pop(watch, None)
            self.audit.add(with_code(entry, 200, "ended", self.state.clock()))
        return answer


def _user(request: web.Request) -> User:
    return user_of(request.headers, tuple(request.headers.getall("Impersonate-Group", ())))


def _check_path(call: Call) -> None:
    """Raises Failure: 404 for a path that this resource has not, 405 for what cannot be done with it."""
    resource, target = call.resource, call.target
    whole = not target.name
    if (target.namespace and not resource.namespaced) or (
        resource.namespaced and not target.namespace and not (whole and call.verb in _ACROSS_NAMESPACES)
    ):
        raise Failure.method_not_allowed() if whole and resource.namespaced else Failure.no_such_path()
    if target.subresource:
        verbs = resource.subresources.get(target.subresource)
        if verbs is None:
            raise call.not_found() if resource.custom else Failure.no_such_path()
    else:
        verbs = tuple(verb for verb in resource.verbs if (verb in _OF_COLLECTIONS) == whole)
    if call.verb not in verbs:
        raise Failure.method_not_allowed()


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _cut(chunk: bytes, limit: int) -> tuple[int, bytes]:
    """How many more lines may be sent after this chunk, and what of it is sent."""
    lines = chunk.splitlines(keepends=True)[:limit]
    return limit - len(lines), b"".join(lines)
