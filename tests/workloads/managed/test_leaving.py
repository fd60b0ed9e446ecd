"""A revision that is cut loose, and what a later Release finds of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.core.objects import Patch
from controller.core.wanted import Template
from controller.workloads import workload_of
from tests.workloads.shop import Shop, config_map, deployment, release, want

READS: dict[str, Any] = {"volumes": [{"name": "v", "configMap": {"name": "x"}}]}


def left() -> tuple[Shop, str]:
    shop = Shop(deployment(**READS), config_map("x"))
    revision = shop.adopt()
    shop.set_image("x:2")
    shop.apply(workload_of(release()).leave(release(), revision, shop.found))
    return shop, revision


def test_nothing_owns_it_and_its_configuration_is_its_own() -> None:
    shop, revision = left()
    kept, copy = shop.get("Deployment", f"podinfo-{revision}"), shop.get("ConfigMap", f"x-{revision}")
    assert not kept["metadata"].get("ownerReferences")
    assert [owner["uid"] for owner in copy["metadata"]["ownerReferences"]] == [kept["metadata"]["uid"]]
    for one in (kept, copy):
        assert one["metadata"]["labels"] == {"sluice.dev/revision": revision}
    assert kept["metadata"]["annotations"]["sluice.dev/kept-for"] == "podinfo"
    assert workload_of(release()).leave(release(), revision, shop.found) == ()


def test_a_later_release_of_any_name_makes_it_its_own_again() -> None:
    shop, revision = left()
    later = Shop(*shop.objects.values(), release=release("later"))
    assert [one.name for one in later.seen.revisions] == [revision]
    later.make(want((revision, 3)))
    kept = later.get("Deployment", f"podinfo-{revision}")["metadata"]
    assert "sluice.dev/kept-for" not in kept["annotations"]
    assert kept["labels"]["sluice.dev/release"] == "later"
    assert [owner["uid"] for owner in kept["ownerReferences"]] == ["uid-template"]


def test_another_deployment_has_nothing_to_do_with_it() -> None:
    shop, _ = left()
    other = Shop(*shop.objects.values(), deployment("other"), release=release("later", "other"))
    assert other.seen.revisions == ()


def test_the_deployment_resumes_with_the_number_that_it_is_given() -> None:
    shop = Shop(deployment())
    revision = shop.adopt()
    shop.edit("Deployment", "podinfo", {"spec": {"paused": True, "replicas": 0}})
    asked = replace(want((revision, 3), template=Template.RESUME), template_replicas=4)
    (patch,) = shop.down(asked)
    assert isinstance(patch, Patch)
    assert patch.body == {"spec": {"paused": False, "replicas": 4}}
    shop.apply([patch])
    assert shop.down(asked) == (), "from now on the number is the user's"


def test_revisions_that_were_made_for_another_deployment_name_it() -> None:
    shop = Shop(deployment())
    shop.adopt()
    for named, owner in (("podinfo", ""), ("nowhere", "podinfo")):
        assert workload_of(release()).owner(release(deployment=named), shop.found) == owner
