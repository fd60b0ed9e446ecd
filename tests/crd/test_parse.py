"""The object around the spec, and the commands in its annotations."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controller.core.release import Command
from controller.crd import parse_command, parse_release
from controller.crd.parse import epoch
from controller.errors import InvalidRelease

Object = dict[str, Any]


def refused(obj: Any) -> list[str]:
    with pytest.raises(InvalidRelease) as error:
        parse_release(obj)
    return str(error.value).splitlines()


def test_metadata_is_read(release: Object) -> None:
    release["metadata"] |= {
        "uid": "u1",
        "generation": 4,
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "deletionTimestamp": "2026-01-02T03:04:06Z",
    }
    read = parse_release(release)
    assert (read.uid, read.generation, read.created, read.deleting) == ("u1", 4, 1767323045.0, True)
    assert str(read.ref) == "shop/podinfo"


def test_a_file_may_leave_out_the_namespace(release: Object) -> None:
    del release["metadata"]["namespace"]
    assert parse_release(release).namespace == "default"


@pytest.mark.parametrize("obj", [None, [], "Release", 3])
def test_what_is_no_object_is_refused(obj: Any) -> None:
    (line,) = refused(obj)
    assert "is no Release; write a map with apiVersion, kind, metadata and spec" in line


def test_another_kind_or_version_is_refused(release: Object) -> None:
    release |= {"apiVersion": "sluice.dev/v1", "kind": "Rollout"}
    assert refused(release) == [
        'apiVersion: "sluice.dev/v1" is not known here; write apiVersion: sluice.dev/v1alpha1',
        'kind: "Rollout" is not known here; write kind: Release',
    ]


@pytest.mark.parametrize("metadata", [None, [], {}, {"name": ""}, {"name": 3}])
def test_a_release_needs_a_name(release: Object, metadata: Any) -> None:
    release["metadata"] = metadata
    assert refused(release) == ["metadata.name: it is missing; give the Release a name"]


@pytest.mark.parametrize("spec", [None, {}, [], "x"])
def test_a_release_needs_a_spec(release: Object, spec: Any) -> None:
    release["spec"] = spec
    assert any(line.startswith("spec") for line in refused(release))


def test_a_field_beside_the_spec_is_refused(release: Object) -> None:
    release["gates"] = {}
    assert refused(release) == ["gates: there is no such field; did you mean to write it below spec?"]


def test_yamls_own_words_as_names_are_told(release: Object) -> None:
    release["spec"]["gates"][True] = "15s"
    assert "spec.gates: the name true is no text; put it in quotes" in refused(release)


def test_null_is_absent_as_for_the_api_server(release: Object) -> None:
    without = copy.deepcopy(release)
    del without["spec"]["gates"]["limits"]
    release["spec"]["gates"]["limits"] = None
    assert parse_release(release) == parse_release(without)


def test_the_object_is_left_as_it_was(release: Object) -> None:
    release["spec"]["replicas"] = None
    before = copy.deepcopy(release)
    parse_release(release)
    assert release == before


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, None),
        (None, None),
        ({"sluice.dev/by": "ann"}, None),
        ({"sluice.dev/command": "abort"}, Command("abort")),
        (
            {"sluice.dev/command": "approve", "sluice.dev/by": "ann", "sluice.dev/reason": "looks good"},
            Command("approve", "ann", "looks good"),
        ),
        ({"sluice.dev/command": "abbort"}, Command("abbort")),
    ],
)
def test_commands(annotations: Any, expected: Command | None) -> None:
    command = parse_command({"metadata": {"annotations": annotations}, "spec": "invalid"})
    assert command == expected


def test_a_word_that_is_no_command_is_told_apart() -> None:
    assert Command("abbort").known is None
    assert Command("abort").known == "abort"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.2345Z", 1.234),
        ("1970-01-01T01:00:01+01:00", 1.0),
        ("1970-01-01T00:00:01", None),
        ("yesterday", None),
        (None, None),
        (3, None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_times(text: Any, expected: float | None) -> None:
    assert epoch(text) == expected
