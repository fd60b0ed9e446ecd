"""What a new revision is made of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.core.objects import Create
from tests.workloads.shop import Shop, chosen, config_map, deployment, release, secret, want

GOLDEN = Path(__file__).parents[2] / "golden/workloads"

TRACKING = [
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/sync-wave",
    "kustomize.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/namespace",
    "meta.helm.sh/release-name",
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
]


def created(shop: Shop, replicas: int = 3) -> dict[str, Any]:
    """The Deployment of a first revision."""
    change = shop.up(want((shop.proposal, replicas), new=True))[-1]
    assert isinstance(change, Create)
    assert change.wanted["kind"] == "Deployment"
    return dict(change.wanted)


def full() -> Shop:
    """A Deployment with everything that a revision copies, leaves out or points elsewhere."""
    container = {
        "name": "podinfo",
        "image": "podinfo:1",
        "envFrom": [{"configMapRef": {"name": "env"}}, {"secretRef": {"name": "password"}}],
        "env": [
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "COLOR"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "key", "key": "KEY"}}},
            {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "C", "optional": True}}},
        ],
    }
    template = deployment(
        containers=[container],
        initContainers=[
            {"name": "sidecar", "image": "s:1", "restartPolicy": "Always", "envFrom": container["envFrom"]},
            {"name": "init", "image": "i:1", "env": container["env"]},
        ],
        volumes=[
            {"name": "a", "configMap": {"name": "settings", "items": [{"key": "COLOR", "path": "color"}]}},
            {"name": "b", "secret": {"secretName": "key"}},
            {
                "name": "c",
                "projected": {
                    "sources": [
                        {"configMap": {"name": "files"}},
                        {"secret": {"name": "key"}},
                        {"secret": {"name": "password"}},
                        {"serviceAccountToken": {"path": "token"}},
                    ]
                },
            },
            {"name": "d", "configMap": {"name": "shared"}},
        ],
    )
    template["metadata"]["labels"] = {"app": "podinfo", "app.kubernetes.io/instance": "prod"}
    template["metadata"]["annotations"] = dict.fromkeys(TRACKING, "x")
    template["spec"] |= {
        "paused": True,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "minReadySeconds": 5,
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": 60,
    }
    template["spec"]["template"]["metadata"] = {
        "labels": {"app": "podinfo", "app.kubernetes.io/instance": "prod", "team": "a"},
        "annotations": {"prometheus.io/scrape": "true", "meta.helm.sh/release-name": "prod"},
    }
    return Shop(
        template,
        config_map("env"),
        config_map("settings"),
        config_map("files", binaryData={"logo": "iVBORw=="}),
        config_map("shared", metadata={"annotations": {"sluice.dev/revision": "false"}}),
        chosen("key"),
        secret("password"),
    )


@pytest.mark.parametrize(("name", "shop"), [("plain", Shop(deployment())), ("full", full())])
def test_all_that_is_made_for_a_revision(request: pytest.FixtureRequest, name: str, shop: Shop) -> None:
    made = [dict(one.wanted) for one in shop.up(want((shop.proposal, 2), new=True)) if isinstance(one, Create)]
    text = yaml.safe_dump_all(made, sort_keys=False, width=120)
    file = GOLDEN / f"{name}.yaml"
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert file.is_file(), f"{file} is missing; write it with pytest --update-golden"
    assert text == file.read_text()


def test_configuration_is_made_before_the_pods_that_read_it() -> None:
    shop = full()
    kinds = [change.ref.kind for change in shop.up(want((shop.proposal, 2), new=True))]
    assert kinds == ["ConfigMap", "ConfigMap", "ConfigMap", "Secret", "Deployment"]


def test_the_template_owns_it_and_controls_nothing() -> None:
    (owner,) = created(Shop(deployment()))["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "podinfo",
        "uid": "uid-template",
        "controller": False,
        "blockOwnerDeletion": False,
    }


def test_pods_keep_the_users_labels_and_are_told_apart_by_ours() -> None:
    shop = full()
    made = created(shop)
    labels = {
        "app": "podinfo",
        "app.kubernetes.io/instance": "prod",
        "team": "a",
        "sluice.dev/revision": shop.proposal,
        "service.istio.io/canonical-revision": shop.proposal,
    }
    assert made["spec"]["template"]["metadata"]["labels"] == labels
    assert made["spec"]["selector"] == {"matchLabels": {"app": "podinfo", "sluice.dev/revision": shop.proposal}}


def test_expressions_of_a_selector_are_kept() -> None:
    template = deployment()
    terms = [{"key": "app", "operator": "In", "values": ["podinfo"]}]
    template["spec"]["selector"] = {"matchExpressions": terms}
    shop = Shop(template)
    selector = created(shop)["spec"]["selector"]
    assert selector == {"matchExpressions": terms, "matchLabels": {"sluice.dev/revision": shop.proposal}}


def test_the_users_canonical_revision_stays() -> None:
    template = deployment()
    template["spec"]["template"]["metadata"]["labels"]["service.istio.io/canonical-revision"] = "v7"
    made = created(Shop(template))
    assert made["spec"]["template"]["metadata"]["labels"]["service.istio.io/canonical-revision"] == "v7"


@pytest.mark.parametrize("key", TRACKING)
def test_what_tells_a_tool_that_an_object_is_its_own_is_never_copied(key: str) -> None:
    template = deployment()
    for metadata in (template["metadata"], template["spec"]["template"]["metadata"]):
        metadata["annotations"] = {key: "x"}
    template["metadata"]["labels"] = {key.replace("last-applied-configuration", "x"): "x"}
    shop = Shop(template)
    made = created(shop)
    assert set(made["metadata"]["labels"]) == {"sluice.dev/release", "sluice.dev/revision", "sluice.dev/managed-by"}
    assert "annotations" not in made["metadata"]
    assert "annotations" not in made["spec"]["template"]["metadata"]
    shop.adopt()
    assert shop.template.revision, "and what was left out makes no difference"


def test_annotations_of_pods_that_are_the_users_are_copied() -> None:
    template = deployment()
    mine = {
        "checksum/config": "1",
        "app.kubernetes.io/instance-id": "7",
        "kubectl.kubernetes.io/default-container": "x",
    }
    template["spec"]["template"]["metadata"]["annotations"] = dict(mine)
    assert created(Shop(template))["spec"]["template"]["metadata"]["annotations"] == mine


def test_how_it_rolls_out_is_copied_and_the_pause_is_not() -> None:
    shop = full()
    made, theirs = created(shop, replicas=7), shop.get("Deployment", "podinfo")["spec"]
    assert made["spec"]["replicas"] == 7
    assert "paused" not in made["spec"]
    for field in ("strategy", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        assert made["spec"][field] == theirs[field]


@pytest.mark.parametrize("length", [1, 51, 52, 53, 63, 200])
def test_names_fit_labels_and_keep_long_deployments_apart(length: int) -> None:
    names = ["p" * (length - 1) + letter for letter in "ab"]
    made = [created(Shop(deployment(name), release=release(deployment=name))) for name in names]
    ones = [one["metadata"]["name"] for one in made]
    assert ones[0] != ones[1]
    for name, one in zip(names, ones, strict=True):
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", one)
        assert len(one) <= 63
        if length <= 52:
            assert re.fullmatch(rf"{name}-[a-z0-9]{{10}}", one)


def test_a_long_name_of_a_release_fits_a_label_too() -> None:
    long = [release("r" * 99 + letter) for letter in "ab"]
    labels = [created(Shop(deployment(), release=one))["metadata"]["labels"]["sluice.dev/release"] for one in long]
    assert all(len(label) <= 63 for label in labels)
    assert labels[0] != labels[1]
    shop = Shop(deployment(), release=long[0])
    assert shop.adopt() == shop.template.revision


def test_copies_cannot_be_changed_and_keep_what_kind_of_secret_they_are() -> None:
    shop = full()
    shop.adopt()
    copies = {one["metadata"]["name"]: one for key, one in shop.objects.items() if "immutable" in one}
    revision = shop.template.revision
    assert set(copies) == {f"{name}-{revision}" for name in ("env", "files", "key", "settings")}
    assert all(one["immutable"] is True for one in copies.values())
    assert copies[f"files-{revision}"]["binaryData"] == {"logo": "iVBORw=="}
    assert (copies[f"key-{revision}"]["type"], copies[f"key-{revision}"]["data"]) == ("Opaque", {"KEY": "aHVzaA=="})
