"""A revision read back from an API server, which fills in its defaults, is still what its template is."""

from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.workloads.kinds import CONFIG_MAP, DEPLOYMENT
from tests.workloads.shop import chosen, config_map, deployment, want

Hands = Any  # the class is in conftest.py

PROBE = {"httpGet": {"port": 9898}}
READS = [{"configMapRef": {"name": "settings"}}]

TEMPLATES: dict[str, dict[str, Any]] = {
    "plain": {},
    "probes": {
        "containers": [
            {
                "name": "app",
                "image": "podinfo",
                "livenessProbe": PROBE,
                "readinessProbe": {"tcpSocket": {"port": 1}},
                "startupProbe": {"grpc": {"port": 1}},
                "lifecycle": {"preStop": PROBE},
                "ports": [{"containerPort": 9898}, {"containerPort": 53, "protocol": "UDP"}],
                "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": 0.5}},
                "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}, {"name": "EMPTY"}],
                "securityContext": {},
            }
        ]
    },
    "configuration": {
        "containers": [
            {
                "name": "app",
                "image": "podinfo:1",
                "envFrom": READS,
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "key", "key": "KEY"}}}],
            }
        ],
        "initContainers": [{"name": "side", "image": "s:1", "restartPolicy": "Always", "envFrom": READS}],
        "volumes": [
            {"name": "a", "configMap": {"name": "settings"}},
            {"name": "b", "secret": {"secretName": "key", "optional": False}},
            {
                "name": "c",
                "projected": {
                    "sources": [
                        {"configMap": {"name": "settings", "optional": True}},
                        {"secret": {"name": "key"}},
                        {"serviceAccountToken": {"path": "token"}},
                        {"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                    ]
                },
            },
            {"name": "d", "emptyDir": {"sizeLimit": "1024Mi"}},
            {"name": "e", "configMap": {"name": "missing", "optional": True}},
        ],
    },
    "pod": {
        "serviceAccountName": "shop",
        "hostNetwork": False,
        "terminationGracePeriodSeconds": 0,
        "nodeSelector": {"gpu": ""},
        "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": "podinfo"}},
            }
        ],
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone", "labelSelector": {}}]
            }
        },
        "securityContext": {"runAsNonRoot": True, "fsGroup": 7},
    },
}


@pytest.mark.parametrize("name", TEMPLATES)
async def test_a_revision_read_back_is_its_template(hands: Hands, name: str) -> None:
    for one in (config_map("settings"), chosen("key"), deployment(**TEMPLATES[name])):
        await hands.create(one)
    before = await hands.template()
    revision = before.proposal
    await hands.make(want((revision, 3), new=True))
    after = await hands.template()
    assert (after.revision, after.content) == (revision, before.content)
    assert await hands.make(want((revision, 3))) == [], "and nothing is left to do"


async def test_applying_the_manifest_again_is_no_new_revision(hands: Hands) -> None:
    """Also by server-side apply, and with defaults written out."""
    user = deployment(**TEMPLATES["probes"])
    await hands.create(user)
    revision = (await hands.template()).proposal
    await hands.make(want((revision, 3), new=True))
    namespace = hands.lab.namespace
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "podinfo"}, "spec": user["spec"]}
    await hands.lab.client.apply(DEPLOYMENT.path(namespace, "podinfo"), manifest)
    assert (await hands.template()).revision == revision
    spec = {"restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {}}
    await hands.lab.patch(DEPLOYMENT, "podinfo", {"spec": {"replicas": 7, "template": {"spec": spec}}})
    assert (await hands.template()).revision == revision
    await hands.lab.set_image("podinfo", "podinfo:2")
    assert (await hands.template()).revision == ""


async def test_copies_are_immutable_for_the_server_too(hands: Hands) -> None:
    for one in (config_map("settings"), chosen("key"), deployment(**TEMPLATES["configuration"])):
        await hands.create(one)
    revision = (await hands.template()).proposal
    await hands.make(want((revision, 1), new=True))
    with pytest.raises(Exception, match="immutable"):
        await hands.lab.patch(CONFIG_MAP, f"settings-{revision}", {"data": {"COLOR": "blue"}})
