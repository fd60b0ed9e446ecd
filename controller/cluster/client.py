"""`Cluster`: read and write objects of any kind as plain dicts. The only door to Kubernetes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Literal, Self

from controller.cluster.access import Access
from controller.cluster.discovery import Discovery
from controller.cluster.echoes import Echoes
from controller.cluster.kinds import Kind, Resource, where
from controller.cluster.objects import Object, Objects, version_of
from controller.cluster.patches import APPLY_PATCH, JSON, JSON_PATCH, MERGE_PATCH, Operation, json_at, merge_at
from controller.cluster.transport import Call, MissingKind, Transport
from controller.errors import Unreachable
from controller.telemetry import Telemetry

MANAGER = "sluice"
"""The controller's name in managedFields."""

Propagation = Literal["Background", "Foreground", "Orphan"]

_LIST_LIMIT = 30.0  # seconds for a page of a list
_PAGE = 500


class Cluster:
    """One API server; an async context manager.

    Every method raises a :class:`controller.errors.ClusterError` that names kind, namespace and name, and nothing
    else. ``limit`` is the time limit in seconds of a call on one object, retries included; it must stay below a third
    of the leader's lease, so that no write of a deposed leader is still under way (traffic-safety.md). Reads are
    repeated while they fail and time is left; writes only where they certainly had no effect.

    ``version`` is a precondition: the call raises Conflict unless the object is at that resourceVersion.
    ``manager`` is our name in managedFields and in the API server's audit log.
    """

    def __init__(
        self,
        access: Access,
        *,
        manager: str = MANAGER,
        version: str = "dev",
        limit: float = 4.0,
        telemetry: Telemetry | None = None,
        clock: Callable[[], float] = time.monotonic,
        source: random.Random | None = None,
    ) -> None:
        self.telemetry = telemetry or Telemetry(version)
        self.manager = manager
        self.transport = Transport(access, agent=f"{manager}/{version}", telemetry=self.telemetry, source=source)
        self.discovery = Discovery(self.transport, clock)
        self.echoes = Echoes()
        self.limit = limit

    async def __aenter__(self) -> Self:
        await self.transport.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.transport.__aexit__(*error)

    # ---- reads, straight from the API server (a Cache is for what is looked at often)

    async def get(self, kind: Kind, namespace: str, name: str, *, metadata_only: bool = False) -> Object:
        """One object; ``metadata_only`` keeps what a Secret holds on the server."""
        accept = _metadata("PartialObjectMetadata") if metadata_only else JSON
        answer = await self._send("get", kind, namespace, name, accept=accept)
        return answer | {"apiVersion": (await self.discovery.resolve(kind)).api_version, "kind": kind.kind}

    async def list(self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = "") -> Objects:
        """All objects of a kind in one namespace or in all, by label and field selectors."""
        items: Objects = []
        async for page, _ in self.pages(kind, namespace, labels=labels, fields=fields):
            items += page
        return items

    async def pages(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        page: int = _PAGE,
    ) -> AsyncGenerator[tuple[Objects, str], None]:
        """The same page by page, each with the resourceVersion of the whole list.

        Raises Gone when the list took so long that its next page is compacted: begin again, with ``page=0`` (all at
        once).
        """
        resource = await self.discovery.resolve(kind)
        params = selectors(labels, fields) | ({"limit": str(page)} if page else {})
        accept = _metadata("PartialObjectMetadataList") if metadata_only else JSON
        while True:
            answer = await self._send("list", kind, namespace, params=params, accept=accept, limit=_LIST_LIMIT)
            metadata = answer.get("metadata") or {}
            items: Objects = answer.get("items") or []
            for item in items:  # items of a list carry no type of their own
                item["apiVersion"], item["kind"] = resource.api_version, resource.kind
            yield items, metadata.get("resourceVersion", "")
            if not metadata.get("continue"):
                return
            params = params | {"continue": metadata["continue"]}

    # ---- writes

    async def create(self, item: Object, *, namespace: str = "") -> Object:
        """Raises Conflict when it exists already."""
        kind, namespace, name = _named(item, namespace)
        return await self._write("create", kind, namespace, name, body=item, known=True)

    async def replace(self, item: Object, *, subresource: str = "") -> Object:
        """The whole object (or its status), at the resourceVersion it carries; ValueError when it carries none."""
        if not version_of(item):
            raise ValueError(f"{item['kind']} {item['metadata']['name']}: a replacement needs the version it replaces")
        kind, namespace, name = _named(item, "")
        return await self._write(
            "update", kind, namespace, name, subresource=subresource, body=item, known=True, before=version_of(item)
        )

    async def merge_patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        *,
        version: str | None = None,
        subresource: str = "",
    ) -> Object:
        """RFC 7386: null removes a key, a list is replaced whole."""
        return await self._write(
            "patch", kind, namespace, name, subresource=subresource, body=merge_at(patch, version),
            content_type=MERGE_PATCH, known=version is not None, before=version,
        )  # fmt: skip

    async def json_patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        operations: Sequence[Operation],
        *,
        version: str | None = None,
        subresource: str = "",
    ) -> Object:
        """RFC 6902: the form that can change one element of a list. A path that is missing raises Rejected."""
        return await self._write(
            "patch", kind, namespace, name, subresource=subresource, body=json_at(operations, version),
            content_type=JSON_PATCH, known=version is not None, before=version,
        )  # fmt: skip

    async def apply(self, item: Object, *, force: bool = False, subresource: str = "") -> Object:
        """Server-side apply as field manager ``sluice``: what this manager applied before and no longer names goes.

        Raises Conflict when another manager owns a field with a different value and ``force`` is off, or when
        ``item`` carries a resourceVersion that is not current.
        """
        kind, namespace, name = _named(item, "")
        before = version_of(item) or None
        return await self._write(
            "patch", kind, namespace, name, subresource=subresource, body=item, content_type=APPLY_PATCH,
            params={"force": "true" if force else "false"}, known=before is not None, before=before,
        )  # fmt: skip

    async def patch_status(
        self, kind: Kind, namespace: str, name: str, status: Mapping[str, Any], *, version: str | None
    ) -> Object:
        """A merge patch of the status subresource. ``version`` has no default: a status is written against one."""
        return await self.merge_patch(kind, namespace, name, {"status": status}, version=version, subresource="status")

    async def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        uid: str | None = None,
        version: str | None = None,
        propagation: Propagation = "Background",
    ) -> None:
        """Asks for deletion; finalizers may keep the object for a while. Raises NotFound when it is gone already,
        Conflict when it has another uid or resourceVersion.
        """
        preconditions = {key: value for key, value in (("uid", uid), ("resourceVersion", version)) if value}
        body: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if preconditions:
            body["preconditions"] = preconditions
        await self._send("delete", kind, namespace, name, body=body)

    # ---- inside

    async def _write(
        self,
        verb: str,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        subresource: str = "",
        known: bool,
        before: str | None = None,
        params: Mapping[str, str] | None = None,
        **call: Any,
    ) -> Object:
        """``known``: the answer's version is certainly ours, unless it is still ``before`` (nothing changed)."""
        params = {"fieldManager": self.manager} | dict(params or {})
        with self.echoes.writing((str(kind), namespace, name)) as ours:
            answer = await self._send(verb, kind, namespace, name, subresource=subresource, params=params, **call)
            if known and version_of(answer) != before:
                ours(version_of(answer))
        return answer

    async def _send(
        self,
        verb: str,
        kind: Kind,
        namespace: str,
        name: str = "",
        *,
        subresource: str = "",
        limit: float | None = None,
        **call: Any,
    ) -> Object:
        """One call; when the server no longer knows the path, the kind is looked up anew and the call made once more
        (a 404 of the path had no effect).
        """
        limit = self.limit if limit is None else limit
        until = asyncio.get_running_loop().time() + limit  # looking up the kind counts too
        resource = await self._resolve(kind, until, limit)
        try:
            return await self._call(verb, resource, namespace, name, subresource, until, call)
        except MissingKind:
            if not self.discovery.doubt(kind):
                raise
            renewed = await self._resolve(kind, until, limit)
            if renewed == resource:
                raise
            return await self._call(verb, renewed, namespace, name, subresource, until, call)

    async def _resolve(self, kind: Kind, until: float, limit: float) -> Resource:
        try:
            async with asyncio.timeout_at(until):
                return await self.discovery.resolve(kind)
        except TimeoutError:
            raise Unreachable(f"no answer within {limit:g} s", where=f"discovery of {kind}") from None

    async def _call(
        self,
        verb: str,
        resource: Resource,
        namespace: str,
        name: str,
        subresource: str,
        until: float,
        call: Mapping[str, Any],
    ) -> Object:
        path = resource.path(namespace, "" if verb == "create" else name, subresource)
        named = where(resource.kind, namespace, name)
        limit = max(0.001, until - asyncio.get_running_loop().time())
        return await self.transport.call(Call(verb, path, named, resource.label, limit, **call))


def selectors(labels: str, fields: str) -> dict[str, str]:
    """The parameters of a list or a watch."""
    return {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _metadata(form: str) -> str:
    # Without a second choice: a server that cannot leave out what a Secret holds shall refuse.
    return f"application/json;as={form};g=meta.k8s.io;v=v1"


def _named(item: Object, namespace: str) -> tuple[Kind, str, str]:
    metadata = item["metadata"]
    return Kind.of_object(item), namespace or metadata.get("namespace", ""), metadata.get("name", "")
