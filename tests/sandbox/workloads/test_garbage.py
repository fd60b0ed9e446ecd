"""What goes with its owner, what waits, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.client import Object
from controller.sandbox.mirror import following
from controller.sandbox.workloads.kinds import CONFIG_MAP, SECRET
from tests.sandbox.lab import Lab

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELD = "example.org/held"


def reference(owner: Object, *, blocks: bool = True, **members: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": blocks,
        **members,
    }


async def config(lab: Lab, name: str, *owners: Object, finalizers: tuple[str, ...] = ()) -> Object:
    metadata = {"name": name, "ownerReferences": list(owners), "finalizers": list(finalizers)}
    return await lab.create(CONFIG_MAP, {"metadata": metadata})


async def names(lab: Lab) -> set[str]:
    return {item["metadata"]["name"] for item in await lab.all(CONFIG_MAP)} - {"kube-root-ca.crt"}


async def until_names(lab: Lab, *wanted: str) -> None:
    expected = {*wanted, "kube-root-ca.crt"}
    await lab.until(CONFIG_MAP, lambda items: {item["metadata"]["name"] for item in items} == expected)


async def release(lab: Lab, name: str) -> None:
    await lab.patch(CONFIG_MAP, name, {"metadata": {"finalizers": None}})


async def test_background_takes_dependents_after_their_owner(lab: Lab) -> None:
    top = await config(lab, "top")
    middle = await config(lab, "middle", reference(top))
    await config(lab, "leaf", reference(middle))
    await config(lab, "other")
    await lab.delete(CONFIG_MAP, "top")
    await until_names(lab, "other")


async def test_foreground_waits_for_dependents_that_block(lab: Lab) -> None:
    top = await config(lab, "top")
    await config(lab, "leaf", reference(top), finalizers=(HELD,))
    await config(lab, "loose", reference(top, blocks=False), finalizers=(HELD,))
    await lab.delete(CONFIG_MAP, "top", propagation="Foreground")
    await lab.until_one(CONFIG_MAP, "leaf", lambda item: item["metadata"].get("deletionTimestamp"))
    assert (await lab.get(CONFIG_MAP, "top"))["metadata"]["finalizers"] == ["foregroundDeletion"]
    await release(lab, "leaf")
    await lab.until_gone(CONFIG_MAP, "top")
    await lab.until_one(CONFIG_MAP, "loose", lambda item: item["metadata"].get("deletionTimestamp"))
    await release(lab, "loose")
    await until_names(lab)


async def test_foreground_goes_down_the_whole_tree(lab: Lab) -> None:
    top = await config(lab, "top")
    middle = await config(lab, "middle", reference(top))
    await config(lab, "leaf", reference(middle), finalizers=(HELD,))
    await lab.delete(CONFIG_MAP, "top", propagation="Foreground")
    await lab.until_one(CONFIG_MAP, "leaf", lambda item: item["metadata"].get("deletionTimestamp"))
    assert await names(lab) == {"top", "middle", "leaf"}
    await release(lab, "leaf")
    await until_names(lab)


async def test_orphans_lose_the_reference_and_stay(lab: Lab) -> None:
    top, other = await config(lab, "top"), await config(lab, "other")
    await config(lab, "leaf", reference(top), reference(other))
    await lab.delete(CONFIG_MAP, "top", propagation="Orphan")
    await until_names(lab, "other", "leaf")
    leaf = await lab.get(CONFIG_MAP, "leaf")
    assert [one["name"] for one in leaf["metadata"]["ownerReferences"]] == ["other"]


async def test_one_owner_that_is_left_is_enough(lab: Lab) -> None:
    top, other = await config(lab, "top"), await config(lab, "other")
    await config(lab, "leaf", reference(top), reference(other))
    await lab.delete(CONFIG_MAP, "top")
    leaf = await lab.until_one(CONFIG_MAP, "leaf", lambda item: len(item["metadata"]["ownerReferences"]) == 1)
    assert leaf["metadata"]["ownerReferences"][0]["name"] == "other"
    await lab.delete(CONFIG_MAP, "other")
    await until_names(lab)


async def test_an_owner_that_never_was_is_an_absent_one(lab: Lab) -> None:
    top = await config(lab, "top")
    await config(lab, "wrong-uid", reference(top, uid="11111111-1111-1111-1111-111111111111"))
    await config(lab, "wrong-kind", reference(top, kind="Secret"))
    await until_names(lab, "top")


async def test_an_owner_of_a_kind_that_is_not_served_is_let_be(lab: Lab) -> None:
    top = await config(lab, "top")
    await config(lab, "strange", reference(top, apiVersion="example.org/v1", kind="Unheard"))
    await config(lab, "wrong", reference(top, uid="11111111-1111-1111-1111-111111111111"))
    await until_names(lab, "top", "strange")


async def test_an_owner_in_another_namespace_is_no_owner(lab: Lab) -> None:
    made = await lab.client.create("/api/v1/namespaces", {"metadata": {"generateName": "other-"}})
    away = Lab(lab.client, made["metadata"]["name"])
    top = await config(away, "top")
    await config(lab, "leaf", reference(top))
    await until_names(lab)
    assert await names(away) == {"top"}


async def test_kinds_may_differ(lab: Lab) -> None:
    top = await config(lab, "top")
    await lab.create(SECRET, {"metadata": {"name": "leaf", "ownerReferences": [reference(top)]}})
    await lab.delete(CONFIG_MAP, "top", propagation="Foreground")
    await lab.until_gone(SECRET, "leaf")
    await until_names(lab)


async def test_custom_resources_own_and_are_owned(lab: Lab) -> None:
    group = f"{lab.namespace}.example.org"
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    }
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await lab.client.create(crds, crd)
    try:
        async with following(lab.client, crds) as mirror:
            await mirror.until(
                lambda items: any(
                    item["metadata"]["name"] == f"things.{group}" and "Established" in str(item.get("status"))
                    for item in items
                )
            )
        path = f"/apis/{group}/v1/namespaces/{lab.namespace}/things"
        thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "top"}}
        async with following(lab.client, path):  # until it is served
            top = await lab.client.create(path, thing)
        owner = {"apiVersion": f"{group}/v1", "kind": "Thing", "name": "top", "uid": top["metadata"]["uid"]}
        await config(lab, "leaf", owner)
        await lab.client.create(path, {**thing, "metadata": {"name": "below", "ownerReferences": [owner]}})
        await lab.client.delete(f"{path}/top")
        await until_names(lab)
        async with following(lab.client, path) as mirror:
            await mirror.until(lambda items: not items)
    finally:
        await lab.client.delete(f"{crds}/things.{group}")
