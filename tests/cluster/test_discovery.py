from __future__ import annotations

import asyncio
from typing import Any

import pytest

from controller.cluster import Cluster, Kind, explicit
from controller.cluster.discovery import Discovery
from controller.errors import NotFound, Unreachable
from controller.sandbox.api import EmbeddedApi

WIDGET = Kind("example.com", "Widget")


def crd(plural: str = "widgets", *versions: str, namespaced: bool = True) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced" if namespaced else "Cluster",
            "names": {"plural": plural, "kind": "Widget", "singular": "widget", "listKind": "WidgetList"},
            "versions": [
                {"name": version, "served": True, "storage": n == 0, "schema": schema}
                for n, version in enumerate(versions or ("v1",))
            ],
        },
    }


async def test_kinds_are_found_and_remembered(api: EmbeddedApi, cluster: Cluster) -> None:
    found = await asyncio.gather(*(cluster.discovery.resolve(Kind("apps", "Deployment")) for _ in range(5)))
    assert {(r.version, r.plural, r.namespaced) for r in found} == {("v1", "deployments", True)}
    assert api.audit.count(agent="sluice") == 2, "the group, then its version, once"
    assert not (await cluster.discovery.resolve(Kind("", "Namespace"))).namespaced
    assert (await cluster.discovery.resolve(Kind("apps", "ReplicaSet", "v1"))).plural == "replicasets"


async def test_the_preferred_version_is_taken_unless_one_is_asked_for() -> None:
    async with EmbeddedApi([crd("widgets", "v1beta1", "v1")]) as api, Cluster(explicit(api.connection.url)) as cluster:
        assert (await cluster.discovery.resolve(WIDGET)).version == "v1"
        assert (await cluster.discovery.resolve(Kind("example.com", "Widget", "v1beta1"))).version == "v1beta1"
        with pytest.raises(NotFound, match=r"does not serve Widget.example.com; install its CRDs"):
            await cluster.discovery.resolve(Kind("example.com", "Widget", "v9"))


async def test_a_kind_only_in_another_version_is_found(script: Any, scripted: Cluster, reply: Any) -> None:
    script.on(
        "/apis/example.com",
        reply('{"versions": [{"version": "v1alpha1"}, {"version": "v1"}], "preferredVersion": {"version": "v1"}}'),
    )
    script.on("/apis/example.com/v1", reply('{"resources": []}'))
    widgets = '{"resources": [{"name": "widgets", "kind": "Widget", "namespaced": true}]}'
    script.on("/apis/example.com/v1alpha1", reply(widgets))
    assert (await scripted.discovery.resolve(WIDGET)).version == "v1alpha1"


async def test_a_crd_that_comes_later_is_seen_in_a_while(api: EmbeddedApi, cluster: Cluster) -> None:
    now = 0.0
    discovery = Discovery(cluster.transport, clock=lambda: now)
    with pytest.raises(NotFound, match="install its CRDs"):
        await discovery.resolve(WIDGET)
    asked = api.audit.count(agent="sluice")
    await cluster.create(crd())
    with pytest.raises(NotFound):
        await discovery.resolve(WIDGET)
    now = 11.0
    assert (await discovery.resolve(WIDGET)).plural == "widgets"
    assert asked == 1


async def test_a_kind_served_elsewhere_now_is_looked_up_anew() -> None:
    """The version that was known is gone: the call that finds out succeeds all the same."""
    now = 0.0
    async with EmbeddedApi([crd("widgets", "v1alpha1")]) as api:
        access = explicit(api.connection.url, token=api.connection.token)
        async with Cluster(access, clock=lambda: now) as cluster:
            widget = {"apiVersion": "example.com/v1alpha1", "kind": "Widget", "metadata": {"name": "a"}}
            await cluster.create(widget, namespace="default")
            assert (await cluster.get(WIDGET, "default", "a"))["apiVersion"] == "example.com/v1alpha1"
            definition = Kind("apiextensions.k8s.io", "CustomResourceDefinition")
            [old, new] = crd("widgets", "v1alpha1", "v1")["spec"]["versions"]
            versions = [old | {"served": False}, new]
            await cluster.merge_patch(definition, "", "widgets.example.com", {"spec": {"versions": versions}})
            now = 60.0
            assert (await cluster.get(WIDGET, "default", "a"))["apiVersion"] == "example.com/v1"


async def test_a_kind_that_vanished_is_asked_for_seldom(api: EmbeddedApi, cluster: Cluster) -> None:
    await cluster.create(crd())
    assert await cluster.list(WIDGET) == []
    await cluster.delete(Kind("apiextensions.k8s.io", "CustomResourceDefinition"), "", "widgets.example.com")
    for _ in range(5):
        with pytest.raises(NotFound, match="does not serve this kind"):
            await cluster.list(WIDGET)
    asked = [entry.path for entry in api.audit.entries(agent="sluice", verb="get") if "example.com" in entry.path]
    assert asked == ["/apis/example.com", "/apis/example.com/v1"]


async def test_an_api_server_in_trouble_is_not_a_missing_kind(script: Any, scripted: Cluster, reply: Any) -> None:
    script.on("/apis/example.com", reply("{}", 503))
    with pytest.raises(Unreachable):
        await scripted.discovery.resolve(WIDGET)
    script.on("/apis/example.com", reply('{"versions": [{"version": "v1"}]}'))
    widgets = '{"resources": [{"name": "widgets", "kind": "Widget", "namespaced": true}]}'
    script.on("/apis/example.com/v1", reply(widgets))
    assert (await scripted.discovery.resolve(WIDGET)).plural == "widgets", "at once: nothing was remembered"
