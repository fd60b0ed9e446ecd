"""Lists: pages, versions, selectors, forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import ApiError, Client

Object = dict[str, Any]
Manifest = Callable[..., Object]
Establish = Callable[..., Awaitable[str]]


@pytest.fixture
async def maps(client: Client, namespace: str) -> str:
    """Five ConfigMaps, a to e; the path of their collection."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for name, labels in {
        "a": {"tier": "front", "n": "1"},
        "b": {"tier": "back", "n": "2"},
        "c": {"tier": "back"},
        "d": {"tier": "middle", "n": "10"},
        "e": {},
    }.items():
        await client.create(path, {"metadata": {"name": name, "labels": labels}})
    return path


def names(answer: Object) -> str:
    return "".join(item["metadata"]["name"] for item in answer["items"])


async def test_pages_show_one_moment(client: Client, maps: str) -> None:
    first = await client.request("GET", maps, params={"limit": "2"})
    assert names(first) == "ab"
    assert first["metadata"]["remainingItemCount"] == 3
    await client.create(maps, {"metadata": {"name": "bb"}})
    await client.delete(f"{maps}/d")
    await client.patch(f"{maps}/e", {"data": {"k": "new"}})
    second = await client.request("GET", maps, params={"limit": "2", "continue": first["metadata"]["continue"]})
    assert names(second) == "cd"
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = await client.request("GET", maps, params={"limit": "2", "continue": second["metadata"]["continue"]})
    assert names(third) == "e"
    assert "data" not in third["items"][0]
    assert "continue" not in third["metadata"]
    assert names(await client.request("GET", maps)) == "abbbce"


async def test_a_past_version_can_be_listed(client: Client, maps: str) -> None:
    before = (await client.request("GET", maps))["metadata"]["resourceVersion"]
    await client.delete(f"{maps}/a")
    params = {"resourceVersion": before, "resourceVersionMatch": "Exact"}
    past = await client.request("GET", maps, params=params)
    assert names(past) == "abcde"
    assert past["metadata"]["resourceVersion"] == before
    params = {"resourceVersion": before, "resourceVersionMatch": "NotOlderThan"}
    assert names(await client.request("GET", maps, params=params)) == "bcde"


async def test_a_compacted_page_can_be_read_on(client: Client, maps: str, embedded: EmbeddedApi) -> None:
    first = await client.request("GET", maps, params={"limit": "2"})
    await client.create(maps, {"metadata": {"name": "cc"}})
    embedded.store.compact()
    token = first["metadata"]["continue"]
    with pytest.raises(ApiError) as caught:
        await client.request("GET", maps, params={"limit": "2", "continue": token})
    assert (caught.value.code, caught.value.reason) == (410, "Expired")
    params = {"resourceVersion": first["metadata"]["resourceVersion"], "resourceVersionMatch": "Exact"}
    with pytest.raises(ApiError) as caught:
        await client.request("GET", maps, params=params)
    assert str(caught.value) == "410 Expired: The resourceVersion for the provided list is too old."


async def test_an_expired_page_says_how_to_go_on(client: Client, maps: str, embedded: EmbeddedApi) -> None:
    first = await client.request("GET", maps, params={"limit": "2"})
    await client.create(maps, {"metadata": {"name": "cc"}})
    embedded.store.compact()
    async with aiohttp.ClientSession(embedded.connection.url) as session:
        token = first["metadata"]["continue"]
        async with session.get(maps, params={"limit": "2", "continue": token}) as answer:
            status = await answer.json()
    rest = await client.request("GET", maps, params={"continue": status["metadata"]["continue"]})
    assert names(rest) == "cccde"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", "abcde"),
        ("tier=back", "bc"),
        ("tier==front", "a"),
        ("tier!=back", "ade"),
        ("tier in (front, middle)", "ad"),
        ("tier notin (back)", "ade"),
        ("n", "abd"),
        ("!n", "ce"),
        ("tier=back,n", "b"),
        ("n>1", "bd"),
        ("n<10", "ab"),
        ("tier in ()", ""),
        ("tier=", ""),
    ],
)
async def test_label_selectors(client: Client, maps: str, selector: str, expected: str) -> None:
    assert names(await client.request("GET", maps, params={"labelSelector": selector})) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [("metadata.name=c", "c"), ("metadata.name!=c", "abde"), ("metadata.name=a,metadata.name=b", ""), ("", "abcde")],
)
async def test_field_selectors(client: Client, maps: str, selector: str, expected: str) -> None:
    assert names(await client.request("GET", maps, params={"fieldSelector": selector})) == expected


async def test_selectable_fields_of_a_custom_resource(
    client: Client, crd: Manifest, establish: Establish, namespace: str
) -> None:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"color": {"type": "string"}}}},
    }
    definition = crd(schema, selectableFields=[{"jsonPath": ".spec.color"}])
    path = await establish(definition, namespace)
    typed = {"apiVersion": f"{definition['spec']['group']}/v1", "kind": "Widget"}
    for name, color in (("a", "red"), ("b", "blue"), ("c", "red")):
        await client.create(path, {**typed, "metadata": {"name": name}, "spec": {"color": color}})
    assert names(await client.request("GET", path, params={"fieldSelector": "spec.color=red"})) == "ac"
    with pytest.raises(ApiError) as caught:
        await client.request("GET", path, params={"fieldSelector": "spec.size=1"})
    assert str(caught.value) == "400 BadRequest: field label not supported: spec.size"


async def test_events_by_what_they_are_about(client: Client, namespace: str) -> None:
    events = f"/api/v1/namespaces/{namespace}/events"
    for name, kind in (("a", "Pod"), ("b", "Deployment")):
        about = {"kind": kind, "name": "web", "namespace": namespace}
        await client.create(events, {"metadata": {"name": name}, "involvedObject": about, "type": "Normal"})
    for selector in ("involvedObject.kind=Pod", "involvedObject.name=web,involvedObject.kind=Pod"):
        assert names(await client.request("GET", events, params={"fieldSelector": selector})) == "a"
    new = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
    answer = await client.request("GET", new, params={"fieldSelector": "regarding.kind=Deployment"})
    assert names(answer) == "b"
    assert answer["items"][0]["regarding"]["kind"] == "Deployment"


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"resourceVersion": "9999999"}, "504 Timeout: Timeout: Too large resource version: 9999999, current: "),
        ({"resourceVersion": "x"}, '400 BadRequest: invalid resource version: resourceVersion: Invalid value: "x"'),
        ({"continue": "x"}, "400 BadRequest: invalid continue token: continue key is not valid"),
        ({"limit": "x"}, '400 BadRequest: strconv.ParseInt: parsing "x": invalid syntax'),
        ({"labelSelector": "a=b=c"}, "400 BadRequest: found '=', expected: ',' or 'end of string'"),
        ({"resourceVersionMatch": "Exact"}, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ({"sendInitialEvents": "true"}, "sendInitialEvents is forbidden for list"),
    ],
)
async def test_what_cannot_be_listed(client: Client, namespace: str, params: dict[str, str], text: str) -> None:
    with pytest.raises(ApiError) as caught:
        await client.request("GET", f"/api/v1/namespaces/{namespace}/configmaps", params=params)
    assert text in str(caught.value)


async def test_items_of_built_in_kinds_carry_no_type(
    client: Client, maps: str, crd: Manifest, establish: Establish, namespace: str
) -> None:
    answer = await client.request("GET", maps)
    assert (answer["kind"], answer["apiVersion"]) == ("ConfigMapList", "v1")
    assert "kind" not in answer["items"][0]
    definition = crd()
    path = await establish(definition, namespace)
    typed = {"apiVersion": f"{definition['spec']['group']}/v1", "kind": "Widget"}
    await client.create(path, {**typed, "metadata": {"name": "a"}})
    answer = await client.request("GET", path)
    assert answer["kind"] == "WidgetList"
    assert answer["items"][0]["kind"] == "Widget"


async def test_lists_in_other_forms(client: Client, maps: str) -> None:
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
    answer = await client.request("GET", maps, accept=accept)
    assert answer["kind"] == "PartialObjectMetadataList"
    assert names(answer) == "abcde"
    assert set(answer["items"][0]) <= {"kind", "apiVersion", "metadata"}
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    answer = await client.request("GET", maps, accept=accept, params={"includeObject": "None", "limit": "2"})
    assert answer["kind"] == "Table"
    assert [row["cells"][0] for row in answer["rows"]] == ["a", "b"]
    assert answer["rows"][0]["object"] is None
    assert answer["metadata"]["continue"]


async def test_versions_of_one_kind_share_their_objects(
    client: Client, crd: Manifest, establish: Establish, namespace: str
) -> None:
    definition = crd()
    older = {**definition["spec"]["versions"][0], "name": "v1beta1", "storage": False}
    definition["spec"]["versions"].append(older)
    path = await establish(definition, namespace)
    beta = path.replace("/v1/", "/v1beta1/")
    group = definition["spec"]["group"]
    body = {"apiVersion": f"{group}/v1beta1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"x": 1}}
    assert (await client.create(beta, body))["apiVersion"] == f"{group}/v1beta1"
    assert (await client.get(f"{path}/a"))["apiVersion"] == f"{group}/v1"
    changed = await client.patch(f"{beta}/a", {"spec": {"x": 2}})
    assert (changed["apiVersion"], changed["spec"]) == (f"{group}/v1beta1", {"x": 2})
    assert (await client.get(f"{path}/a"))["spec"] == {"x": 2}
