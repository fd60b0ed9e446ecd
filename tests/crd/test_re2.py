"""Expressions that RE2 takes, and some that it does not."""

from __future__ import annotations

import pytest

from controller.crd.re2 import refused_regex


@pytest.mark.parametrize(
    "expression",
    [
        "^(.*?;)?(canary=always)(;.*)?$",
        r"\d+\.\d+",
        r"[[:alpha:]]+",
        r"[^[:space:]]",
        r"\pL\p{Greek}\P{^Lu}",
        r"(?i)abc",
        r"(?s:a.b)",
        r"(?P<name>a)",
        r"(?<name>a)",
        r"(?U)a+",
        r"a\z",
        r"\x{10FFFF}",
        r"\Q(a\E",
        r"a{1000}",
        r"a{2,}",
        r"a??b*?c+?",
        r"\(\?=a\)",  # the signs themselves
        r"[(?=]a",
        r"[\]\\1]",
        r"\\1",
        r"[+]+",
        r"a\++",
        "ключ",
        "",
    ],
)
def test_plausible(expression: str) -> None:
    assert refused_regex(expression) is None


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("a(?=b)", "looks ahead"),
        ("a(?!b)", "looks ahead"),
        ("(?<=a)b", "looks ahead or behind"),
        ("(?<!a)b", "looks ahead or behind"),
        ("(?>a)", "atomic"),
        (r"(a)\1", "refers back"),
        (r"(?P<n>a)(?P=n)", "refers back"),
        (r"(?<n>a)\k<n>", "refers back"),
        ("(a)?(?(1)b|c)", "conditional"),
        ("a++", "possessive"),
        ("a*+", "possessive"),
        ("a{2}+", "possessive"),
        ("a(?#why)", "comment"),
        (r"a\Z", "escape of other engines"),
        ("a{1001}", "more than 1000"),
        ("a{1,2000}", "more than 1000"),
        ("*", "cannot be read"),
        ("(a", "cannot be read"),
        ("a)", "cannot be read"),
        ("[a", "cannot be read"),
        ("a{2}{3}{", "cannot be read"),
        ("a\\", "cannot be read"),
        ("[b-a]", "cannot be read"),
    ],
)
def test_refused(expression: str, fault: str) -> None:
    sentence = refused_regex(expression)
    assert sentence is not None
    assert fault in sentence
