"""String formats, and Go's durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.api.schema import formats


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2024-02-29"], ["2023-02-29", "2024-1-1", "yesterday"]),
        ("date-time", ["2024-01-01T00:00:00Z", "2024-01-01t23:59:59.5+01:00"], ["2024-01-01", "2024-01-01T24:00:00Z"]),
        ("duration", ["1h30m", "-1.5s", "0", "3 days", "1us"], ["", "1", "soon"]),
        ("ipv4", ["1.2.3.4"], ["1.2.3", "::1"]),
        ("ipv6", ["::1"], ["1.2.3.4", ":"]),
        ("cidr", ["10.0.0.0/8", "::/0"], ["10.0.0.0", "10.0.0.0/x"]),
        ("mac", ["00:00:5e:00:53:01"], ["00:00:5e"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123"]),
        ("uuid4", ["123e4567-e89b-42d3-a456-426614174000"], ["123e4567-e89b-12d3-a456-426614174000"]),
        ("email", ["a@b.io"], ["a", "@b", "a b@c"]),
        ("uri", ["http://a/b", "/a"], ["a", "http://a b", "/%zz"]),
        ("hostname", ["a-b.example.com", "localhost"], ["-a.example.com", "a_b.example.com", "a" * 70]),
        ("byte", ["eA=="], ["%", ""]),
        ("isbn10", ["0321751043"], ["0321751044"]),
        ("isbn13", ["978-0321751041"], ["978-0321751042"]),
        ("creditcard", ["4111 1111 1111 1111"], ["4111 1111 1111 1112"]),
        ("hexcolor", ["#fff", "00ff00"], ["#ff"]),
        ("rgbcolor", ["rgb(1, 2, 3)"], ["rgb(1,2)"]),
        ("k8s-short-name", ["a-b"], ["a.b", "A"]),
        ("k8s-long-name", ["a.b"], ["A"]),
        ("password", ["anything"], []),
        ("no such format", ["anything"], []),
    ],
)
def test_formats(name: str, good: list[str], bad: list[str]) -> None:
    for text in good:
        assert formats.fits(name, text), text
    for text in bad:
        assert not formats.fits(name, text), text


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1h30m", 5400 * 10**9),
        ("-1.5s", -15 * 10**8),
        ("0", 0),
        ("1us2ns", 1002),
        (".5ms", 500_000),
        ("+2m", 12 * 10**10),
    ],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert formats.duration_nanoseconds(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "1", "h", "1d", "1 h", "1h-", "9999999h"])
def test_no_durations(text: str) -> None:
    assert formats.duration_nanoseconds(text) is None


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59))
def test_durations_add_up(hours: int, minutes: int, seconds: int) -> None:
    total = ((hours * 60 + minutes) * 60 + seconds) * 10**9
    assert formats.duration_nanoseconds(f"{hours}h{minutes}m{seconds}s") == total
