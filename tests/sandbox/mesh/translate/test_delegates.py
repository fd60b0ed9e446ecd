from __future__ import annotations

import copy
from typing import Any

import pytest

from controller.sandbox.mesh.translate.delegates import merge_routes
from tests.sandbox.mesh.backends import Object


def matches(root: list[Object] | None, leaf: list[Object] | None) -> list[Object] | None:
    """The match of the merged route; None when the delegate's route is dropped."""
    found = merge_routes({"match": root} if root else {}, [{"match": leaf} if leaf else {}])
    return found[0]["match"] if found else None


@pytest.mark.parametrize(
    ("root", "leaf", "found"),
    [
        (None, None, []),
        ([{"port": 80}], None, [{"port": 80}]),
        (None, [{"port": 80}], [{"port": 80}]),
        (
            [{"uri": {"prefix": "/a"}}],
            [{"headers": {"x": {"exact": "1"}}}],
            [{"uri": {"prefix": "/a"}, "headers": {"x": {"exact": "1"}}}],
        ),
        ([{"uri": {"prefix": "/a"}}], [{"uri": {"prefix": "/a/b"}}], [{"uri": {"prefix": "/a/b"}}]),
        ([{"uri": {"prefix": "/a"}}], [{"uri": {"exact": "/a/b"}}], [{"uri": {"exact": "/a/b"}}]),
        ([{"uri": {"prefix": "/a/b"}}], [{"uri": {"prefix": "/a"}}], None),
        ([{"uri": {"exact": "/a"}}], [{"uri": {"exact": "/a"}}], [{"uri": {"exact": "/a"}}]),
        ([{"uri": {"exact": "/a"}}], [{"uri": {"exact": "/b"}}], None),
        ([{"uri": {"exact": "/a"}}], [{"uri": {"prefix": "/a"}}], None),
        ([{"uri": {"regex": "/a"}}], [{"uri": {"regex": "/a"}}], None),
        ([{"uri": {"regex": "/a"}}], [{"uri": {"prefix": "/a"}}], None),
        ([{"uri": {"prefix": "/a"}}], [{"uri": {"regex": "/a"}}], None),
        ([{"headers": {"x": {"exact": "1"}}}], [{"headers": {"x": {"exact": "2"}}}], None),
        (
            [{"headers": {"x": {"exact": "1"}}}],
            [{"headers": {"y": {"exact": "2"}}}],
            [{"headers": {"x": {"exact": "1"}, "y": {"exact": "2"}}}],
        ),
        ([{"queryParams": {"x": {"exact": "1"}}}], [{"queryParams": {"x": {"exact": "2"}}}], None),
        ([{"ignoreUriCase": True}], [{"port": 80}], None),
        ([{"ignoreUriCase": True}], [{"ignoreUriCase": True}], [{"ignoreUriCase": True}]),
        ([{"port": 80}], [{"port": 81}], None),
        ([{"port": 80}], [{"method": {"exact": "GET"}}], [{"port": 80, "method": {"exact": "GET"}}]),
        ([{"sourceNamespace": "a"}], [{"port": 80}], None),
        ([{"sourceNamespace": "a"}], [{"sourceNamespace": "a"}], [{"sourceNamespace": "a"}]),
        (
            [{"sourceLabels": {"app": "a"}}],
            [{"sourceLabels": {"tier": "b"}}],
            [{"sourceLabels": {"app": "a", "tier": "b"}}],
        ),
        ([{"sourceLabels": {"app": "a"}}], [{"sourceLabels": {"app": "b"}}], None),
        ([{"gateways": ["mesh"]}], [{"port": 80}], [{"gateways": ["mesh"], "port": 80}]),
        ([{"gateways": ["mesh"]}], [{"gateways": ["mesh", "a/b"]}], None),
        # Every pair that agrees, the delegate's order first.
        (
            [{"port": 80}, {"port": 81}],
            [{"method": {"exact": "GET"}}],
            [{"port": 80, "method": {"exact": "GET"}}, {"port": 81, "method": {"exact": "GET"}}],
        ),
        ([{"port": 80}, {"port": 81}], [{"port": 81}], [{"port": 81}]),
        # One match of the delegate that agrees with none drops the whole route.
        ([{"port": 80}], [{"port": 80}, {"port": 81}], None),
    ],
)
def test_a_delegates_match_must_say_at_least_what_the_root_says(
    root: list[Object] | None, leaf: list[Object] | None, found: list[Object] | None
) -> None:
    assert matches(root, leaf) == found


@pytest.mark.parametrize(("root", "leaf", "found"), [("a", "b", "a-b"), ("a", "", "a"), ("", "b", "b"), ("", "", "")])
def test_names_are_joined(root: str, leaf: str, found: str) -> None:
    assert merge_routes({"name": root}, [{"name": leaf}])[0]["name"] == found
    merged = merge_routes({"match": [{"name": root}]}, [{"match": [{"name": leaf}]}])
    assert merged[0]["match"][0].get("name", "") == found


@pytest.mark.parametrize("field", ["rewrite", "timeout", "retries", "fault", "mirror", "corsPolicy", "headers"])
def test_what_the_delegate_does_not_say_comes_from_the_root(field: str) -> None:
    root: dict[str, Any] = {field: "root's"}
    assert [one[field] for one in merge_routes(root, [{}, {field: "own"}])] == ["root's", "own"]


def test_neither_object_is_changed() -> None:
    root: Object = {"match": [{"headers": {"x": {}}}], "timeout": "1s"}
    leaf: Object = {"match": [{"headers": {"y": {}}}]}
    before = copy.deepcopy((root, leaf))
    merge_routes(root, [leaf])
    assert (root, leaf) == before
