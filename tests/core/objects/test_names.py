from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.objects import label_value, named_after, normal_template, revision_name

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def test_a_name_follows_from_the_template_and_its_configuration() -> None:
    one = normal_template({"spec": {"containers": [{"image": "a:1"}]}})
    other = normal_template({"spec": {"containers": [{"image": "a:2"}]}})
    names = {revision_name(one), revision_name(other), revision_name(one, "content")}
    assert len(names) == 3
    assert revision_name(one) == revision_name(dict(reversed(one.items())))
    assert all(LABEL.fullmatch(name) and len(name) == 10 for name in names)


def test_a_taken_name_is_not_given_again() -> None:
    first = revision_name({})
    second = revision_name({}, taken={first})
    third = revision_name({}, taken={first, second})
    assert len({first, second, third}) == 3
    assert revision_name({}, taken={first}) == second


@pytest.mark.parametrize(
    ("base", "expected"), [("podinfo", "podinfo-abc"), ("a" * 52, "a" * 52 + "-abc"), ("shop.v1", "shop.v1-abc")]
)
def test_a_short_base_is_kept(base: str, expected: str) -> None:
    assert named_after(base, "abc") == expected


@given(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?", fullmatch=True), st.text("bcd", min_size=10, max_size=10))
def test_every_name_is_a_label(base: str, revision: str) -> None:
    name = named_after(base, revision)
    assert LABEL.fullmatch(name)
    assert name.endswith(f"-{revision}")


def test_long_names_with_the_same_beginning_stay_apart() -> None:
    assert named_after("a" * 60 + "x", "r") != named_after("a" * 60 + "y", "r")


@given(st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True))
def test_every_name_can_be_told_in_a_label(called: str) -> None:
    value = label_value(called)
    assert len(value) <= 63
    assert value == called or len(called) > 63
