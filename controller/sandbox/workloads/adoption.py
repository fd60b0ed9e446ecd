"""Who owns what: a controller takes the orphans its selector matches and lets go what no longer matches."""

from __future__ import annotations

from controller.sandbox.client import ApiError, Object
from controller.sandbox.workloads.cluster import Cluster
from controller.sandbox.workloads.kinds import Kind
from controller.sandbox.workloads.objects import (
    controller_of,
    deleting,
    labels_of,
    matches,
    namespace,
    owner_reference,
    owners,
    uid,
)


async def claim(cluster: Cluster, owner_kind: Kind, owner: Object, kind: Kind) -> list[Object]:
    """The objects of ``kind`` that ``owner`` controls, after adopting and releasing by its selector.

    An owner that is being deleted neither adopts nor releases.
    """
    selector = owner["spec"].get("selector")
    result = []
    for child in cluster.mirror(kind).in_namespace(namespace(owner)):
        reference, fits = controller_of(child), matches(selector, labels_of(child))
        if reference is not None and reference["uid"] != uid(owner):
            continue
        if reference is not None and (fits or deleting(owner)):
            result.append(child)
        elif reference is not None:
            await _release(cluster, owner, child, kind)
        elif fits and not deleting(owner) and not deleting(child):
            adopted = await _adopt(cluster, owner_kind, owner, child, kind)
            if adopted is not None:
                result.append(adopted)
    return result


async def _adopt(cluster: Cluster, owner_kind: Kind, owner: Object, child: Object, kind: Kind) -> Object | None:
    # The mirror may show an owner that is gone already: an orphan taken for it would be collected at once.
    live = await cluster.client.get_or_none(owner_kind.of(owner))
    if live is None or uid(live) != uid(owner) or deleting(live):
        return None
    references = [*owners(child), owner_reference(owner_kind, owner)]
    return await cluster.set_metadata(kind, child, ownerReferences=references)


async def _release(cluster: Cluster, owner: Object, child: Object, kind: Kind) -> None:
    references = [reference for reference in owners(child) if reference["uid"] != uid(owner)]
    try:
        await cluster.set_metadata(kind, child, ownerReferences=references)
    except ApiError as error:
        if error.code != 404:
            raise
