"""The tables again, asked of an API server: the embedded one, or a real one where KUBEBUILDER_ASSETS is set."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.sandbox.client import Connection
from tests.documents import document

Object = dict[str, Any]
Same = Callable[[list[str], list[str]], bool]
Edit = Callable[..., Object]

_PLURALS = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
async def session(connection: Connection) -> AsyncIterator[aiohttp.ClientSession]:
    secure: ssl.SSLContext | bool = ssl.create_default_context(cafile=connection.ca) if connection.ca else True
    headers = {"Authorization": f"Bearer {connection.token}"}
    connector = aiohttp.TCPConnector(ssl=secure)
    async with aiohttp.ClientSession(connection.url, headers=headers, connector=connector) as opened:
        yield opened


def _collection(obj: Object) -> str:
    version, kind = obj["apiVersion"], obj["kind"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    scope = "" if kind in ("Namespace", "CustomResourceDefinition") else "/namespaces/default"
    return f"{base}{scope}/{_PLURALS.get(kind, kind.lower() + 's')}"


async def _ask(session: aiohttp.ClientSession, method: str, path: str, obj: Object | None = None) -> tuple[int, Object]:
    async with session.request(method, path, json=obj) as answer:
        body: Object = await answer.json()
        return answer.status, body


async def _told(session: aiohttp.ClientSession, case: Object) -> dict[str, Any]:
    """What the server says, in the table's form."""
    first: Object = case["first"]
    path = _collection(first)
    if "then" not in case:
        code, body = await _ask(session, "POST", f"{path}?dryRun=All", first)
    else:
        item = f"{path}/{first['metadata']['name']}"
        code, stored = await _ask(session, "POST", path, first)
        assert code == 201, stored
        below = f"/{case['subresource']}" if "subresource" in case else ""
        code, body = await _ask(session, "PUT", f"{item}{below}?dryRun=All", case["change"](stored))
        await _ask(session, "DELETE", f"{item}?gracePeriodSeconds=0&propagationPolicy=Background")
    if code == 400:
        return {"decode": body["message"].split(" cannot be handled as a ", 1)[-1].split(": ", 1)[-1]}
    causes = body["details"]["causes"] if code == 422 else []
    return {"errors": [f"{cause['field']}: {cause['message']}" for cause in causes]}


async def _differences(session: aiohttp.ClientSession, cases: list[Object], same: Same) -> list[str]:
    out = []
    for case in cases:
        told = await _told(session, case)
        fits = (
            told == {"decode": case["decode"]} if "decode" in case else same(case["errors"], told.get("errors", [""]))
        )
        if not fits:
            out.append(f"{case['base']['kind']}: {case['name']}: {told}")
    return out


def _cases(name: str, edit: Edit) -> list[Object]:
    rows: Object = document((Path(__file__).with_name("bad") / f"{name}.yaml").read_text())
    out = []
    for case in rows["cases"]:
        base = rows["bases"][case["on"]] if "bases" in rows else rows["base"]
        first = edit(base, case.get("set"), case.get("remove"))
        change = _changer(edit, case) if "then" in case else None
        out.append({**case, "base": base, "first": first, "change": change})
    return out


def _changer(edit: Edit, case: Object) -> Callable[[Object], Object]:
    return lambda stored: edit(stored, case["then"], case.get("then_remove"))


@pytest.mark.parametrize("name", ["builtin", "crd"])
async def test_server(session: aiohttp.ClientSession, name: str, edit: Edit, same_errors: Same) -> None:
    assert await _differences(session, _cases(name, edit), same_errors) == []


async def test_server_with_custom_resources(
    session: aiohttp.ClientSession, widget_crd: Object, edit: Edit, same_errors: Same
) -> None:
    code, answer = await _ask(session, "POST", _DEFINITIONS, widget_crd)
    assert code in (201, 409), answer
    cases = _cases("widget", edit)
    path = _collection(cases[0]["first"])
    for _ in range(400):  # until the new kind is served
        async with session.get(path) as listed:
            if listed.status == 200:
                break
        await asyncio.sleep(0.02)
    assert await _differences(session, cases, same_errors) == []
