"""The syntax of names and labels; the sentences are judged by the tables of bad objects."""

from __future__ import annotations

import pytest

from controller.sandbox.api.schema import names


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.label, ["a", "a-1", "0"], ["", "A", "a.b", "-a", "a-", "a" * 64]),
        (names.label_1035, ["a", "a-1"], ["", "0", "1a", "A", "a.b"]),
        (names.subdomain, ["a", "a.b-c.0"], ["", "a..b", "A.b", "a_b", "a" * 254]),
        (names.qualified, ["a", "A_b.c-d", "x.io/A"], ["", "/a", "a/", "a/b/c", "X/a", "-a", "a" * 64]),
        (names.label_value, ["", "a", "A_b.1"], ["-", "a b", "a" * 64]),
        (names.config_key, ["a", "A.b_c-1", ".x"], ["", ".", "..", "..a", "a/b"]),
        (names.env_name, ["A", "a.b-c", "1A", "a b"], ["", "A=B", "é"]),
        (names.port_name, ["http", "a-1"], ["", "80", "a--b", "-a", "a_b", "HTTP", "a" * 16]),
        (names.wildcard_subdomain, ["*.a.b"], ["a.b", "*", "*.*.a", "a.*.b"]),
        (names.percent, ["0%", "120%"], ["%", "a%", "5"]),
        (names.header, ["X-A1"], ["", "a b", "a_b"]),
        (names.path_segment, ["a", "A b"], [".", "..", "a/b", "a%b"]),
    ],
)
def test_names(check: names.NameCheck, good: list[str], bad: list[str]) -> None:
    for name in good:
        assert check(name) == [], name  # type: ignore[call-arg]
    for name in bad:
        assert check(name), name  # type: ignore[call-arg]


def test_a_prefix_may_end_with_a_hyphen() -> None:
    assert names.object_subdomain("web-", True) == []
    assert names.object_subdomain("web-", False)
    assert names.object_label("Web-", True)
