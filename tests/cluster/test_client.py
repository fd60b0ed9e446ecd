from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.cluster import Cluster, Kind, Object, version_of
from controller.cluster.transport import Call
from controller.errors import Conflict, Gone, NotFound, Rejected
from controller.sandbox.api import EmbeddedApi

DEPLOYMENT = Kind("apps", "Deployment")
SECRET = Kind("", "Secret", "v1")
Make = Callable[..., Object]


def deployment(name: str = "a", replicas: int = 1) -> Object:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "x:1"}]}},
        },
    }


async def test_an_object_from_creation_to_deletion(cluster: Cluster) -> None:
    made = await cluster.create(deployment())
    assert await cluster.get(DEPLOYMENT, "default", "a") == made
    assert made["metadata"]["managedFields"][0]["manager"] == "sluice"
    made["spec"]["replicas"] = 2
    replaced = await cluster.replace(made)
    assert replaced["spec"]["replicas"] == 2
    shown = await cluster.patch_status(DEPLOYMENT, "default", "a", {"replicas": 2}, version=version_of(replaced))
    assert shown["status"]["replicas"] == 2
    shown["status"]["replicas"] = 1
    assert (await cluster.replace(shown, subresource="status"))["status"]["replicas"] == 1
    await cluster.delete(DEPLOYMENT, "default", "a", uid=made["metadata"]["uid"])
    with pytest.raises(NotFound, match="Deployment default/a"):
        await cluster.get(DEPLOYMENT, "default", "a")


@pytest.mark.parametrize("form", ["merge", "json", "apply", "replace", "status"])
async def test_a_stale_version_is_a_conflict_and_changes_nothing(cluster: Cluster, form: str) -> None:
    old = await cluster.create(deployment())
    await cluster.merge_patch(DEPLOYMENT, "default", "a", {"spec": {"replicas": 2}}, version=version_of(old))
    stale = version_of(old)
    wanted = deployment(replicas=9)
    wanted["metadata"]["resourceVersion"] = stale
    calls = {
        "merge": lambda: cluster.merge_patch(DEPLOYMENT, "default", "a", {"spec": {"replicas": 9}}, version=stale),
        "json": lambda: cluster.json_patch(
            DEPLOYMENT, "default", "a", [{"op": "replace", "path": "/spec/replicas", "value": 9}], version=stale
        ),
        "apply": lambda: cluster.apply(wanted, force=True),
        "replace": lambda: cluster.replace(wanted),
        "status": lambda: cluster.patch_status(DEPLOYMENT, "default", "a", {"replicas": 9}, version=stale),
    }
    with pytest.raises(Conflict, match="Deployment default/a"):
        await calls[form]()
    found = await cluster.get(DEPLOYMENT, "default", "a")
    assert found["spec"]["replicas"] == 2
    assert "replicas" not in found.get("status", {})


async def test_patches_without_a_version_are_unconditional(cluster: Cluster) -> None:
    await cluster.create(deployment())
    await cluster.merge_patch(DEPLOYMENT, "default", "a", {"metadata": {"labels": {"x": "y"}}})
    patched = await cluster.json_patch(DEPLOYMENT, "default", "a", [{"op": "remove", "path": "/metadata/labels/x"}])
    assert patched["metadata"]["labels"] == {"app": "a"}
    with pytest.raises(Rejected):
        await cluster.json_patch(DEPLOYMENT, "default", "a", [{"op": "remove", "path": "/metadata/labels/x"}])


async def test_apply_gives_up_what_it_no_longer_names_and_respects_other_owners(cluster: Cluster) -> None:
    item = deployment()
    item["metadata"]["annotations"] = {"a": "1", "b": "1"}
    await cluster.apply(item)
    item["metadata"]["annotations"] = {"a": "1"}
    applied = await cluster.apply(item)
    assert applied["metadata"]["annotations"] == {"a": "1"}
    scale = [{"op": "replace", "path": "/spec/replicas", "value": 5}]
    path = "/apis/apps/v1/namespaces/default/deployments/a"

    call = Call("patch", path, "x", "Deployment", 5.0, {"fieldManager": "hpa"}, scale, "application/json-patch+json")
    await cluster.transport.call(call)
    item["spec"]["replicas"] = 3
    with pytest.raises(Conflict, match="conflict"):
        await cluster.apply(item)
    assert (await cluster.apply(item, force=True))["spec"]["replicas"] == 3


async def test_a_replacement_without_a_version_is_a_mistake_of_the_caller(cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="needs the version"):
        await cluster.replace(deployment())


@pytest.mark.parametrize("precondition", [{"uid": "other"}, {"version": "1"}])
async def test_a_deletion_of_another_object_is_refused(cluster: Cluster, precondition: dict[str, str]) -> None:
    await cluster.create(deployment())
    with pytest.raises(Conflict):
        await cluster.delete(DEPLOYMENT, "default", "a", **precondition)  # type: ignore[arg-type]
    await cluster.get(DEPLOYMENT, "default", "a")


async def test_propagation_is_passed_on(cluster: Cluster) -> None:
    await cluster.create(deployment())
    await cluster.delete(DEPLOYMENT, "default", "a", propagation="Foreground")
    left = await cluster.get(DEPLOYMENT, "default", "a")
    assert left["metadata"]["finalizers"] == ["foregroundDeletion"]


async def test_what_exists_already_is_a_conflict(cluster: Cluster) -> None:
    await cluster.create(deployment())
    with pytest.raises(Conflict, match="already exists"):
        await cluster.create(deployment())


async def test_lists_come_in_pages_with_their_type(
    api: EmbeddedApi, cluster: Cluster, configmap: Make, kind: Kind
) -> None:
    for number in range(7):
        item = configmap(f"m{number}")
        item["metadata"]["labels"] = {"even": str(number % 2 == 0)}
        await cluster.create(item)
    pages = [page async for page in cluster.pages(kind, "default", page=3)]
    assert [len(items) for items, _ in pages] == [3, 3, 1]
    assert len({version for _, version in pages}) == 1
    assert all((item["apiVersion"], item["kind"]) == ("v1", "ConfigMap") for items, _ in pages for item in items)
    assert len(await cluster.list(kind)) == 7
    assert len(await cluster.list(kind, labels="even=True")) == 4
    assert [m["metadata"]["name"] for m in await cluster.list(kind, fields="metadata.name=m3")] == ["m3"]
    assert await cluster.list(kind, "kube-system") == []


async def test_a_page_that_is_compacted_is_gone(
    api: EmbeddedApi, cluster: Cluster, configmap: Make, kind: Kind
) -> None:
    for number in range(3):
        await cluster.create(configmap(f"m{number}"))
    pages = cluster.pages(kind, page=2)
    await anext(pages)
    await cluster.create(configmap("later"))
    api.store.compact()
    with pytest.raises(Gone):
        await anext(pages)


async def test_only_metadata_of_a_secret_leaves_the_server(cluster: Cluster) -> None:
    await cluster.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}, "data": {"a": "Yg=="}}
    )
    found = await cluster.get(SECRET, "default", "s", metadata_only=True)
    assert "data" not in found
    assert (found["kind"], found["apiVersion"], found["metadata"]["name"]) == ("Secret", "v1", "s")
    async for items, _ in cluster.pages(SECRET, metadata_only=True):
        assert all("data" not in item for item in items)
    assert (await cluster.get(SECRET, "default", "s"))["data"] == {"a": "Yg=="}
