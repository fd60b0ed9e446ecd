"""How the users are steered and read, over HTTP on the loopback interface.

=============================  ===========================================================================
``PUT /groups/NAME``           start or change a group; the body has the fields of Group except its name
``DELETE /groups/NAME``        stop it
``GET /groups``                all groups
``GET /account[?since=MARK]``  the account since a mark, or since the start
``POST /mark``                 a mark: ``{"mark": NUMBER}``
``POST /pause``, ``/resume``   all groups, or ``{"groups": [NAME, ...]}``
``POST /drain``                pause all; answers when nothing is outstanding
``POST /stop``                 end the process
=============================  ===========================================================================

What cannot be done is 400 or 404 with ``{"error": TEXT}``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from controller.errors import SandboxError
from controller.sandbox.load.group import Group
from controller.sandbox.load.ledger import Ledger
from controller.sandbox.load.users import Users


class Control:
    """The control port's handlers. ``over`` is set when the process shall end."""

    def __init__(self, users: Users, ledger: Ledger, over: asyncio.Event) -> None:
        self._users = users
        self._ledger = ledger
        self._over = over

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_errors])
        app.add_routes(
            [
                web.put("/groups/{name}", self._set_group),
                web.delete("/groups/{name}", self._remove_group),
                web.get("/groups", self._groups),
                web.get("/account", self._account),
                web.post("/mark", self._mark),
                web.post("/pause", self._pause),
                web.post("/resume", self._resume),
                web.post("/drain", self._drain),
                web.post("/stop", self._stop),
            ]
        )
        return app

    async def _set_group(self, request: web.Request) -> web.Response:
        group = Group.from_json(request.match_info["name"], await _body(request))
        self._users.set_group(group)
        return web.json_response(group.to_json())

    async def _remove_group(self, request: web.Request) -> web.Response:
        self._users.remove_group(request.match_info["name"])
        return web.json_response({})

    async def _groups(self, _: web.Request) -> web.Response:
        return web.json_response([group.to_json() for group in self._users.groups()])

    async def _account(self, request: web.Request) -> web.Response:
        text = request.query.get("since", "0")
        try:
            account = self._ledger.account(int(text))
        except (ValueError, IndexError):
            raise SandboxError(f"there is no mark {text!r}; POST /mark makes one") from None
        return web.json_response(account.to_json())

    async def _mark(self, _: web.Request) -> web.Response:
        return web.json_response({"mark": self._ledger.mark()})

    async def _pause(self, request: web.Request) -> web.Response:
        self._users.pause(await _names(request))
        return web.json_response({})

    async def _resume(self, request: web.Request) -> web.Response:
        self._users.resume(await _names(request))
        return web.json_response({})

    async def _drain(self, _: web.Request) -> web.Response:
        await self._users.drain()
        return web.json_response({})

    async def _stop(self, _: web.Request) -> web.Response:
        self._over.set()
        return web.json_response({})


async def _body(request: web.Request) -> Any:
    text = await request.text()
    try:
        return json.loads(text) if text else {}
    except ValueError as error:
        raise SandboxError(f"the body is not JSON: {error}") from None


async def _names(request: web.Request) -> list[str] | None:
    body = await _body(request)
    names = body.get("groups") if isinstance(body, dict) else None
    if names is not None and not isinstance(names, list):
        raise SandboxError(f"groups is a list of names, not {names!r}")
    return names


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except SandboxError as error:
        return web.json_response({"error": str(error)}, status=400)
    except KeyError as error:
        return web.json_response(
            {"error": f"there is no group {error.args[0]!r}; PUT /groups/NAME starts one"}, status=404
        )
