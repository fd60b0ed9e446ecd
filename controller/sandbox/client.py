"""A small Kubernetes client for the sandbox's own parts: they look at the API as any program would, over HTTP.

It shares nothing with controller.cluster on purpose: a mistake there must not be hidden by the same one here.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

Object = dict[str, Any]
Key = tuple[str, str]  # namespace ("" for a cluster-scoped object), name
OnChange = Callable[[Object | None, Object | None], None]  # old, new

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_KEPT_DELETIONS = 2000


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
        """Delete, and return the object as it goes, or a Status; ``grace`` in seconds (0: at once, as a kubelet confirms), ``uid`` only if it is still that object.

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
            rest: list[bytes] = []
            async for chunk in answer.content.iter_any():
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


class Mirror:
    """A live copy of one collection, kept by list and watch for as long as :meth:`run` runs.

    ``objects`` maps (namespace, name) to the object as last seen; nobody may change what is in it.
    ``on_change(old, new)`` is called for every difference (``new`` is None for a deletion); it must not block.
    ``synced`` is set after the first list. :meth:`learn` lets a writer read its own writes at once.

    resourceVersions of one collection are compared as numbers, as Kubernetes allows since 1.35 and its storage
    always made true.
    """

    def __init__(
        self,
        client: Client,
        path: str,
        on_change: OnChange | None = None,
        *,
        metadata_only: bool = False,
    ) -> None:
        self.path = path
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._client = client
        self._metadata_only = metadata_only
        self._listeners: list[OnChange] = [on_change] if on_change else []
        self._namespaces: dict[str, dict[Key, Object]] = {}
        self._deleted: OrderedDict[Key, int] = OrderedDict()  # version of the deletion of what went lately
        self._seen = 0  # the newest version the server showed us

    def listen(self, on_change: OnChange) -> None:
        """One more to be told of every difference from now on."""
        self._listeners.append(on_change)

    def in_namespace(self, namespace: str) -> list[Object]:
        """The objects of one namespace."""
        return list(self._namespaces.get(namespace, {}).values())

    def get(self, namespace: str, name: str) -> Object | None:
        return self.objects.get((namespace, name))

    def learn(self, item: Object) -> None:
        """Take the server's answer to a write before its event comes; older news and the dead are ignored."""
        key, version = key_of(item), _version(item)
        present = self.objects.get(key)
        if version <= self._deleted.get(key, 0) or (present is not None and version <= _version(present)):
            return
        self._set(key, item)

    def forget(self, item: Object) -> None:
        """Take it that this very object is gone, before its event comes."""
        key = key_of(item)
        present = self.objects.get(key)
        if present is not None and present["metadata"].get("uid") == item["metadata"].get("uid"):
            self._bury(key, _version(present))
            self._set(key, None)

    def _bury(self, key: Key, version: int) -> None:
        self._deleted[key] = version
        if len(self._deleted) > _KEPT_DELETIONS:
            self._deleted.popitem(last=False)

    async def run(self) -> None:
        """List, then watch, for ever.

        A lost connection goes on where it stopped; a refusal (a compacted version, another server) lists again.
        """
        delay, version = 0.05, ""
        while True:
            try:
                if not version:
                    version = await self._relist()
                    self.synced.set()
                async for kind, item in self._client.watch(self.path, version, metadata_only=self._metadata_only):
                    version = item["metadata"]["resourceVersion"]
                    delay = 0.05
                    if kind != "BOOKMARK":
                        self._event(kind, item)
            except ApiError:
                version = ""
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
                pass
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)

    def _event(self, kind: str, item: Object) -> None:
        key, version = key_of(item), _version(item)
        self._seen = max(self._seen, version)
        if kind != "DELETED":
            self.learn(item)
            return
        self._bury(key, version)
        present = self.objects.get(key)
        if present is not None and _version(present) <= version:
            self._set(key, None)

    async def _relist(self) -> str:
        items, version = await self._client.list(self.path, metadata_only=self._metadata_only)
        listed = int(version)
        found = {key_of(item): item for item in items}
        if listed < self._seen:  # a server that has forgotten what it told us: another one, or a restored one
            self._deleted.clear()
            for key in list(self.objects):
                self._set(key, found.get(key))
        self._seen = listed
        for key, present in list(self.objects.items()):
            # What we wrote after the list was made is not in it, and is not gone.
            if key not in found and _version(present) <= listed:
                self._set(key, None)
        for item in found.values():
            self.learn(item)
        return version

    def _set(self, key: Key, new: Object | None) -> None:
        old = self.objects.pop(key, None)
        space = self._namespaces.setdefault(key[0], {})
        space.pop(key, None)
        if new is not None:
            self.objects[key] = space[key] = new
        elif not space:
            del self._namespaces[key[0]]
        if old is not None and new is not None and old["metadata"].get("uid") != new["metadata"].get("uid"):
            self._tell(old, None)  # deleted and made again between two looks
            self._tell(None, new)
        elif (old or new) and (old is None or new is None or _version(old) != _version(new)):
            self._tell(old, new)

    def _tell(self, old: Object | None, new: Object | None) -> None:
        for listener in self._listeners:
            listener(old, new)


def key_of(item: Object) -> Key:
    """(namespace, name) of an object."""
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _version(item: Object) -> int:
    return int(item["metadata"].get("resourceVersion") or 0)
