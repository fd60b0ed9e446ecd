"""YAML and JSON as kubectl reads them, and the place of every field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.cli.files import Document, collect, parse

NAMES = st.text("abc.[]-/ 01", min_size=1, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def one(text: str) -> Document:
    documents, broken = parse(text, "f")
    assert broken is None
    assert len(documents) == 1
    return documents[0]


def test_values_are_what_kubectl_reads() -> None:
    text = "a: 1:30\nb: 2020-01-01\nc: 1.5\nd: yes\ne: 0x10\nf: '5'\ng: &x {k: 1}\nh: {<<: *x, l: 2}\ni: 12\nj: ~"
    assert one(text).value == {
        "a": "1:30",
        "b": "2020-01-01",
        "c": 1.5,
        "d": True,
        "e": 16,
        "f": "5",
        "g": {"k": 1},
        "h": {"k": 1, "l": 2},
        "i": 12,
        "j": None,
    }


@given(VALUES)
def test_what_was_written_is_read_back_and_every_field_is_found_at_its_line(value: Any) -> None:
    document = one(yaml.safe_dump({"top": value}, default_flow_style=False))
    assert document.value == {"top": value}
    assert document.doubles == ()
    lines = yaml.safe_dump({"top": value}, default_flow_style=False).splitlines()

    def visit(at: Any, path: str) -> None:
        found = document.at(path)
        assert 1 <= found.line <= len(lines)
        for key, below in at.items() if isinstance(at, dict) else ():
            inner = document.at(f"{path}.{key}")
            if not set(key) & set(".[]"):  # two readings of such a name may both be there
                shown = yaml.safe_dump({key: 0})[: -len(": 0\n")]
                assert lines[inner.line - 1][inner.column - 1 :].startswith(shown)
                visit(below, f"{path}.{key}")
        for number, below in enumerate(at) if isinstance(at, list) else ():
            visit(below, f"{path}[{number}]")

    visit(value, "top")


TEXT = """\
metadata:
  name: x
  annotations:
    sluice.dev/command: abort
spec:
  steps:
  - weight: 5%
  - {weight: 6%, for: 1m}
  headers:
    x-a.b: {exact: y}
"""


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("", "f:1:1"),
        ("metadata.name", "f:2:3"),
        ("metadata.annotations.sluice.dev/command", "f:4:5"),
        ("spec.steps[0]", "f:7:5"),
        ("spec.steps[1].for", "f:8:18"),
        ("spec.steps[1].fort", "f:8:5"),
        ("spec.steps[7].for", "f:6:3"),
        ("spec.headers[x-a.b].exact", "f:10:13"),
        ("spec.traffic.service", "f:5:1"),
        ("nothing", "f:1:1"),
    ],
)
def test_the_place_of_a_field_or_of_what_lacks_it(field: str, place: str) -> None:
    assert str(one(TEXT).at(field)) == place


def test_keys_that_stand_twice_are_told_at_the_second() -> None:
    doubles = one("a: {b: 1, b: 2}\nc:\n- d: 1\n  d: 2\na: 5\nm: {<<: {x: 1}, <<: {y: 1}}").doubles
    assert [(str(at), path) for at, path in doubles] == [("f:1:11", "a.b"), ("f:4:3", "c[0].d"), ("f:5:1", "a")]


def test_lists_are_taken_apart() -> None:
    documents, broken = parse("kind: List\nitems:\n- {a: 1, a: 2}\n- {b: 1}\n---\nc: 1", "f")
    assert broken is None
    assert [(one.value, str(one.position)) for one in documents] == [
        ({"a": 2}, "f:3:3"),
        ({"b": 1}, "f:4:3"),
        ({"c": 1}, "f:6:1"),
    ]
    assert [path for _, path in documents[0].doubles] == ["a"]


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("a: b\n c: [", "f:2:3", "indentation"),
        ("a:\n\t- b", "f:2:1", "not tabs"),
        ("a: {{ .Values.a }}", "f:1:5", "helm template"),
        ("a: &x [*x]", "f:1:1", "refers to itself"),
        ("a: \x07", "f:1:1", "correct"),
        ("a: !!python/object:os.system {}", "f:1:4", "correct"),
    ],
)
def test_what_is_no_yaml_says_where_and_what_to_do(text: str, place: str, remedy: str) -> None:
    documents, broken = parse(text, "f")
    assert documents == []
    assert broken is not None
    assert str(broken.position) == place
    assert remedy in broken.sentence


def test_what_stands_before_the_fault_is_read() -> None:
    documents, broken = parse("a: 1\n---\nb: [", "f")
    assert [one.value for one in documents] == [{"a": 1}]
    assert broken is not None


def test_json_may_be_indented_by_tabs() -> None:
    document = one('{\n\t"a": {\n\t\t"b": 1\n\t}\n}')
    assert document.value == {"a": {"b": 1}}
    assert str(document.at("a.b")) == "f:3:3"


def test_directories_are_searched_and_foreign_templates_passed_over(tmp_path: Path) -> None:
    for name, text in {
        "a.yaml": "x: 1",
        "deep/b.json": '{"x": 2}',
        "deep/c.yml": "x: 3",
        ".git/d.yaml": "x: 4",
        "chart/e.yaml": "{{ if .Values.x }}",
        "chart/f.yaml": "apiVersion: sluice.dev/v1alpha1\nx: {{ .Values.x }}",
        "g.txt": "x: 5",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = collect([str(tmp_path)], ours="sluice.dev")
    assert [one.value["x"] for one in found.documents] == [1, 2, 3]
    assert [Path(one.position.file).name for one in found.broken] == ["f.yaml"]
    assert (found.files, found.missing) == (5, [])


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("a: \u00fc".encode("latin-1"))
    found = collect([str(tmp_path / "none.yaml"), str(tmp_path / "latin.yaml")])
    assert "none.yaml cannot be read: No such file" in found.missing[0]
    assert "UTF-8" in found.broken[0].sentence
