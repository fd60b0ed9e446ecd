"""Groups of users: what they send, and what cannot be used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.errors import SandboxError
from controller.sandbox.load import Group

GROUP = Group("all", "127.0.0.1:8080", 10.0)


def test_the_request() -> None:
    assert GROUP.request() == b"GET / HTTP/1.1\r\nhost: 127.0.0.1:8080\r\n\r\n"
    group = replace(
        GROUP,
        host="shop.example",
        method="POST",
        path="/cart?a=b",
        headers={"x-user": "eve"},
        cookies={"a": "1", "b": "2"},
    )
    assert group.request() == (
        b"POST /cart?a=b HTTP/1.1\r\nhost: shop.example\r\nx-user: eve\r\ncookie: a=1; b=2\r\ncontent-length: 0\r\n\r\n"
    )


def test_the_share_of_a_rate() -> None:
    assert replace(GROUP, rate=300.0, share=0.1).effective_rate() == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("target", "address"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("localhost:81", ("127.0.0.1", 81)), ("[::1]:82", ("::1", 82))],
)
def test_targets_on_this_machine(target: str, address: tuple[str, int]) -> None:
    assert replace(GROUP, target=target).address() == address


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a/b"),
        ("target", "192.0.2.1:80"),
        ("target", "example.com:80"),
        ("target", "127.0.0.1"),
        ("target", "127.0.0.1:0"),
        ("target", "127.0.0.1:99999"),
        ("rate", -1.0),
        ("rate", float("nan")),
        ("rate", "many"),
        ("rate", True),
        ("share", 1.1),
        ("timeout", 0.0),
        ("max_outstanding", 0),
        ("max_outstanding", 1.5),
        ("method", "get"),
        ("method", "GET / HTTP/1.1\r\n"),
        ("path", "cart"),
        ("path", "/a b"),
        ("path", "/a\r\n"),
        ("host", "a\r\nb"),
        ("headers", {"a": "b\r\nc"}),
        ("headers", {"": "b"}),
        ("headers", {"a": 1}),
        ("cookies", {"a\n": "b"}),
    ],
)
def test_what_cannot_be_used_is_named(field: str, value: Any) -> None:
    with pytest.raises(SandboxError, match=field):
        replace(GROUP, **{field: value})


def test_json_goes_round() -> None:
    group = replace(GROUP, headers={"a": "b"}, share=0.5)
    body = group.to_json()
    assert Group.from_json(body.pop("name"), body) == group


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "an object is needed"),
        ({}, "rate is missing"),
        ({"rate": 1}, "target is missing"),
        ({"target": "127.0.0.1:1", "rate": 1, "speed": 2}, "no field 'speed'; the fields are cookies, "),
        ({"target": 7, "rate": 1}, "target 7 cannot be used: a text is needed"),
        ({"target": "127.0.0.1:1", "rate": 1, "headers": ["a"]}, "headers .* cannot be used: an object of texts"),
    ],
)
def test_bodies_that_are_no_group(body: Any, words: str) -> None:
    with pytest.raises(SandboxError, match=words):
        Group.from_json("all", body)
