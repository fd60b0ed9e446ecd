"""A small Kubernetes client for the sandbox's own parts: they look at the API as any program would, over HTTP.

It shares nothing with controller.cluster on purpose: a mistake there must not be hidden by the same one here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

Object = dict[str, Any]
Key = tuple[str, str]  # namespace ("" for a cluster-scoped object), name

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_GOODBYE = 2.0


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
        self.message = message


class Client:
    """One HTTP session to one API server, named in the audit log by ``agent``.

    Paths are written out (``/apis/apps/v1/namespaces/shop/deployments``). An async context manager.
    """

    def __init__(self, connection: Connection, agent: str) -> None:
        self._connection = connection
        self._agent = agent
        self._session: aiohttp.ClientSession | None = None
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

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
            connector=aiohttp.TCPConnector(limit=0, ssl=secure, socket_factory=self._socket),
            timeout=aiohttp.ClientTimeout(total=30),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            await self._closed()

    async def _closed(self) -> None:
        """Until the connections are: a TLS goodbye takes some turns, and must not outlive its event loop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                while any(one.fileno() >= 0 for one in self._sockets):  # noqa: ASYNC110 - sockets tell nobody
                    await asyncio.sleep(0.005)

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        made = socket.socket(*address[:3])
        self._sockets.add(made)
        return made

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: dict[str, str] | None = None,
        content_type: str = "application/json",
        accept: str = "",
    ) -> Any:
        """One request; the decoded answer. Raises ApiError, or aiohttp's and asyncio's errors without an answer."""
        assert self._session is not None, "use `async with`"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type} if data is not None else {}
        if accept:
            headers["Accept"] = accept
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

    async def delete(
        self, path: str, *, propagation: str | None = "Background", grace: int | None = None, uid: str = ""
    ) -> Object:
        """Delete, and return the object as it goes, or a Status.

        ``grace`` is in seconds (0: at once, as a kubelet confirms); with ``uid`` only if it is still that object.
        ``propagation=None`` leaves the policy to the kind's default, as for a pod that its kubelet takes away.
        """
        options: Object = {}
        if propagation is not None:
            options["propagationPolicy"] = propagation
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        if uid:
            options["preconditions"] = {"uid": uid}
        result: Object = await self.request("DELETE", path, options)
        return result

    async def list(self, path: str, *, labels: str = "", metadata_only: bool = False) -> tuple[list[Object], str]:
        """The items under a collection's path and the resourceVersion of the list.

        With ``metadata_only`` an item is apiVersion, kind and metadata, where the server knows that form.
        """
        answer = await self.request(
            "GET",
            path,
            params={"labelSelector": labels} if labels else None,
            accept=_METADATA_LIST if metadata_only else "",
        )
        items: list[Object] = answer.get("items") or []
        for item in items:  # items of a list carry no type of their own
            item.setdefault("apiVersion", answer["apiVersion"])
            item.setdefault("kind", answer["kind"].removesuffix("List"))
        return items, answer["metadata"]["resourceVersion"]

    async def watch(self, path: str, version: str, *, metadata_only: bool = False) -> AsyncIterator[tuple[str, Object]]:
        """Events after ``version``: (ADDED | MODIFIED | DELETED | BOOKMARK, object), until the server closes.

        Raises ApiError(410) when the version is compacted, also when that is said inside the stream.
        """
        assert self._session is not None, "use `async with`"
        params = {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true"}
        headers = {"Accept": _METADATA} if metadata_only else {}
        # No total limit, but one between reads: a server that hangs without closing must not keep us for ever.
        # A real server sends a bookmark about each minute.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=150)
        async with self._session.get(path, params=params, headers=headers, timeout=timeout) as answer:
            if answer.status >= 300:
                raise _error(answer.status, await answer.text())
            async for event in _events(answer.content):
                yield event


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[tuple[str, Object]]:
    rest: list[bytes] = []
    async for chunk in content.iter_any():
        *lines, tail = chunk.split(b"\n")
        for line in lines:
            event = json.loads(b"".join([*rest, line]))
            rest.clear()
            if event["type"] == "ERROR":
                status = event["object"]
                raise ApiError(status.get("code", 500), status.get("reason", ""), status.get("message", ""))
            yield event["type"], event["object"]
        rest.append(tail)


def _error(code: int, text: str) -> ApiError:
    try:
        status = json.loads(text)
        return ApiError(code, status.get("reason", ""), status.get("message", ""))
    except (ValueError, AttributeError):
        return ApiError(code, "", text[:200])


def key_of(item: Object) -> Key:
    """(namespace, name) of an object."""
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
