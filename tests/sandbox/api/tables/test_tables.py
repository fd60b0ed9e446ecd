"""What `kubectl get` shows of each kind: the cells, as a real API server gives them."""

from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.client import Client

Object = dict[str, Any]
ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io"
OLD = "2025-01-01T00:00:00Z"
PODS = [{"name": "c", "image": "i"}, {"name": "d", "image": "j:2"}]
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": PODS}}
SELECTOR = {"matchLabels": {"a": "b"}}
WORKLOAD = {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE}
TARGET = {"kind": "Deployment", "name": "w", "apiVersion": "apps/v1"}


def state(name: str = "c", *, ready: bool = False, restarts: int = 0, last: str = "", **now: Any) -> Object:
    status: Object = {"name": name, "ready": ready, "restartCount": restarts, "image": "i", "imageID": "", "state": now}
    if last:
        status["lastState"] = {"terminated": {"exitCode": 1, "finishedAt": last, "startedAt": last}}
    return status


RUNNING: Object = {"running": {"startedAt": OLD}}
DONE: Object = {"terminated": {"exitCode": 0, "startedAt": OLD, "finishedAt": OLD}}


def exited(**values: Any) -> Object:
    return {"terminated": {"startedAt": OLD, "finishedAt": OLD, **values}}


def inits(*states: Object) -> Object:
    """The statuses of init containers i1, i2 (which goes on running), i3."""
    listed = [{**state(f"i{i}", restarts=1, **now), "started": i == 2} for i, now in enumerate(states, 1)]
    return {"phase": "Pending", "initContainerStatuses": listed}


@pytest.mark.parametrize(
    ("status", "cells"),
    [
        ({}, ["0/2", "Pending", "0"]),
        (
            {
                "phase": "Running",
                "containerStatuses": [state(ready=True, restarts=2, **RUNNING), state("d", ready=True, **RUNNING)],
            },
            ["2/2", "Running", "2"],
        ),
        (
            {"containerStatuses": [state(restarts=4, waiting={"reason": "CrashLoopBackOff"}), state("d", **RUNNING)]},
            ["0/2", "CrashLoopBackOff", "4"],
        ),
        ({"phase": "Failed", "containerStatuses": [state(**exited(exitCode=3))]}, ["0/2", "ExitCode:3", "0"]),
        ({"phase": "Failed", "containerStatuses": [state(**exited(exitCode=0, signal=9))]}, ["0/2", "Signal:9", "0"]),
        (
            {
                "phase": "Running",
                "containerStatuses": [
                    state(**exited(exitCode=0, reason="Completed")),
                    state("d", ready=True, **RUNNING),
                ],
            },
            ["1/2", "NotReady", "0"],
        ),
        ({"phase": "Failed", "reason": "Evicted"}, ["0/2", "Evicted", "0"]),
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]},
            ["0/2", "SchedulingGated", "0"],
        ),
    ],
)
async def test_pods(client: Client, namespace: str, status: Object, cells: list[Any]) -> None:
    assert (await shown(client, namespace, {"containers": PODS}, status))[1:4] == cells


@pytest.mark.parametrize(
    ("status", "cells"),
    [
        (inits({"waiting": {"reason": "PodInitializing"}}), ["0/3", "Init:0/3", "1"]),
        (inits(DONE, RUNNING, RUNNING), ["0/3", "Init:2/3", "3"]),
        (inits(DONE, RUNNING, exited(exitCode=2)), ["0/3", "Init:ExitCode:2", "3"]),
        (inits(DONE, RUNNING, {"waiting": {"reason": "CrashLoopBackOff"}}), ["0/3", "Init:CrashLoopBackOff", "3"]),
        (inits(exited(exitCode=2, reason="Error")), ["0/3", "Init:Error", "1"]),
        ({**inits(DONE, RUNNING, DONE), "phase": "Running"}, ["0/3", "Running", "1"]),
    ],
)
async def test_pods_that_begin(client: Client, namespace: str, status: Object, cells: list[Any]) -> None:
    init = [{"name": "i1", "image": "x"}, {"name": "i2", "image": "x", "restartPolicy": "Always"}]
    spec = {"containers": PODS, "initContainers": [*init, {"name": "i3", "image": "x"}]}
    assert (await shown(client, namespace, spec, status))[1:4] == cells


async def test_pods_that_go_and_pods_that_went(client: Client, namespace: str) -> None:
    ready = state(ready=True, restarts=2, last=OLD, **RUNNING)
    status = {"phase": "Running", "podIP": "10.1.1.1", "podIPs": [{"ip": "10.1.1.1"}], "containerStatuses": [ready]}
    gates = [{"conditionType": "x.io/a"}]
    cells = await shown(client, namespace, {"containers": PODS, "nodeName": "n1", "readinessGates": gates}, status)
    assert cells[3].startswith("2 (")
    assert cells[3].endswith(" ago)")
    assert cells[5:] == ["10.1.1.1", "n1", "<none>", "0/1"]
    pods = f"/api/v1/namespaces/{namespace}/pods"
    await client.delete(f"{pods}/a")
    assert (await rows(client, pods))[0][2] == "Terminating"
    await client.patch(f"{pods}/a/status", {"status": {"phase": "Succeeded"}})
    answer = await client.request("GET", pods, accept=ACCEPT)
    assert answer["rows"][0]["conditions"][0]["reason"] == "Succeeded"


async def shown(client: Client, namespace: str, spec: Object, status: Object) -> list[Any]:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    await client.create(pods, {"metadata": {"name": "a"}, "spec": spec})
    await client.patch(f"{pods}/a/status", {"status": status})
    return (await rows(client, pods))[0]


async def rows(client: Client, path: str) -> list[list[Any]]:
    answer = await client.request("GET", path, accept=ACCEPT)
    return [row["cells"] for row in answer["rows"]]


JOB = {"template": {"spec": {"containers": PODS, "restartPolicy": "Never"}}}
METRICS = [
    {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}},
    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
    {"type": "External", "external": {"metric": {"name": "e"}, "target": {"type": "Value", "value": "9"}}},
]
BACKEND = {"service": {"name": "x", "port": {"number": 80}}}
AGE = object()  # a cell whose value is not compared
OTHERS: list[tuple[str, Object, Object | None, list[Any]]] = [
    (
        "apps/v1/deployments",
        {"spec": WORKLOAD},
        {"replicas": 3, "updatedReplicas": 2, "readyReplicas": 1, "availableReplicas": 1},
        ["a", "1/3", 2, 1, AGE, "c,d", "i,j:2", "a=b"],
    ),
    (
        "apps/v1/replicasets",
        {"spec": WORKLOAD},
        {"replicas": 3, "readyReplicas": 1},
        ["a", 3, 3, 1, AGE, "c,d", "i,j:2", "a=b"],
    ),
    (
        "apps/v1/statefulsets",
        {"spec": {**WORKLOAD, "serviceName": "x"}},
        {"replicas": 3, "readyReplicas": 1, "availableReplicas": 0},
        ["a", "1/3", AGE, "c,d", "i,j:2"],
    ),
    (
        "apps/v1/daemonsets",
        {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
        {"currentNumberScheduled": 1, "numberMisscheduled": 0, "desiredNumberScheduled": 2, "numberReady": 1},
        ["a", 2, 1, 1, 0, 0, "<none>", AGE, "c,d", "i,j:2", "a=b"],
    ),
    (
        "batch/v1/jobs",
        {"spec": {**JOB, "completions": 3}},
        {"startTime": OLD, "succeeded": 1},
        ["a", "Running", "1/3", AGE, AGE, "c,d", "i,j:2", AGE],
    ),
    (
        "batch/v1/jobs",
        {"spec": {**JOB, "suspend": True}},
        {"conditions": [{"type": "Suspended", "status": "True"}]},
        ["a", "Suspended", "0/1", "", AGE, "c,d", "i,j:2", AGE],
    ),
    (
        "batch/v1/cronjobs",
        {"spec": {"schedule": "* * * * *", "timeZone": "Etc/UTC", "jobTemplate": {"spec": JOB}}},
        {"active": [{"name": "x"}]},
        ["a", "* * * * *", "Etc/UTC", "False", 1, "<none>", AGE, "c,d", "i,j:2", "<none>"],
    ),
    (
        "autoscaling/v2/horizontalpodautoscalers",
        {"spec": {"minReplicas": 2, "maxReplicas": 5, "scaleTargetRef": TARGET, "metrics": METRICS}},
        {
            "desiredReplicas": 3,
            "currentReplicas": 3,
            "currentMetrics": [
                {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 33}}}
            ],
        },
        ["a", "Deployment/w", "cpu: 33%/50%, memory: <unknown>/1Gi + 1 more...", "2", 5, 3, AGE],
    ),
    (
        "policy/v1/poddisruptionbudgets",
        {"spec": {"minAvailable": "50%", "selector": SELECTOR}},
        None,
        ["a", "50%", "N/A", 0, AGE],
    ),
    (
        "v1/services",
        {"spec": {"type": "ExternalName", "externalName": "a.b"}},
        None,
        ["a", "ExternalName", "<none>", "a.b", "<none>", AGE, "<none>"],
    ),
    (
        "v1/services",
        {
            "spec": {
                "type": "LoadBalancer",
                "selector": {"b": "c", "a": "b"},
                "ports": [{"port": 53, "protocol": "UDP"}],
                "allocateLoadBalancerNodePorts": False,
            }
        },
        None,
        ["a", "LoadBalancer", AGE, "<pending>", "53/UDP", AGE, "a=b,b=c"],
    ),
    (
        "v1/endpoints",
        {"subsets": [{"addresses": [{"ip": f"10.0.0.{i}"} for i in range(1, 6)], "ports": [{"port": 80}]}]},
        None,
        ["a", "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...", AGE],
    ),
    (
        "discovery.k8s.io/v1/endpointslices",
        {"addressType": "IPv4", "ports": [{"port": 80}], "endpoints": [{"addresses": ["10.0.0.1"]}]},
        None,
        ["a", "IPv4", "80", "10.0.0.1", AGE],
    ),
    (
        "networking.k8s.io/v1/ingresses",
        {"spec": {"ingressClassName": "q", "tls": [{}], "defaultBackend": BACKEND}},
        {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "x.y"}]}},
        ["a", "q", "*", "1.2.3.4,x.y", "80, 443", AGE],
    ),
    ("networking.k8s.io/v1/networkpolicies", {"spec": {"podSelector": SELECTOR}}, None, ["a", "a=b", AGE]),
    ("v1/configmaps", {"data": {"a": "b"}, "binaryData": {"c": "aGk="}}, None, ["a", 2, AGE]),
    ("v1/secrets", {"stringData": {"a": "b"}}, None, ["a", "Opaque", 1, AGE]),
    ("v1/serviceaccounts", {}, None, ["a", 0, AGE]),
    ("coordination.k8s.io/v1/leases", {"spec": {"holderIdentity": "me"}}, None, ["a", "me", AGE]),
    (
        "rbac.authorization.k8s.io/v1/rolebindings",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"},
                {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
            ],
        },
        None,
        ["a", "Role/r", AGE, "u", "", "n/s"],
    ),
    ("rbac.authorization.k8s.io/v1/roles", {"rules": []}, None, ["a", AGE]),
    ("apps/v1/controllerrevisions", {"revision": 3, "data": {"a": 1}}, None, ["a", "<none>", 3, AGE]),
]


@pytest.mark.parametrize(("kind", "item", "status", "cells"), OTHERS, ids=[row[0] for row in OTHERS])
async def test_other_kinds(
    client: Client, namespace: str, kind: str, item: Object, status: Object | None, cells: list[Any]
) -> None:
    group_version, _, plural = kind.rpartition("/")
    base = "/apis" if "/" in group_version else "/api"
    path = f"{base}/{group_version}/namespaces/{namespace}/{plural}"
    await client.create(path, {"metadata": {"name": "a"}, **item})
    if status is not None:
        await client.patch(f"{path}/a/status", {"status": status})
    found = (await rows(client, path))[0]
    assert [cell if want is not AGE else AGE for cell, want in zip(found, cells, strict=True)] == cells


async def test_events(client: Client, namespace: str) -> None:
    events = f"/api/v1/namespaces/{namespace}/events"
    about = {"kind": "Pod", "name": "p", "namespace": namespace, "fieldPath": "spec.x"}
    source = {"component": "c", "host": "h"}
    first = {"reason": "R", "message": " hi ", "type": "Normal", "source": source, "lastTimestamp": OLD, "count": 3}
    await client.create(events, {"metadata": {"name": "a"}, "involvedObject": about, **first})
    cells = (await rows(client, events))[0]
    assert cells[1:7] == ["Normal", "R", "pod/p", "spec.x", "c, h", "hi"]
    assert cells[8:] == [3, "a"]
    again = await rows(client, f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")
    assert again[0][1:7] == cells[1:7]
