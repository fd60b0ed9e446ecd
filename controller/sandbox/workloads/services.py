"""Plays the endpoint controllers: EndpointSlices and the older Endpoints of each Service that has a selector."""

from __future__ import annotations

from controller.sandbox.client import ApiError, Key, Object, key_of
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.endpoints import (
    HEADLESS,
    MANAGED_BY,
    MANAGER,
    SERVICE_NAME,
    is_played,
    selects,
    wanted_slices,
    wanted_subsets,
)
from controller.sandbox.workloads.kinds import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE
from controller.sandbox.workloads.objects import deleting, labels_of, name, namespace
from controller.sandbox.workloads.queue import Queue

_OLDER_MANAGED_BY = "endpoints.kubernetes.io/managed-by"
_OLDER_MANAGER = "endpoint-controller"


class Services:
    """Keeps the endpoints of each Service."""

    def __init__(self, cluster: Cluster) -> None:
        self.queue = Queue("service", self.reconcile)
        self._cluster = cluster
        cluster.mirror(SERVICE).listen(self._service_changed)
        cluster.mirror(POD).listen(self._pod_changed)
        cluster.mirror(ENDPOINT_SLICE).listen(self._slice_changed)
        cluster.mirror(ENDPOINTS).listen(self._service_changed)  # the same name

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        if item := new or old:
            self.queue.add(key_of(item))

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old
        if item is not None and labels_of(item).get(MANAGED_BY) == MANAGER:
            self.queue.add((namespace(item), labels_of(item).get(SERVICE_NAME, "")))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old
        if item is None:
            return
        for service in self._cluster.mirror(SERVICE).in_namespace(namespace(item)):
            if any(pod is not None and selects(service, pod) for pod in (old, new)):
                self.queue.add(key_of(service))

    async def reconcile(self, key: Key) -> float | None:
        service = self._cluster.mirror(SERVICE).get(*key)
        if service is None or deleting(service):
            await self._drop_endpoints(key)
            return None
        if not is_played(service):
            return None  # whoever made it without a selector writes its endpoints
        pods = [pod for pod in self._cluster.mirror(POD).in_namespace(key[0]) if selects(service, pod)]
        await self._keep_slices(service, pods)
        await self._keep_endpoints(service, pods)
        return None

    async def _keep_slices(self, service: Object, pods: list[Object]) -> None:
        present = {
            name(item): item
            for item in self._cluster.mirror(ENDPOINT_SLICE).in_namespace(namespace(service))
            if labels_of(item).get(SERVICE_NAME) == name(service) and labels_of(item).get(MANAGED_BY) == MANAGER
        }
        for wanted in wanted_slices(service, pods, list(present.values())):
            found = present.pop(wanted["metadata"].get("name", ""), None)
            if found is None:
                await self._cluster.create(ENDPOINT_SLICE, wanted)
            elif _slice_differs(found, wanted):
                metadata = {**found["metadata"], "labels": wanted["metadata"]["labels"]}
                await self._cluster.replace(ENDPOINT_SLICE, {**found, **wanted, "metadata": metadata})
        for item in present.values():
            await self._cluster.delete(ENDPOINT_SLICE, item)

    async def _keep_endpoints(self, service: Object, pods: list[Object]) -> None:
        found = self._cluster.mirror(ENDPOINTS).get(*key_of(service))
        marks = {**labels_of(service), _OLDER_MANAGED_BY: _OLDER_MANAGER}
        if service["spec"].get("clusterIP") == "None":
            marks[HEADLESS] = ""
        wanted = {"subsets": wanted_subsets(service, pods)}
        if found is None:
            metadata = {"name": name(service), "namespace": namespace(service), "labels": marks}
            await self._create_endpoints({"metadata": metadata, **wanted})
        elif (found.get("subsets") or []) != wanted["subsets"] or labels_of(found) != marks:
            await self._cluster.replace(
                ENDPOINTS, {**found, "metadata": {**found["metadata"], "labels": marks}, **wanted}
            )

    async def _create_endpoints(self, body: Object) -> None:
        try:
            await self._cluster.create(ENDPOINTS, body)
        except ApiError as error:
            if error.reason != "AlreadyExists":  # the mirror was late; its event starts another pass
                raise

    async def _drop_endpoints(self, key: Key) -> None:
        """No owner reference takes this one away."""
        found = self._cluster.mirror(ENDPOINTS).get(*key)
        if found is not None and labels_of(found).get(_OLDER_MANAGED_BY) == _OLDER_MANAGER:
            await self._cluster.delete(ENDPOINTS, found)


def _slice_differs(found: Object, wanted: Object) -> bool:
    parts = ((found.get("endpoints") or []), (found.get("ports") or []), labels_of(found))
    return parts != (wanted["endpoints"], wanted["ports"], wanted["metadata"]["labels"])
