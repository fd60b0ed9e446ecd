"""A small Kubernetes client for the sandbox's own parts: they look at the API as any program would, over HTTP.

It shares nothing with controller.cluster on purpose: a mistake there must not be hidden by the same one here.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

Object = dict[str, Any]
Key = tuple[str, str]  # namespace ("" for a cluster-scoped object), name

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Connection:
    """Where an API server is and how to enter: ``token`` is a bearer token, ``ca`` a PEM file for https."""

    url: str
    token: str = ""
    ca: str = ""


class ApiError(Exception):
    """An answer other than 2xx: ``code`` is the HTTP status, ``reason`` the Status object's (``NotFound``)."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason


class Client:
    """One HTTP session to one API server, named in the audit log by ``agent``.

    Paths are written out (``/apis/apps/v1/namespaces/shop/deployments``). An async context manager.
    """

    def __init__(self, connection: Connection, agent: str) -> None:
        self._connection = connection
        self._agent = agent
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"User-Agent": self._agent}
        if self._connection.token:
            headers["Authorization"] = f"Bearer {self._connection.token}"
        secure: ssl.SSLContext | bool = True
        if self._connection.ca:
            secure = ssl.create_default_context(cafile=self._connection.ca)
        self._session = aiohttp.ClientSession(
            self._connection.url,
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0, ssl=secure),
            timeout=aiohttp.ClientTimeout(total=30),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        """One request; the decoded answer. Raises ApiError, or aiohttp's and asyncio's errors without an answer."""
        assert self._session is not None, "use `async with`"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type} if data is not None else {}
        async with self._session.request(method, path, params=params, data=data, headers=headers) as answer:
            if answer.status >= 300:
                raise _error(answer.status, await answer.text())
            return await answer.json(content_type=None)

    async def get(self, path: str) -> Object:
        result: Object = await self.request("GET", path)
        return result

    async def get_or_none(self, path: str) -> Object | None:
        """The object, or None when there is none (404)."""
        try:
            return await self.get(path)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def create(self, path: str, body: Object) -> Object:
        result: Object = await self.request("POST", path, body)
        return result

    async def replace(self, path: str, body: Object) -> Object:
        result: Object = await self.request("PUT", path, body)
        return result

    async def patch(self, path: str, body: Any, content_type: str = MERGE_PATCH) -> Object:
        result: Object = await self.request("PATCH", path, body, content_type=content_type)
        return result

    async def apply(self, path: str, body: Object, manager: str = "sandbox") -> Object:
        """Server-side apply, taking over what others own."""
        params = {"fieldManager": manager, "force": "true"}
        result: Object = await self.request("PATCH", path, body, params=params, content_type=APPLY_PATCH)
        return result

    async def delete(self, path: str, *, propagation: str = "Background") -> None:
        await self.request("DELETE", path, {"propagationPolicy": propagation})

    async def list(self, path: str, *, labels: str = "") -> tuple[list[Object], str]:
        """The items under a collection's path and the resourceVersion of the list."""
        params = {"labelSelector": labels} if labels else None
        answer = await self.request("GET", path, params=params)
        items: list[Object] = answer.get("items") or []
        for item in items:  # items of a list carry no type of their own
            item.setdefault("apiVersion", answer["apiVersion"])
            item.setdefault("kind", answer["kind"].removesuffix("List"))
        return items, answer["metadata"]["resourceVersion"]

    async def watch(self, path: str, version: str) -> AsyncIterator[tuple[str, Object]]:
        """Events after ``version``: (ADDED | MODIFIED | DELETED | BOOKMARK, object), until the server closes.

        Raises ApiError(410) when the version is compacted, also when that is said inside the stream.
        """
        assert self._session is not None, "use `async with`"
        params = {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true"}
        # No total limit, but one between reads: a server that hangs without closing must not keep us for ever.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=120)
        async with self._session.get(path, params=params, timeout=timeout) as answer:
            if answer.status >= 300:
                raise _error(answer.status, await answer.text())
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        status = event["object"]
                        raise ApiError(status.get("code", 500), status.get("reason", ""), status.get("message", ""))
                    yield event["type"], event["object"]


def _error(code: int, text: str) -> ApiError:
    try:
        status = json.loads(text)
        return ApiError(code, status.get("reason", ""), status.get("message", ""))
    except (ValueError, AttributeError):
        return ApiError(code, "", text[:200])


class Mirror:
    """A live copy of one collection, kept by list and watch for as long as :meth:`run` runs.

    ``objects`` maps (namespace, name) to the object as last seen. ``on_change(old, new)`` is called for every
    difference (``new`` is None for a deletion); it must not block. ``synced`` is set after the first list.
    """

    def __init__(
        self,
        client: Client,
        path: str,
        on_change: Callable[[Object | None, Object | None], None] | None = None,
    ) -> None:
        self.path = path
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._client = client
        self._on_change = on_change or (lambda _old, _new: None)

    async def run(self) -> None:
        """List, then watch, for ever; a lost connection or a compacted version starts with a list again."""
        delay = 0.05
        while True:
            try:
                version = await self._relist()
                self.synced.set()
                delay = 0.05
                while True:  # a watch that ends in good order goes on where it stopped
                    async for kind, item in self._client.watch(self.path, version):
                        version = item["metadata"]["resourceVersion"]
                        if kind != "BOOKMARK":
                            self._set(key_of(item), None if kind == "DELETED" else item)
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError, ValueError):
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)

    async def _relist(self) -> str:
        items, version = await self._client.list(self.path)
        found = {key_of(item): item for item in items}
        for key in [key for key in self.objects if key not in found]:
            self._set(key, None)
        for key, item in found.items():
            self._set(key, item)
        return version

    def _set(self, key: Key, new: Object | None) -> None:
        old = self.objects.pop(key, None)
        if new is not None:
            self.objects[key] = new
        if old is None and new is None:
            return
        if old is None or new is None or _version(old) != _version(new):
            self._on_change(old, new)


def key_of(item: Object) -> Key:
    """(namespace, name) of an object."""
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _version(item: Object) -> str:
    version: str = item["metadata"].get("resourceVersion", "")
    return version
