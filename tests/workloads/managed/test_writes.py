"""Which writes make wanted revisions: up, down, and what happens to the template."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from controller.core.objects import Create, Delete, Patch
from controller.core.wanted import Template, Wanted, WantedRevision
from tests.workloads.shop import Shop, config_map, deployment, want

READS: dict[str, Any] = {"volumes": [{"name": "v", "configMap": {"name": "x"}}]}
GONE = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}


def bodies(changes: Any) -> list[dict[str, Any]]:
    return [dict(change.body) for change in changes if isinstance(change, Patch)]


def own_set(shop: Shop, name: str = "podinfo-abc", **labels: str) -> None:
    """A ReplicaSet of the template's own."""
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo", "uid": "uid-template"}
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "labels": {"app": "podinfo", **labels}}
    shop.put(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {**metadata, "ownerReferences": [{**owner, "controller": True}]},
            "spec": {"replicas": 3},
        }
    )


def test_what_is_as_wanted_is_left_alone() -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    assert shop.make(want((revision, 3))) == ()


def test_more_pods_go_up_and_fewer_go_down() -> None:
    shop = Shop(deployment())
    revision = shop.adopt(3)
    assert (bodies(shop.up(want((revision, 5)))), shop.down(want((revision, 5)))) == ([{"spec": {"replicas": 5}}], ())
    assert (shop.up(want((revision, 0))), bodies(shop.down(want((revision, 0))))) == ((), [{"spec": {"replicas": 0}}])


@pytest.mark.parametrize("replicas", [0, 1, 9, None])
def test_what_somebody_scaled_is_scaled_back(replicas: int | None) -> None:
    shop = Shop(deployment())
    revision = shop.adopt(3)
    shop.edit("Deployment", f"podinfo-{revision}", {"spec": {"replicas": replicas}})
    shop.make(want((revision, 3)))
    assert shop.get("Deployment", f"podinfo-{revision}")["spec"]["replicas"] == 3


def test_every_patch_is_valid_on_the_version_found_only() -> None:
    shop = Shop(deployment())
    revision = shop.adopt(3)
    (change,) = shop.up(want((revision, 5)))
    assert isinstance(change, Patch)
    assert change.version == shop.get("Deployment", f"podinfo-{revision}")["metadata"]["resourceVersion"]


def test_a_revision_that_somebody_deleted_is_made_again() -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    before = shop.get("Deployment", f"podinfo-{revision}")["spec"]
    shop.drop("Deployment", f"podinfo-{revision}")
    changes = shop.make(want((revision, 3), new=True))
    assert [type(change) for change in changes] == [Create], "its copies are still there"
    assert shop.get("Deployment", f"podinfo-{revision}")["spec"] == before


@pytest.mark.parametrize("what", ["image", "configuration"])
def test_a_revision_is_never_made_of_a_template_that_is_another_by_now(what: str) -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    shop.drop("Deployment", f"podinfo-{revision}")
    if what == "image":
        shop.set_image("podinfo:unvetted")
    else:
        shop.edit("ConfigMap", "x", {"data": {"COLOR": "unvetted"}})
    assert shop.up(want((revision, 3), new=True)) == ()


def test_a_revision_that_is_not_new_is_not_made() -> None:
    shop = Shop(deployment())
    assert shop.up(want((shop.proposal, 3))) == ()


def test_nothing_is_made_for_a_template_that_goes() -> None:
    shop = Shop(deployment())
    revision = shop.proposal
    shop.edit("Deployment", "podinfo", GONE)
    assert shop.template.deleting
    assert shop.make(want((revision, 3), new=True, template=Template.EMPTY)) == ()


def test_what_goes_already_is_left_alone() -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    for kind, name in (("Deployment", f"podinfo-{revision}"), ("ConfigMap", f"x-{revision}")):
        shop.edit(kind, name, GONE)
    assert shop.make(want((revision, 5))) == ()
    assert shop.make(want()) == ()


def test_copies_go_after_the_revision_that_reads_them() -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    for kept in (want((revision, 3)), want((revision, 0))):  # retiring; failed and kept without pods
        shop.make(kept)
        assert f"x-{revision}" in shop.names("ConfigMap")
    (change,) = shop.make(want())
    assert isinstance(change, Delete)
    assert (change.ref.kind, shop.names("ConfigMap")) == ("Deployment", {"x", f"x-{revision}"})
    shop.make(want())
    assert shop.names("ConfigMap") == {"x"}


def test_copies_of_a_revision_that_was_never_made_go_too() -> None:
    shop = Shop(deployment(**READS), config_map("x"))
    copy, _ = shop.up(want((shop.proposal, 3), new=True))
    shop.apply([copy])  # and then the controller died
    shop.make(want())
    assert shop.names("ConfigMap") == {"x"}


def test_somebody_elses_configuration_is_never_deleted() -> None:
    labels = {"sluice.dev/release": "other", "sluice.dev/revision": "abc", "sluice.dev/managed-by": "sluice"}
    shop = Shop(deployment(), config_map("x"), config_map("x-abc", metadata={"labels": labels}))
    shop.make(want())
    assert shop.names("ConfigMap") == {"x", "x-abc"}


def restart(shop: Shop, value: str | None, key: str = "kubectl.kubernetes.io/restartedAt") -> None:
    shop.edit("Deployment", "podinfo", {"spec": {"template": {"metadata": {"annotations": {key: value}}}}})


@pytest.mark.parametrize("key", ["kubectl.kubernetes.io/restartedAt", "sluice.dev/restart"])
def test_a_restart_is_carried_out_in_place(key: str) -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    restart(shop, "now", key)
    assert (shop.template.revision, shop.template.restarted) == (revision, "now")
    asked = Wanted((WantedRevision(revision, 3, restarted="now"),), (revision,), None)
    shop.make(asked)
    made = shop.get("Deployment", f"podinfo-{revision}")
    assert made["spec"]["template"]["metadata"]["annotations"] == {key: "now"}
    assert shop.seen.revisions[0].restarted == "now"
    assert shop.make(asked) == ()
    assert shop.template.revision == revision


def test_a_restart_of_before_its_time_is_its_own() -> None:
    template = deployment()
    template["spec"]["template"]["metadata"]["annotations"] = {"sluice.dev/restart": "then"}
    shop = Shop(template)
    revision = shop.adopt()
    assert shop.seen.revisions[0].restarted == shop.template.restarted == "then"
    restart(shop, "later")
    shop.make(Wanted((WantedRevision(revision, 3, restarted=shop.template.restarted),), (revision,), None))
    assert shop.seen.revisions[0].restarted == shop.template.restarted == "later then"


def test_how_the_template_rolls_out_is_carried_over_to_the_revision_that_it_is() -> None:
    shop = Shop(deployment())
    first = shop.adopt()
    shop.edit("Deployment", "podinfo", {"spec": {"minReadySeconds": 5, "strategy": {"type": "Recreate"}}})
    shop.make(want((first, 3)))
    made = shop.get("Deployment", f"podinfo-{first}")["spec"]
    assert (made["minReadySeconds"], made["strategy"]) == (5, {"type": "Recreate"})
    shop.edit("Deployment", "podinfo", {"spec": {"minReadySeconds": None}})
    shop.make(want((first, 3)))
    assert "minReadySeconds" not in shop.get("Deployment", f"podinfo-{first}")["spec"]
    shop.set_image("podinfo:2")
    shop.edit("Deployment", "podinfo", {"spec": {"minReadySeconds": 9}})
    assert shop.make(want((first, 3))) == (), "the one before is left as it was"


def test_the_template_is_emptied_only_once_its_pause_was_seen() -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    own_set(shop)
    assert (shop.template.own_replicasets, shop.template.own_replicas) == (("podinfo-abc",), 3)
    empty = want((revision, 3), template=Template.EMPTY)
    assert bodies(shop.make(empty)) == [{"spec": {"paused": True}}]
    assert shop.make(empty) == (), "its controller may be making pods at this moment"
    shop.observed()
    (change,) = shop.make(empty)
    assert (change.ref.kind, change.ref.name) == ("ReplicaSet", "podinfo-abc")
    assert shop.make(empty) == ()


def test_a_template_that_somebody_resumed_is_paused_and_emptied_again() -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    empty = want((revision, 3), template=Template.EMPTY)
    shop.make(empty)
    shop.observed()
    shop.edit("Deployment", "podinfo", {"spec": {"paused": False}})
    shop.observed()
    own_set(shop)
    assert not shop.template.paused
    assert bodies(shop.make(empty)) == [{"spec": {"paused": True}}]
    assert "podinfo-abc" in shop.names("ReplicaSet")
    shop.observed()
    shop.make(empty)
    assert shop.names("ReplicaSet") == set()


@pytest.mark.parametrize("asked", [Template.LEAVE, Template.PAUSE, Template.RESUME])
@pytest.mark.parametrize("paused", [True, False])
def test_nothing_but_emptying_takes_pods_away(asked: Template, paused: bool) -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    own_set(shop)
    shop.edit("Deployment", "podinfo", {"spec": {"paused": paused}})
    shop.observed()
    shop.make(want((revision, 3), template=asked))
    assert shop.names("ReplicaSet") == {"podinfo-abc"}
    wanted = {Template.LEAVE: paused, Template.PAUSE: True, Template.RESUME: False}[asked]
    assert shop.template.paused is wanted
    assert shop.make(want((revision, 3), template=asked)) == ()


def test_pods_of_a_revision_whose_deployment_was_deleted_alone_serve_until_it_has_others() -> None:
    """Its ReplicaSet falls to the template, whose selector it fits."""
    shop = Shop(deployment())
    revision = shop.adopt()
    shop.edit("Deployment", "podinfo", {"spec": {"paused": True}})
    shop.observed()
    shop.drop("Deployment", f"podinfo-{revision}")
    own_set(shop, "podinfo-orphan", **{"sluice.dev/revision": revision})
    own_set(shop, "podinfo-old")
    empty = want((revision, 3), new=True, template=Template.EMPTY)
    for _ in range(2):
        shop.make(empty)
        assert shop.names("ReplicaSet") == {"podinfo-orphan"}
    shop.ready(f"podinfo-{revision}")
    shop.make(empty)
    assert shop.names("ReplicaSet") == set()


def test_replica_sets_of_others_stay() -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    own_set(shop)
    shop.get("ReplicaSet", "podinfo-abc")["metadata"]["ownerReferences"][0]["uid"] = "another"
    shop.edit("Deployment", "podinfo", {"spec": {"paused": True}})
    shop.observed()
    assert shop.make(want((revision, 3), template=Template.EMPTY)) == ()


def test_what_goes_up_never_goes_down_in_the_same_breath() -> None:
    """Ups and downs are apart, so that routes can be written in between."""
    shop = Shop(deployment())
    first = shop.adopt()
    shop.set_image("podinfo:2")
    second = shop.proposal
    shop.make(want((second, 1), (first, 3), new=True))
    both = replace(want((second, 4)), template=Template.PAUSE)
    assert bodies(shop.up(both)) == [{"spec": {"replicas": 4}}]
    assert [type(change) for change in shop.down(both)] == [Delete, Patch]


def kept_set(shop: Shop, revision: str) -> None:
    """What Kubernetes keeps of a revision's pods as they were first."""
    one = shop.get("Deployment", f"podinfo-{revision}")
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": one["metadata"]["name"], "controller": True}
    template = copy.deepcopy(one["spec"]["template"])
    template["metadata"]["labels"]["pod-template-hash"] = "abc"
    references = [{**owner, "uid": one["metadata"]["uid"]}]
    name = f"podinfo-{revision}-abc"
    metadata = {"name": name, "namespace": "shop", "uid": "uid-kept", "ownerReferences": references}
    shop.put({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": {"template": template}})


EDIT = {"spec": {"template": {"spec": {"hostname": "other", "containers": [{"name": "podinfo", "image": "evil:1"}]}}}}


@pytest.mark.parametrize("source", ["template", "replica set"])
def test_a_revision_that_somebody_edited_is_what_it_was(source: str) -> None:
    """Even where the template is another one by now: its first ReplicaSet tells."""
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt(3)
    before = copy.deepcopy(shop.get("Deployment", f"podinfo-{revision}")["spec"])
    if source == "replica set":
        kept_set(shop, revision)
        shop.edit(
            "Deployment", "podinfo", {"spec": {"template": {"metadata": {"labels": {"app": "podinfo", "v": "2"}}}}}
        )
    shop.edit("Deployment", f"podinfo-{revision}", EDIT)
    assert shop.get("Deployment", f"podinfo-{revision}")["spec"] != before
    shop.make(want((revision, 3)))
    assert shop.get("Deployment", f"podinfo-{revision}")["spec"] == before
    assert shop.make(want((revision, 3))) == ()


def test_an_edit_of_which_nobody_knows_what_was_before_is_left_alone() -> None:
    shop = Shop(deployment())
    revision = shop.adopt(3)
    shop.edit("Deployment", "podinfo", {"spec": {"template": {"metadata": {"labels": {"app": "podinfo", "v": "2"}}}}})
    shop.edit("Deployment", f"podinfo-{revision}", EDIT)
    assert shop.up(want((revision, 3))) == ()
