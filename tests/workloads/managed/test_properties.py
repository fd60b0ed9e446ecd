"""What holds for every template, whatever is in it and whatever happens to it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.wanted import Template
from controller.workloads.managed.known import is_name_of, meaning
from controller.workloads.managed.marks import is_tracking
from tests.workloads.shop import Shop, chosen, config_map, deployment, secret, want

NAMES = st.sampled_from(["a", "b", "c", "d"])
KEYS = st.sampled_from(
    [
        "app",
        "team",
        "x.io/y",
        "sluice.dev/revision",
        "sluice.dev/restart",
        "service.istio.io/canonical-revision",
        "app.kubernetes.io/instance",
        "meta.helm.sh/x",
        "argocd.argoproj.io/tracking-id",
        "a.toolkit.fluxcd.io/name",
        "kubectl.kubernetes.io/restartedAt",
        "kubectl.kubernetes.io/last-applied-configuration",
    ]
)
MARKS = st.dictionaries(KEYS, st.sampled_from(["", "1", "2"]), max_size=4)
OPTIONAL = st.sampled_from([{}, {"optional": True}, {"optional": False}])


@st.composite
def holders(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    return {"name": draw(NAMES), **draw(OPTIONAL)}


@st.composite
def containers(draw: st.DrawFn, name: str) -> dict[str, Any]:
    one: dict[str, Any] = {"name": name, "image": draw(st.sampled_from(["x", "x:1", "x:latest"]))}
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["configMapRef", "secretRef"]))
        one["envFrom"] = [{kind: draw(holders(kind))}]
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["configMapKeyRef", "secretKeyRef"]))
        one["env"] = [{"name": "A", "valueFrom": {kind: {**draw(holders(kind)), "key": "K"}}}, {"name": "B"}]
    return one


@st.composite
def volumes(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(NAMES)
    sources: list[dict[str, Any]] = [
        {"configMap": {"name": name}},
        {"secret": {"secretName": name}},
        {"projected": {"sources": [{"configMap": {"name": name}}, {"secret": {"name": draw(NAMES)}}]}},
        {"emptyDir": {}},
        {},
    ]
    return {"name": "v", **draw(st.sampled_from(sources))}


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    template = deployment(
        containers=[draw(containers("one"))],
        initContainers=draw(st.lists(containers("two"), max_size=1)),
        volumes=draw(st.lists(volumes(), max_size=2)),
    )
    metadata = template["spec"]["template"]["metadata"]
    metadata["labels"] |= draw(MARKS) | {"app": "podinfo"}
    metadata["annotations"] = draw(MARKS)
    template["metadata"] |= {"labels": draw(MARKS), "annotations": draw(MARKS)}
    template["spec"]["replicas"] = draw(st.integers(0, 5))
    made = [draw(st.sampled_from([config_map, secret, chosen]))(name) for name in draw(st.sets(NAMES))]
    return Shop(template, *made)


@settings(max_examples=40)
@given(shops())
def test_a_revision_is_what_its_template_is(shop: Shop) -> None:
    revision = shop.adopt()
    assert shop.template.revision == revision
    made, template = shop.get("Deployment", f"podinfo-{revision}"), shop.get("Deployment", "podinfo")
    assert meaning(made, revision) == meaning(template)
    assert is_name_of(revision, template, shop.found)


@settings(max_examples=40)
@given(shops(), st.sampled_from(Template))
def test_a_second_pass_changes_nothing(shop: Shop, template: Template) -> None:
    revision = shop.adopt()
    wanted = want((revision, 3), template=template)
    shop.make(wanted)
    shop.observed()
    assert shop.make(wanted) == ()


@settings(max_examples=40)
@given(shops())
def test_no_mark_of_a_tool_is_ever_copied(shop: Shop) -> None:
    revision = shop.adopt()
    for (_kind, name), one in shop.objects.items():
        if name.endswith(revision):
            assert all(key.startswith("sluice.dev/") for key in one["metadata"]["labels"])
            assert all(key.startswith("sluice.dev/") for key in one["metadata"].get("annotations", {}))
    pods = shop.get("Deployment", f"podinfo-{revision}")["spec"]["template"]["metadata"]
    theirs = shop.get("Deployment", "podinfo")["spec"]["template"]["metadata"]
    assert not any(is_tracking(key) for key in pods.get("annotations", {}))
    assert {key for key in theirs["annotations"] if not is_tracking(key)} == set(pods.get("annotations", {}))
    added = {"sluice.dev/revision", "service.istio.io/canonical-revision"}
    assert {k: v for k, v in theirs["labels"].items() if k not in added} == {
        k: v for k, v in pods["labels"].items() if k not in added
    }


@settings(max_examples=40)
@given(shops(), NAMES, st.sampled_from(["changed", "deleted", "left out"]))
def test_a_release_follows_exactly_the_configuration_that_was_copied(shop: Shop, name: str, how: str) -> None:
    revision = shop.adopt()
    for kind in ("ConfigMap", "Secret"):
        if (kind, name) not in shop.objects:
            continue
        belongs = (kind, f"{name}-{revision}") in shop.objects
        if how == "changed":
            shop.edit(kind, name, {"data": {"KEY": "bmV3"}})
        elif how == "deleted":
            shop.drop(kind, name)
        else:
            shop.edit(kind, name, {"metadata": {"annotations": {"sluice.dev/revision": "false"}}})
        assert (shop.template.revision == "") is belongs
        assert (shop.template.proposal != revision) or not belongs


@settings(max_examples=40)
@given(st.lists(shops(), min_size=3, max_size=3), st.data())
def test_meaning_the_same_is_an_equivalence(three: list[Shop], data: Any) -> None:
    one, two, other = (shop.get("Deployment", "podinfo") for shop in three)
    if data.draw(st.booleans()):
        two["spec"]["template"] = one["spec"]["template"]
    same = [meaning(a) == meaning(b) for a, b in ((one, one), (one, two), (two, one), (two, other), (one, other))]
    assert same[0]
    assert same[1] == same[2]
    assert same[4] or not (same[1] and same[3])


@settings(max_examples=40)
@given(shops(), st.integers(0, 6), st.integers(0, 6))
def test_whoever_scales_what_the_wanted_number_wins(shop: Shop, asked: int, found: int) -> None:
    revision = shop.adopt()
    shop.edit("Deployment", f"podinfo-{revision}", {"spec": {"replicas": found}})
    up, down = shop.up(want((revision, asked))), shop.down(want((revision, asked)))
    assert (bool(up), bool(down)) == (asked > found, asked < found)
    shop.apply(up + down)
    assert shop.get("Deployment", f"podinfo-{revision}")["spec"]["replicas"] == asked
