"""Create, read, update, delete: versions, conflicts, generations, finalizers, namespaces."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from controller.sandbox.client import JSON_PATCH, STRATEGIC_PATCH, ApiError, Client

Object = dict[str, Any]
Manifest = Callable[..., Object]
Establish = Callable[..., Awaitable[str]]


@pytest.fixture
def maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


async def refused(call: Awaitable[Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await call
    return caught.value


async def test_a_new_object_gets_what_the_server_gives(client: Client, maps: str, namespace: str) -> None:
    made = await client.create(maps, {"metadata": {"name": "a", "uid": "mine"}, "data": {"k": "v"}})
    assert made["kind"] == "ConfigMap"
    assert made["apiVersion"] == "v1"
    metadata = made["metadata"]
    assert metadata["namespace"] == namespace
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert int(metadata["resourceVersion"]) > 0
    assert await client.get(f"{maps}/a") == made


async def test_generated_names_differ_and_keep_their_base(client: Client, maps: str) -> None:
    made = [await client.create(maps, {"metadata": {"generateName": "part-"}}) for _ in range(3)]
    names = {item["metadata"]["name"] for item in made}
    assert len(names) == 3
    assert all(re.fullmatch("part-[a-z0-9]{5}", name) for name in names)
    long = await client.create(maps, {"metadata": {"generateName": "x" * 80}})
    assert len(long["metadata"]["name"]) == 63


@pytest.mark.parametrize(
    ("body", "code", "reason", "text"),
    [
        ({"metadata": {}}, 422, "Invalid", "metadata.name: Required value: name or generateName is required"),
        ({"metadata": {"name": "A"}}, 422, "Invalid", 'metadata.name: Invalid value: "A": a lowercase RFC 1123'),
        (
            {"metadata": {"name": "a", "namespace": "elsewhere"}},
            400,
            "BadRequest",
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}},
            400,
            "BadRequest",
            'Secret in version "v1" cannot be handled as a ConfigMap',
        ),
        (
            {"metadata": {"name": "a", "resourceVersion": "5"}},
            500,
            "",
            "resourceVersion should not be set on objects to be created",
        ),
        ({"metadata": {"name": "a"}, "data": {"k": 1}}, 400, "BadRequest", "ConfigMap.data of type string"),
        ({"metadata": {"name": "a"}, "data": {"k /": "v"}}, 422, "Invalid", "data[k /]: Invalid value"),
    ],
)
async def test_what_cannot_be_created(
    client: Client, maps: str, body: Object, code: int, reason: str, text: str
) -> None:
    error = await refused(client.create(maps, body))
    assert (error.code, error.reason) == (code, reason), error
    assert text in str(error)


async def test_a_name_is_taken_once(client: Client, maps: str) -> None:
    await client.create(maps, {"metadata": {"name": "a"}})
    error = await refused(client.create(maps, {"metadata": {"name": "a"}}))
    assert str(error) == '409 AlreadyExists: configmaps "a" already exists'
    error = await refused(client.get(f"{maps}/b"))
    assert str(error) == '404 NotFound: configmaps "b" not found'


async def test_a_namespace_must_exist(client: Client) -> None:
    error = await refused(client.create("/api/v1/namespaces/no-such/configmaps", {"metadata": {"name": "a"}}))
    assert str(error) == '404 NotFound: namespaces "no-such" not found'
    items, _ = await client.list("/api/v1/namespaces/no-such/configmaps")
    assert items == []


async def test_a_stale_write_is_refused(client: Client, maps: str) -> None:
    first = await client.create(maps, {"metadata": {"name": "a"}, "data": {"k": "1"}})
    second = await client.replace(f"{maps}/a", {**first, "data": {"k": "2"}})
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    stale = "the object has been modified; please apply your changes to the latest version and try again"
    for body in ({**first, "data": {"k": "3"}}, first):
        error = await refused(client.replace(f"{maps}/a", body))
        assert str(error) == f'409 Conflict: Operation cannot be fulfilled on configmaps "a": {stale}'
    version = {"resourceVersion": first["metadata"]["resourceVersion"]}
    error = await refused(client.patch(f"{maps}/a", {"metadata": version, "data": {"k": "3"}}))
    assert error.code == 409
    operations = [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version["resourceVersion"]},
        {"op": "replace", "path": "/data/k", "value": "3"},
    ]
    error = await refused(client.patch(f"{maps}/a", operations, JSON_PATCH))
    assert error.code == 409
    uid = {"uid": "00000000-0000-0000-0000-000000000000"}
    error = await refused(client.patch(f"{maps}/a", {"metadata": uid}))
    assert error.code == 422
    assert "metadata.uid: Invalid value: " in str(error)
    error = await refused(client.replace(f"{maps}/a", {**second, "metadata": {**second["metadata"], **uid}}))
    assert error.code == 409
    assert "Precondition failed: UID in precondition: 00000000" in str(error)
    assert (await client.get(f"{maps}/a"))["data"] == {"k": "2"}


async def test_a_write_without_version_is_taken_by_some_kinds(
    client: Client, maps: str, namespace: str, crd: Manifest, establish: Establish
) -> None:
    await client.create(maps, {"metadata": {"name": "a"}})
    assert (await client.replace(f"{maps}/a", {"metadata": {"name": "a"}, "data": {"k": "v"}}))["data"] == {"k": "v"}
    definition = crd()
    widgets = await establish(definition, namespace)
    typed = {"apiVersion": f"{definition['spec']['group']}/v1", "kind": "Widget"}
    for path, body in (
        (f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases", {}),
        (widgets, typed),
    ):
        await client.create(path, {"metadata": {"name": "a"}, **body})
        error = await refused(client.replace(f"{path}/a", {"metadata": {"name": "a"}, "spec": {}, **body}))
        assert error.code == 422
        assert "metadata.resourceVersion: Invalid value: " in str(error)
        assert str(error).endswith("must be specified for an update")


async def test_writing_the_same_changes_nothing(client: Client, maps: str) -> None:
    first = await client.create(maps, {"metadata": {"name": "a"}, "data": {"k": "1"}})
    assert await client.replace(f"{maps}/a", first) == first
    assert await client.patch(f"{maps}/a", {"data": {"k": "1"}}) == first
    assert (await client.get(f"{maps}/a")) == first


async def test_who_puts_what_is_not_there(client: Client, maps: str, namespace: str) -> None:
    error = await refused(client.replace(f"{maps}/a", {"metadata": {"name": "a"}}))
    assert error.code == 404
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    made = await client.replace(f"{leases}/a", {"metadata": {"name": "a"}, "spec": {"holderIdentity": "me"}})
    assert made["spec"] == {"holderIdentity": "me"}
    error = await refused(client.replace(f"{maps}/b", {"metadata": {"name": "a"}}))
    assert error.code == 400
    assert "the name of the object (a) does not match the name on the URL (b)" in str(error)


async def test_the_generation_counts_wishes(client: Client, deployments: str, deployment: Manifest) -> None:
    made = await client.create(deployments, deployment())
    assert made["metadata"]["generation"] == 1
    labelled = await client.patch(f"{deployments}/web", {"metadata": {"labels": {"a": "b"}}})
    assert labelled["metadata"]["generation"] == 1
    scaled = await client.patch(f"{deployments}/web", {"spec": {"replicas": 3}})
    assert scaled["metadata"]["generation"] == 2
    status = {"status": {"replicas": 3, "observedGeneration": 2}}
    reported = await client.patch(f"{deployments}/web/status", status)
    assert reported["metadata"]["generation"] == 2
    assert reported["status"] == status["status"]


async def test_the_annotations_of_deployments_are_part_of_the_wish(
    client: Client, deployments: str, deployment: Manifest
) -> None:
    """A real API server's strategy counts them, for Deployments alone, and not where the status is written."""
    await client.create(deployments, deployment())
    annotated = await client.patch(f"{deployments}/web", {"metadata": {"annotations": {"a": "b"}}})
    assert annotated["metadata"]["generation"] == 2
    reported = await client.patch(f"{deployments}/web/status", {"metadata": {"annotations": {"a": "c"}}})
    assert (reported["metadata"]["annotations"], reported["metadata"]["generation"]) == ({"a": "c"}, 2)
    sets = deployments.replace("deployments", "replicasets")
    await client.create(sets, {**deployment(), "kind": "ReplicaSet"})
    annotated = await client.patch(f"{sets}/web", {"metadata": {"annotations": {"a": "b"}}})
    assert annotated["metadata"]["generation"] == 1


async def test_status_and_spec_are_written_apart(client: Client, deployments: str, deployment: Manifest) -> None:
    made = await client.create(deployments, {**deployment(), "status": {"replicas": 9}})
    assert made["status"] == {}
    both = {"spec": {"replicas": 5}, "status": {"replicas": 5}}
    assert (await client.patch(f"{deployments}/web", both))["status"] == {}
    reported = await client.patch(f"{deployments}/web/status", {"spec": {"replicas": 7}, "status": {"replicas": 7}})
    assert reported["spec"]["replicas"] == 5
    assert reported["status"] == {"replicas": 7}
    body = {**reported, "status": {"replicas": 4}}
    assert (await client.replace(f"{deployments}/web/status", body))["status"] == {"replicas": 4}
    assert (await client.get(f"{deployments}/web/status"))["status"] == {"replicas": 4}


async def test_a_strategic_merge_keeps_other_containers(client: Client, deployments: str, deployment: Manifest) -> None:
    manifest = deployment()
    manifest["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "proxy:1"})
    await client.create(deployments, manifest)
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "app:2"}]}}}}
    found = await client.patch(f"{deployments}/web", patch, STRATEGIC_PATCH)
    images = {entry["name"]: entry["image"] for entry in found["spec"]["template"]["spec"]["containers"]}
    assert images == {"app": "app:2", "sidecar": "proxy:1"}


async def test_finalizers_hold_an_object(client: Client, maps: str) -> None:
    await client.create(maps, {"metadata": {"name": "a", "finalizers": ["example.com/hold"]}})
    answer = await client.request("DELETE", f"{maps}/a")
    assert answer["metadata"]["deletionTimestamp"]
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 0
    held = await client.get(f"{maps}/a")
    assert held == answer
    again = await client.request("DELETE", f"{maps}/a")
    assert again["metadata"]["deletionTimestamp"] == held["metadata"]["deletionTimestamp"]
    finalizers = ["example.com/hold", "example.com/late"]
    error = await refused(client.patch(f"{maps}/a", {"metadata": {"finalizers": finalizers}}))
    assert error.code == 422
    assert 'found new finalizers []string{"example.com/late"}' in str(error)
    last = await client.patch(f"{maps}/a", {"metadata": {"finalizers": []}})
    assert last["metadata"]["name"] == "a"
    assert await client.get_or_none(f"{maps}/a") is None


async def test_deleting_answers(client: Client, maps: str, namespace: str) -> None:
    made = await client.create(maps, {"metadata": {"name": "a"}})
    answer = await client.request("DELETE", f"{maps}/a")
    assert answer["kind"] == "Status"
    assert answer["status"] == "Success"
    assert answer["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    error = await refused(client.delete(f"{maps}/a"))
    assert error.code == 404
    services = f"/api/v1/namespaces/{namespace}/services"
    await client.create(services, {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    assert (await client.request("DELETE", f"{services}/s"))["kind"] == "Service"


@pytest.mark.parametrize(
    ("precondition", "text"),
    [
        ({"uid": "11111111"}, "the UID in the precondition (11111111) does not match the UID in record"),
        ({"resourceVersion": "1"}, "the ResourceVersion in the precondition (1) does not match the ResourceVersion in"),
    ],
)
async def test_a_delete_may_have_preconditions(client: Client, maps: str, precondition: Object, text: str) -> None:
    made = (await client.create(maps, {"metadata": {"name": "a"}}))["metadata"]
    error = await refused(client.request("DELETE", f"{maps}/a", {"preconditions": precondition}))
    assert error.code == 409
    assert text in str(error)
    right = {name: made[name] for name in precondition}
    await client.request("DELETE", f"{maps}/a", {"preconditions": right})
    assert await client.get_or_none(f"{maps}/a") is None


@pytest.mark.parametrize(
    ("policy", "finalizers"),
    [("Foreground", ["foregroundDeletion"]), ("Orphan", ["orphan"]), ("Background", None)],
)
async def test_propagation_sets_the_garbage_collectors_finalizer(
    client: Client, maps: str, policy: str, finalizers: list[str] | None
) -> None:
    await client.create(maps, {"metadata": {"name": "a"}})
    await client.delete(f"{maps}/a", propagation=policy)
    found = await client.get_or_none(f"{maps}/a")
    assert (found and found["metadata"]["finalizers"]) == finalizers


async def test_jobs_leave_their_pods_unless_told_otherwise(client: Client, namespace: str) -> None:
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}
    await client.create(jobs, {"metadata": {"name": "a"}, "spec": {"template": {"spec": pod}}})
    answer = await client.request("DELETE", f"{jobs}/a")
    assert answer["metadata"]["finalizers"] == ["orphan"]


async def test_pods_on_a_node_get_their_grace(client: Client, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    spec = {"containers": [{"name": "a", "image": "a"}], "terminationGracePeriodSeconds": 7}
    made = await client.create(pods, {"metadata": {"name": "free"}, "spec": spec})
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    await client.delete(f"{pods}/free")
    assert await client.get_or_none(f"{pods}/free") is None
    await client.create(pods, {"metadata": {"name": "bound"}, "spec": {**spec, "nodeName": "node-1"}})
    marked = await client.request("DELETE", f"{pods}/bound")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 7
    assert (await client.get(f"{pods}/bound"))["metadata"]["deletionTimestamp"]
    shorter = await client.request("DELETE", f"{pods}/bound", {"gracePeriodSeconds": 2})
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 2
    await client.request("DELETE", f"{pods}/bound", {"gracePeriodSeconds": 0})
    assert await client.get_or_none(f"{pods}/bound") is None


async def test_a_namespace_goes_when_its_finalizer_does(client: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}"
    made = await client.get(path)
    assert made["metadata"]["labels"]["kubernetes.io/metadata.name"] == namespace
    assert made["spec"] == {"finalizers": ["kubernetes"]}
    assert made["status"]["phase"] == "Active"
    marked = await client.request("DELETE", path)
    assert marked["status"]["phase"] == "Terminating"
    error = await refused(client.create(f"{path}/configmaps", {"metadata": {"name": "late"}}))
    assert (error.code, error.reason) == (403, "Forbidden")
    assert f"unable to create new content in namespace {namespace} because it is being terminated" in str(error)
    marked = await client.get(path)
    await client.replace(f"{path}/finalize", {**marked, "spec": {}})
    assert await client.get_or_none(path) is None


async def test_deleting_a_collection_takes_what_is_selected(client: Client, maps: str) -> None:
    for name, tier in (("a", "x"), ("b", "y"), ("c", "x")):
        await client.create(maps, {"metadata": {"name": name, "labels": {"tier": tier}}})
    answer = await client.request("DELETE", maps, params={"labelSelector": "tier=x"})
    assert answer["kind"] == "ConfigMapList"
    assert {item["metadata"]["name"] for item in answer["items"]} >= {"a", "c"}
    items, _ = await client.list(maps)
    names = {item["metadata"]["name"] for item in items}
    assert "b" in names
    assert not names & {"a", "c"}


async def test_a_dry_run_keeps_nothing(client: Client, maps: str) -> None:
    dry = {"dryRun": "All"}
    made = await client.request("POST", maps, {"metadata": {"name": "a"}}, params=dry)
    assert made["metadata"]["uid"]
    assert "resourceVersion" not in made["metadata"]
    assert await client.get_or_none(f"{maps}/a") is None
    kept = await client.create(maps, {"metadata": {"name": "a"}, "data": {"k": "1"}})
    changed = await client.request("PUT", f"{maps}/a", {**kept, "data": {"k": "2"}}, params=dry)
    assert changed["data"] == {"k": "2"}
    await client.request("DELETE", f"{maps}/a", params=dry)
    assert await client.get(f"{maps}/a") == kept
    error = await refused(client.request("POST", maps, {"metadata": {"name": "b"}}, params={"dryRun": "Some"}))
    assert error.code == 422
    assert 'dryRun: Unsupported value: ["Some"]: supported values: "All"' in str(error)
