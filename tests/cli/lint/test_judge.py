"""Faults: those of the parser and the admission at their places, and those that only files can have."""

from __future__ import annotations

from typing import Any

import pytest


def said(judged: Any) -> list[tuple[str, str, str]]:
    return [(str(one.position), str(one.severity), one.field) for one in judged.findings]


def test_nothing_is_said_of_what_is_right(linted: Any, release: str) -> None:
    judged = linted(release, "kind: Pod\nmetadata: {name: x}")
    assert judged.findings == []
    assert (judged.releases, judged.objects, judged.files) == (1, 2, 2)


@pytest.mark.parametrize(
    ("old", "new", "place", "field", "words"),
    [
        ("weight: 5%", "weight: 5", "a.yaml:10:10", "spec.strategy.canary.steps[0].weight", "write 5%"),
        ("weight: 5%", "weigth: 5%", "a.yaml:10:10", "spec.strategy.canary.steps[0].weigth", "mean weight?"),
        ("for: 2m", "for: 120", "a.yaml:10:22", "spec.strategy.canary.steps[0].for", "no unit"),
        ("istio: {}", "istio: {routs: [a]}", "a.yaml:6:39", "spec.traffic.istio.routs", "mean routes?"),
        ("istio: {}", "istio: {hosts: ['*']}", "a.yaml:6:39", "spec.traffic.istio.hosts", "mesh"),
        ("service: podinfo, ", "", "a.yaml:6:3", "spec.traffic.service", "missing"),
        ("sluice.dev/v1alpha1", "sluice.dev/v1", "a.yaml:1:1", "apiVersion", "v1alpha1"),
        ("kind: Release", "kind: Relaese", "a.yaml:2:1", "kind", "did you mean Release?"),
        ("kind: Release", "kind: Podinfo", "a.yaml:2:1", "kind", "write Release"),
        ("name: podinfo", "name: Podinfo", "a.yaml:3:12", "metadata.name", "lower-case"),
        ("name: podinfo", "nmae: x, name: p", "a.yaml:3:12", "metadata.nmae", "did you mean name?"),
        ("name: podinfo", "labels: {a: 1}, name: p", "a.yaml:3:21", "metadata.labels.a", "quotes"),
        ("name: podinfo", "labels: [a], name: p", "a.yaml:3:12", "metadata.labels", "map"),
        ("namespace: shop", "namespace: s_", "a.yaml:3:27", "metadata.namespace", "lower-case"),
        ("weight: 5%", "weight: 5%, weight: 6%", "a.yaml:10:22", "spec.strategy.canary.steps[0].weight", "second"),
        ("kind: Release", "kind: Release\nstatus: {a: 1, a: 2}", "a.yaml:3:16", "status.a", "second"),
    ],
)
def test_a_fault_is_at_its_field(
    linted: Any, release: str, old: str, new: str, place: str, field: str, words: str
) -> None:
    assert old in release
    judged = linted(release.replace(old, new, 1))
    found = next(one for one in judged.findings if one.field == field)
    assert (str(found.position), found.severity) == (place, "error")
    assert words in found.sentence


def test_a_query_that_cannot_be_filled_in_is_a_fault(linted: Any, release: str) -> None:
    gates = "  gates:\n    limits:\n    - {name: q, prometheus: {query: 'x{a=\"{{ candidat }}\"}', max: 1}}\n"
    (found,) = (one for one in linted(release + gates).findings if one.severity == "error")
    assert str(found.position) == "a.yaml:13:30"
    assert "candidate.podRegex" in found.sentence


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "5",
        "kind: Release",
        "kind: Release\nmetadata: [x]\nspec: 5",
        "kind: Release\nmetadata: {name: x}\nspec: {}",
        "apiVersion: sluice.dev/v1alpha1",
        "kind: Service\nmetadata: 7",
        "{kind: 5, apiVersion: sluice.dev/}",
    ],
)
def test_any_shape_is_borne(linted: Any, release: str, text: str) -> None:
    judged = linted(text, release)
    assert all(one.position.file == "a.yaml" for one in judged.findings)
    assert bool(judged.findings) == ("Release" in text or "sluice" in text)


def test_releases_of_other_makers_are_not_ours(linted: Any) -> None:
    judged = linted("apiVersion: helm.example.com/v1\nkind: Release\nmetadata: {name: x}\nspec: {a: 1, a: 2}")
    assert judged.findings == []
    assert judged.releases == 0


def test_two_of_one_name_are_an_error_in_one_file_and_a_warning_in_two(linted: Any, release: str) -> None:
    assert said(linted(f"{release}---\n{release}")) == [("a.yaml:14:12", "error", "metadata.name")]
    assert said(linted(release, release)) == [("b.yaml:3:12", "warning", "metadata.name")]


def test_two_for_one_deployment_or_route_name_the_other(linted: Any, release: str) -> None:
    other = release.replace("name: podinfo", "name: zinfo")
    judged = linted(release, other)
    assert said(judged) == [("b.yaml:5:14", "error", "spec.workload.deployment")]
    assert "shop/podinfo" in judged.findings[0].sentence
    apart = other.replace("deployment: podinfo", "deployment: other")
    assert said(linted(release, apart)) == [("b.yaml:6:31", "error", "spec.traffic.istio.virtualService")]
    routed = [
        text.replace("istio: {}", f"istio: {{routes: [{name}, c]}}") for text, name in ((release, "a"), (apart, "b"))
    ]
    assert said(linted(*routed)) == [("b.yaml:6:39", "error", "spec.traffic.istio.routes")]
    elsewhere = other.replace("namespace: shop", "namespace: mall")
    assert said(linted(release, elsewhere)) == []


def test_a_file_that_is_no_yaml_is_a_fault_and_the_others_are_judged(linted: Any, release: str) -> None:
    judged = linted("a: [", release)
    assert [one.position.file for one in judged.findings] == ["a.yaml"]
    assert judged.releases == 1
