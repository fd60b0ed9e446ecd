"""What a container is started with, and what keeps it from starting."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from controller.sandbox.client import Object
from controller.sandbox.pods.configuration import environment, files, missing_volume

POD: Object = {
    "metadata": {"name": "one", "namespace": "shop", "uid": "u", "labels": {"app": "web"}},
    "spec": {"nodeName": "sandbox-node"},
}
CONFIG_MAPS = {"settings": {"kind": "ConfigMap", "data": {"LEVEL": "high", "color": "red"}}}
SECRETS = {"keys": {"kind": "Secret", "data": {"TOKEN": base64.b64encode(b"hush").decode(), "binary": "/w=="}}}


def config_map(space: str, name: str) -> Object | None:
    return CONFIG_MAPS.get(name) if space == "shop" else None


def secret(space: str, name: str) -> Object | None:
    return SECRETS.get(name) if space == "shop" else None


def found(**container: Any) -> dict[str, str]:
    result = environment(POD, container, config_map, secret, "10.244.0.9")
    assert not result.problem
    return result.environment


def problem(**container: Any) -> str:
    return environment(POD, container, config_map, secret, "").problem


def test_sources_and_values() -> None:
    assert found(
        envFrom=[{"prefix": "P_", "configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}],
        env=[
            {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "LEVEL"}}},
            {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "TEXT", "value": "$(LEVEL) $(ME) $(NOBODY) $$(ME)"},
        ],
    ) == {
        "P_LEVEL": "high",
        "P_color": "red",
        "TOKEN": "hush",
        "LEVEL": "high",
        "ME": "one",
        "IP": "10.244.0.9",
        "APP": "web",
        "TEXT": "high one $(NOBODY) $(ME)",
    }


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"envFrom": [{"configMapRef": {"name": "none"}}]}, 'configmap "none" not found'),
        ({"envFrom": [{"secretRef": {"name": "none"}}]}, 'secret "none" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "a"}}}]},
            'configmap "none" not found',
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}]},
            "couldn't find key a in ConfigMap shop/settings",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}]},
            "couldn't find key a in Secret shop/keys",
        ),
    ],
)
def test_what_is_missing_is_named(container: Object, expected: str) -> None:
    assert problem(**container) == expected


def test_what_is_optional_may_be_missing() -> None:
    optional = {"name": "none", "key": "a", "optional": True}
    assert (
        found(
            envFrom=[{"configMapRef": {"name": "none", "optional": True}}],
            env=[{"name": "A", "valueFrom": {"secretKeyRef": optional}}],
        )
        == {}
    )


@pytest.mark.parametrize(
    ("volume", "missing"),
    [
        ({"configMap": {"name": "settings"}}, ""),
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        ({"configMap": {"name": "none", "optional": True}}, ""),
        ({"secret": {"secretName": "none"}}, 'secret "none" not found'),
        ({"projected": {"sources": [{"configMap": {"name": "none"}}]}}, 'configmap "none" not found'),
        ({"projected": {"sources": [{"secret": {"name": "keys"}}]}}, ""),
        ({"emptyDir": {}}, ""),
    ],
)
def test_volumes(volume: Object, missing: str) -> None:
    pod = {**POD, "spec": {"volumes": [{"name": "data", **volume}]}}
    text = missing_volume(pod, config_map, secret)
    assert text == (f'MountVolume.SetUp failed for volume "data" : {missing}' if missing else "")


def test_files_of_config_maps_are_shown_and_of_secrets_are_not() -> None:
    volumes = [{"name": "a", "configMap": {"name": "settings"}}, {"name": "b", "secret": {"secretName": "keys"}}]
    pod = {**POD, "spec": {"volumes": volumes}}
    mounts = [{"name": "a", "mountPath": "/etc/app/"}, {"name": "b", "mountPath": "/keys"}]
    assert files(pod, {"volumeMounts": mounts}, config_map) == {"/etc/app/LEVEL": "high", "/etc/app/color": "red"}
