"""Which Deployments are revisions, and which revision the template is."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controller.core.objects import Patch
from tests.workloads.shop import Shop, config_map, deployment, release, want

READS: dict[str, Any] = {"volumes": [{"name": "v", "configMap": {"name": "x"}}]}


def test_the_template_is_the_revision_that_was_made_of_it() -> None:
    shop = Shop(deployment())
    assert shop.template.revision == ""
    first = shop.adopt()
    assert shop.template.revision == first
    shop.set_image("podinfo:2")
    assert shop.template.revision == ""
    second = shop.proposal
    assert second != first
    shop.set_image("podinfo:1")
    assert shop.template.revision == first


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"replicas": 9}},
        {"spec": {"paused": True}},
        {"spec": {"minReadySeconds": 3}},
        {"metadata": {"annotations": {"a": "b"}, "labels": {"a": "b"}}},
        {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}},
        {"spec": {"template": {"metadata": {"annotations": {"sluice.dev/restart": "now"}}}}},
        {"spec": {"template": {"metadata": {"annotations": {"meta.helm.sh/release-name": "prod"}}}}},
        {"spec": {"template": {"spec": {"dnsPolicy": "ClusterFirst", "restartPolicy": "Always"}}}},
    ],
    ids=str,
)
def test_what_is_no_new_revision(change: dict[str, Any]) -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    shop.edit("Deployment", "podinfo", change)
    assert shop.template.revision == revision


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {"team": "b"}},
        {"annotations": {"checksum/config": "2"}},
        {"labels": {"service.istio.io/canonical-revision": "v7"}},
    ],
    ids=str,
)
def test_what_is_a_new_revision(change: dict[str, Any]) -> None:
    shop = Shop(deployment())
    shop.adopt()
    shop.edit("Deployment", "podinfo", {"spec": {"template": {"metadata": change}}})
    assert shop.template.revision == ""


def test_a_revision_that_goes_is_not_taken_and_its_name_is_not_given_again() -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    shop.edit("Deployment", f"podinfo-{revision}", {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
    assert shop.template.revision == ""
    assert shop.template.proposal != revision
    second = shop.proposal
    shop.drop("Deployment", f"podinfo-{revision}")
    shop.make(want((second, 3), new=True))
    assert shop.template.revision == second, "the name that it was given meanwhile is good"


def test_somebody_elses_deployments_are_no_revisions() -> None:
    shop = Shop(deployment(), deployment("other"))
    revision = shop.adopt()
    exported = copy.deepcopy(shop.get("Deployment", f"podinfo-{revision}"))
    exported["metadata"]["name"] = "test"
    shop.put(exported)
    assert [one.deployment for one in shop.seen.revisions] == [f"podinfo-{revision}"]
    shop.down(want((revision, 3)))
    assert {"other", "test"} <= shop.names("Deployment")


def test_a_template_that_was_exported_from_a_revision_is_a_template() -> None:
    template = deployment()
    template["metadata"]["labels"] = {"sluice.dev/release": "podinfo", "sluice.dev/revision": "abc"}
    template["spec"]["selector"]["matchLabels"]["sluice.dev/revision"] = "abc"
    exported = {"sluice.dev/revision": "abc", "service.istio.io/canonical-revision": "abc"}
    template["spec"]["template"]["metadata"]["labels"] |= exported
    shop = Shop(template)
    assert shop.seen.revisions == ()
    revision = shop.adopt()
    assert shop.template.revision == revision
    assert not any(change.ref.name == "podinfo" for change in shop.down(want()))


@pytest.mark.parametrize("labels", [{}, {"sluice.dev/release": "elsewhere"}], ids=["none", "of another Release"])
def test_labels_that_somebody_took_away_are_put_back(labels: dict[str, str]) -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    right = shop.get("Deployment", f"podinfo-{revision}")["metadata"]["labels"]
    shop.get("Deployment", f"podinfo-{revision}")["metadata"]["labels"] = labels
    assert shop.template.revision == revision
    shop.make(want((revision, 3)))
    assert shop.get("Deployment", f"podinfo-{revision}")["metadata"]["labels"] == right
    assert shop.make(want((revision, 3))) == ()


def test_a_release_made_anew_under_another_name_takes_over_what_serves() -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    renamed = Shop(*shop.objects.values(), release=release("shop"))
    assert renamed.template.revision == revision
    renamed.make(want((revision, 3)))
    for kind, name in (("Deployment", f"podinfo-{revision}"), ("ConfigMap", f"x-{revision}")):
        assert renamed.get(kind, name)["metadata"]["labels"]["sluice.dev/release"] == "shop"
    renamed.make(want())
    assert (renamed.names("Deployment"), renamed.names("ConfigMap")) == ({"podinfo"}, set("x") | {f"x-{revision}"})
    renamed.make(want())
    assert renamed.names("ConfigMap") == {"x"}


def test_another_template_named_keeps_what_serves_and_its_owner() -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    moved = Shop(*shop.objects.values(), deployment("web"), release=release(deployment="web"))
    assert [one.name for one in moved.seen.revisions] == [revision]


def test_a_template_made_anew_owns_its_revisions_again() -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    for one in shop.objects.values():
        one["metadata"]["ownerReferences"] = one["metadata"].get("ownerReferences", []) and [
            *one["metadata"]["ownerReferences"],
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "theirs", "uid": "u"},
        ]
    shop.get("Deployment", "podinfo")["metadata"]["uid"] = "uid-anew"
    changes = shop.make(want((revision, 3)))
    assert all(isinstance(change, Patch) for change in changes)
    for kind, name in (("Deployment", f"podinfo-{revision}"), ("ConfigMap", f"x-{revision}")):
        owners = shop.get(kind, name)["metadata"]["ownerReferences"]
        assert [owner["uid"] for owner in owners] == ["u", "uid-anew"]
    assert shop.make(want((revision, 3))) == ()
