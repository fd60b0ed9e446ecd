"""What a revision reads: which of it is copied, where it is named, and when it is another one."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core.objects import Ref
from tests.workloads.shop import Shop, chosen, config_map, deployment, secret, want

Json = dict[str, Any]

C = {"name": "podinfo", "image": "podinfo:1"}


def volume(**source: Any) -> Json:
    return {"volumes": [{"name": "v", **source}]}


def projected(**source: Any) -> Json:
    return volume(projected={"sources": [source]})


def container(**fields: Any) -> Json:
    return {"containers": [{**C, **fields}]}


def env(**value: Any) -> list[Json]:
    return [{"name": "A", "valueFrom": value}]


PLACES: list[tuple[str, Json]] = [
    ("volume", volume(configMap={"name": "x"})),
    ("optional volume", volume(configMap={"name": "x", "optional": True})),
    ("projected", projected(configMap={"name": "x"})),
    ("envFrom", container(envFrom=[{"prefix": "P_", "configMapRef": {"name": "x"}}])),
    ("env", container(env=env(configMapKeyRef={"name": "x", "key": "COLOR"}))),
    ("init", {**container(), "initContainers": [{**C, "name": "i", "envFrom": [{"configMapRef": {"name": "x"}}]}]}),
    (
        "sidecar",
        {
            **container(),
            "initContainers": [
                {
                    **C,
                    "name": "s",
                    "restartPolicy": "Always",
                    "env": env(configMapKeyRef={"name": "x", "key": "COLOR"}),
                }
            ],
        },
    ),
    ("second container", {"containers": [C, {**C, "name": "b", "envFrom": [{"configMapRef": {"name": "x"}}]}]}),
]
SECRET_PLACES: list[tuple[str, Json]] = [
    ("volume", volume(secret={"secretName": "x"})),
    ("projected", projected(secret={"name": "x"})),
    ("envFrom", container(envFrom=[{"secretRef": {"name": "x"}}])),
    ("env", container(env=env(secretKeyRef={"name": "x", "key": "KEY"}))),
]


def named(spec: Any, name: str) -> bool:
    """Whether a pod's spec says this name anywhere."""
    if isinstance(spec, dict):
        return any(named(value, name) for value in spec.values())
    return any(named(value, name) for value in spec) if isinstance(spec, list) else bool(spec == name)


def pods(shop: Shop, revision: str) -> Any:
    return shop.get("Deployment", f"podinfo-{revision}")["spec"]["template"]["spec"]


@pytest.mark.parametrize("spec", [spec for _, spec in PLACES], ids=[name for name, _ in PLACES])
def test_every_place_reads_the_revisions_own_config_map(spec: Json) -> None:
    shop = Shop(deployment(**spec), config_map("x"))
    revision = shop.adopt()
    assert named(pods(shop, revision), f"x-{revision}")
    assert not named(pods(shop, revision), "x")
    assert shop.get("ConfigMap", f"x-{revision}")["data"] == {"COLOR": "red"}
    assert shop.template.revision == revision
    shop.edit("ConfigMap", "x", {"data": {"COLOR": "blue"}})
    assert shop.template.revision == ""
    assert shop.template.proposal != revision
    assert shop.get("ConfigMap", f"x-{revision}")["data"] == {"COLOR": "red"}


@pytest.mark.parametrize("spec", [spec for _, spec in SECRET_PLACES], ids=[name for name, _ in SECRET_PLACES])
def test_a_secret_belongs_to_a_revision_only_where_it_asks_for_it(spec: Json) -> None:
    shop = Shop(deployment(**spec), secret("x"))
    revision = shop.adopt()
    assert named(pods(shop, revision), "x")
    assert shop.names("Secret") == {"x"}
    shop.edit("Secret", "x", {"data": {"KEY": "bmV3"}})
    assert shop.template.revision == revision, "a changed Secret starts no release"

    shop.edit("Secret", "x", {"metadata": {"annotations": {"sluice.dev/revision": "true"}}})
    assert shop.template.revision == "", "one that asks does"
    revision = shop.adopt()
    assert named(pods(shop, revision), f"x-{revision}")
    assert shop.get("Secret", f"x-{revision}")["data"] == {"KEY": "bmV3"}


@pytest.mark.parametrize(
    "more",
    [
        {"type": "kubernetes.io/service-account-token"},
        {"type": "kubernetes.io/dockerconfigjson"},
        {"type": "kubernetes.io/dockercfg"},
        {"type": "kubernetes.io/tls"},
        {"type": "bootstrap.kubernetes.io/token"},
        {"owner": {"controller": True, "uid": "u", "kind": "ExternalSecret", "name": "x"}},
    ],
    ids=str,
)
def test_credentials_that_others_rotate_are_never_copied(more: Json) -> None:
    one = chosen("x")
    if "owner" in more:
        one["metadata"]["ownerReferences"] = [more["owner"]]
    else:
        one |= more
    shop = Shop(deployment(**volume(secret={"secretName": "x"})), one)
    assert shop.template.content == ""
    revision = shop.adopt()
    assert (shop.names("Secret"), named(pods(shop, revision), "x")) == ({"x"}, True)


def test_a_secret_with_an_owner_that_does_not_control_it_may_be_copied() -> None:
    one = chosen("x")
    one["metadata"]["ownerReferences"] = [{"uid": "u", "kind": "Application", "name": "x"}]
    shop = Shop(deployment(**volume(secret={"secretName": "x"})), one)
    assert shop.names("Secret") | {f"x-{shop.adopt()}"} == shop.names("Secret")


def test_pull_secrets_stay_as_they_are() -> None:
    shop = Shop(deployment(imagePullSecrets=[{"name": "x"}]), chosen("x"))
    assert (shop.template.content, pods(shop, shop.adopt())["imagePullSecrets"]) == ("", [{"name": "x"}])


def test_a_config_map_can_be_left_out() -> None:
    left_out = config_map("x", metadata={"annotations": {"sluice.dev/revision": "false"}})
    shop = Shop(deployment(**volume(configMap={"name": "x"})), left_out)
    revision = shop.adopt()
    assert named(pods(shop, revision), "x")
    assert shop.names("ConfigMap") == {"x"}
    shop.edit("ConfigMap", "x", {"data": {"COLOR": "blue"}})
    assert shop.template.revision == revision


@pytest.mark.parametrize("change", [{"data": {"A": "1"}}, {"binaryData": {"B": "AA=="}}, {"data": None}])
def test_every_byte_counts(change: Json) -> None:
    shop = Shop(deployment(**volume(configMap={"name": "x"})), config_map("x"))
    shop.adopt()
    shop.edit("ConfigMap", "x", change)
    assert shop.template.revision == ""


def test_what_is_not_content_does_not_count() -> None:
    shop = Shop(deployment(**volume(configMap={"name": "x"})), config_map("x"))
    revision = shop.adopt()
    shop.edit("ConfigMap", "x", {"metadata": {"labels": {"a": "b"}}, "binaryData": {}, "immutable": False})
    assert shop.template.revision == revision


def test_the_configuration_of_before_is_the_revision_of_before() -> None:
    shop = Shop(deployment(**volume(configMap={"name": "x"})), config_map("x"))
    revision = shop.adopt()
    shop.edit("ConfigMap", "x", {"data": {"COLOR": "blue"}})
    shop.edit("ConfigMap", "x", {"data": {"COLOR": "red"}})
    assert shop.template.revision == revision


@pytest.mark.parametrize("optional", [True, False])
def test_what_does_not_exist_keeps_its_name_until_it_appears(optional: bool) -> None:
    shop = Shop(deployment(**volume(configMap={"name": "x", "optional": optional})))
    first = shop.adopt()
    assert named(pods(shop, first), "x")
    assert shop.template.content == ""
    shop.put(config_map("x"))
    assert (shop.template.revision, shop.template.content != "") == ("", True)
    second = shop.adopt()
    assert second != first
    assert named(pods(shop, second), f"x-{second}")
    shop.drop("ConfigMap", "x")
    assert shop.template.revision == "", "and one that disappears is a change as well"


def test_a_template_that_reads_another_config_map_with_the_same_content_is_another_revision() -> None:
    shop = Shop(deployment(**volume(configMap={"name": "x"})), config_map("x"), config_map("y"))
    shop.adopt()
    shop.edit("Deployment", "podinfo", {"spec": {"template": {"spec": volume(configMap={"name": "y"})}}})
    assert shop.template.revision == ""


def test_long_names_that_are_cut_alike_stay_apart() -> None:
    names = [f"{'x' * 60}-{letter}" for letter in "ab"]
    sources = [{"configMap": {"name": name}} for name in names]
    shop = Shop(deployment(**volume(projected={"sources": sources})), *(config_map(name, name) for name in names))
    revision = shop.adopt()
    copies = shop.names("ConfigMap") - set(names)
    assert len(copies) == 2
    assert all(len(copy) <= 63 for copy in copies)
    used = pods(shop, revision)["volumes"][0]["projected"]["sources"]
    assert [shop.get("ConfigMap", one["configMap"]["name"])["data"]["COLOR"] for one in used] == names
    assert shop.template.revision == revision


def test_a_config_map_and_a_secret_of_one_name_are_two_things() -> None:
    both = [{"configMap": {"name": "x"}}, {"secret": {"name": "x"}}]
    shop = Shop(deployment(**volume(projected={"sources": both})), config_map("x"), secret("x"))
    revision = shop.adopt()
    used = pods(shop, revision)["volumes"][0]["projected"]["sources"]
    assert used == [{"configMap": {"name": f"x-{revision}"}}, {"secret": {"name": "x"}}]
    assert shop.template.revision == revision


def test_reading_asks_for_content_only_where_it_belongs() -> None:
    sources = [{kind: {"name": name}} for kind, name in (("configMap", "a"), ("configMap", "b"), ("configMap", "c"))]
    sources += [{"secret": {"name": name}} for name in ("d", "e", "f")]
    shop = Shop(
        deployment(**volume(projected={"sources": sources})),
        config_map("a"),
        config_map("b", metadata={"annotations": {"sluice.dev/revision": "false"}}),
        secret("d"),
        chosen("e"),
    )
    whole = {ref.name: ref.whole for ref in shop.workload.reads(shop.release, shop.found) if ref.api == "v1"}
    assert whole == {"a": True, "b": False, "c": True, "d": False, "e": True, "f": False}
    revision = shop.adopt()
    refs = shop.workload.reads(shop.release, shop.found)
    assert Ref("v1", "ConfigMap", "shop", f"a-{revision}", whole=False) in refs
    assert Ref("v1", "Secret", "shop", f"e-{revision}", whole=False) in refs
    assert Ref("apps/v1", "Deployment", "shop", f"podinfo-{revision}") in refs


def test_a_copy_that_somebody_deleted_is_made_again_while_its_content_is_known() -> None:
    shop = Shop(deployment(**volume(configMap={"name": "x"})), config_map("x"))
    revision = shop.adopt()
    copy = shop.get("ConfigMap", f"x-{revision}")
    shop.drop("ConfigMap", f"x-{revision}")
    shop.set_image("podinfo:2")  # another image, the same configuration
    shop.make(want((revision, 3)))
    assert shop.get("ConfigMap", f"x-{revision}")["data"] == copy["data"]
    shop.drop("ConfigMap", f"x-{revision}")
    shop.edit("ConfigMap", "x", {"data": {"COLOR": "blue"}})
    assert shop.make(want((revision, 3))) == (), "it is never made with another content"
