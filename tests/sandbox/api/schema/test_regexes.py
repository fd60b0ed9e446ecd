"""Go's expressions on Python's engine."""

from __future__ import annotations

import pytest

from controller.sandbox.api.schema.regexes import BadPattern, compiled


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("^a$", ["a"], ["a\n", "ab"]),
        (r"a\z", ["ba"], ["a\n"]),
        (r"^\d+$", ["12"], ["١"]),
        ("[[:alpha:]]+[[:digit:]]", ["ab1"], ["1a"]),
        ("a{,3}", ["a{,3}"], ["aaa"]),
        (r"^\p{L}+$", ["aé"], ["1"]),
        (r"^\P{L}$", ["1"], ["a"]),
        ("^(?i)ab", ["AB", "ab"], ["b"]),
        ("x(?i)y|z", ["xY"], ["Xy"]),
        ("^[^]a]$", ["b"], ["]", "a"]),
        (r"\x{41}", ["A"], ["a"]),
        ("(?P<name>a)(?:b)", ["ab"], ["a"]),
        ("[a[]", ["["], ["b"]),
    ],
)
def test_matches(pattern: str, hits: list[str], misses: list[str]) -> None:
    for text in hits:
        assert compiled(pattern).search(text), text
    for text in misses:
        assert not compiled(pattern).search(text), text


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?<!a)", "invalid or unsupported Perl syntax: `(?<!`"),
        ("a++", "invalid nested repetition operator: `++`"),
        ("*a", "missing argument to repetition operator: `*`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("a{2000}", "invalid repeat count: `{2000}`"),
        ("a\\", "trailing backslash at end of expression"),
    ],
)
def test_what_go_refuses(pattern: str, why: str) -> None:
    with pytest.raises(BadPattern) as caught:
        compiled(pattern)
    assert why in str(caught.value)
