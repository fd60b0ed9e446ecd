"""The grammar of tags, the variables and the switch's words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sandbox.pods.behaviour import (
    Behaviour,
    check_switch,
    describe,
    from_environment,
    from_switch,
    from_tag,
    seconds,
    split_image,
)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("v1", Behaviour()),
        ("6.7.0-rc-1", Behaviour()),
        ("1.2-alpine-slow", Behaviour()),
        ("v1-errors", Behaviour()),
        ("v3-errors-5", Behaviour(error_share=Fraction(5, 100))),
        ("v3-errors-0.5", Behaviour(error_share=Fraction(5, 1000))),
        ("v3-errors-200", Behaviour(error_share=Fraction(1))),
        ("v3-errors-5-status-503", Behaviour(error_share=Fraction(5, 100), status=503)),
        ("v2-slow-200ms", Behaviour(latency=0.2)),
        ("v2-slow-1.5s-every-10", Behaviour(latency=1.5, slow_every=10)),
        ("v4-crash", Behaviour(exit_code=1, exit_after=0.0)),
        ("v4-crash-after-5s", Behaviour(exit_code=1, exit_after=5.0)),
        ("v5-missing", Behaviour(missing=True)),
        ("v6-unready", Behaviour(unready=True)),
        ("v7-refuse", Behaviour(refuse=True)),
        ("v8-hang", Behaviour(hang=True)),
        ("v9-ready-after-2s", Behaviour(ready_after=2.0)),
        ("v1-exit-3", Behaviour(exit_code=3, exit_after=0.0)),
        ("v1-exit-0-after-500ms", Behaviour(exit_code=0, exit_after=0.5)),
        ("v1-ready-after-2s-exit-1", Behaviour(ready_after=2.0, exit_code=1, exit_after=0.0)),
        ("crash", Behaviour()),
    ],
)
def test_tags(tag: str, expected: Behaviour) -> None:
    assert from_tag(tag) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("podinfo", ("podinfo", "latest")),
        ("podinfo:v1", ("podinfo", "v1")),
        ("localhost:5000/podinfo", ("localhost:5000/podinfo", "latest")),
        ("localhost:5000/shop/podinfo:v1-crash", ("localhost:5000/shop/podinfo", "v1-crash")),
        ("podinfo:v1@sha256:0123456789abcdef", ("podinfo", "v1")),
        ("podinfo@sha256:0123456789abcdef", ("podinfo", "0123456789ab")),
    ],
)
def test_images(image: str, expected: tuple[str, str]) -> None:
    assert split_image(image) == expected


@given(st.integers(0, 100), st.integers(1, 50))
def test_a_share_is_exact_in_every_hundred(percent: int, start: int) -> None:
    behaviour = Behaviour(error_share=Fraction(percent, 100))
    numbers = range(start, start + 100)
    assert sum(map(behaviour.fails, numbers)) == percent


@given(st.integers(1, 50))
def test_every_nth_is_every_nth(every: int) -> None:
    behaviour = Behaviour(error_every=every, latency=1.0, slow_every=every)
    hit = [number for number in range(1, 4 * every) if behaviour.fails(number)]
    assert hit == [every, 2 * every, 3 * every]
    assert hit == [number for number in range(1, 4 * every) if behaviour.delay(number)]


def test_variables_win_over_the_tag() -> None:
    found, problems = from_environment(
        from_tag("v1-errors-5-slow-1s"),
        {"DEMO_ERROR_EVERY": "4", "DEMO_LATENCY": "20ms", "DEMO_LATENCY_EVERY": "2", "DEMO_READY_AFTER": "3"},
    )
    assert found == Behaviour(error_every=4, latency=0.02, slow_every=2, ready_after=3.0)
    assert problems == []


def test_a_variable_that_cannot_be_read_is_told_and_left_out() -> None:
    found, problems = from_environment(Behaviour(), {"DEMO_LATENCY": "soon", "DEMO_REFUSE": "yes", "DEMO_HANG": ""})
    assert found == Behaviour(refuse=True)
    assert problems == ["DEMO_LATENCY: 'soon' is not a duration; write it like 200ms, 2s or 1m"]


def test_an_exit_without_a_time_is_at_once() -> None:
    assert from_environment(Behaviour(), {"DEMO_EXIT": "2"})[0] == Behaviour(exit_code=2, exit_after=0.0)
    both = {"DEMO_EXIT": "2", "DEMO_EXIT_AFTER": "1s"}
    assert from_environment(Behaviour(), both)[0] == Behaviour(exit_code=2, exit_after=1.0)


@pytest.mark.parametrize(("text", "expected"), [("200ms", 0.2), ("2s", 2.0), ("1m", 60.0), ("1.5", 1.5)])
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"errorsEvery": 5}, "errorsEvery: unknown; the switch takes errorEvery,"),
        ({"errorEvery": 1.5}, "errorEvery: must be a number, 0 or more, whole, not 1.5"),
        ({"errorEvery": True}, "errorEvery: must be a number, 0 or more, whole, not True"),
        ({"latencyMs": -1}, "latencyMs: must be a number, 0 or more, not -1"),
        ({"refuse": 1}, "refuse: must be true or false, not 1"),
        ({"die": "now"}, "die: must be true or false, not 'now'"),
    ],
)
def test_the_switch_names_what_is_wrong(body: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_switch(body)
    assert str(caught.value).startswith(message)


def test_the_switch_goes_over_what_is_there() -> None:
    body = {"errorEvery": 20, "latencyMs": 250, "slowEvery": 3, "refuse": False}
    check_switch(body)
    found = from_switch(from_tag("v1-errors-50-refuse-status-503"), body)
    assert found == Behaviour(error_every=20, latency=0.25, slow_every=3, status=503)
    assert describe(found) == {"errorEvery": 20, "latencyMs": 250.0, "slowEvery": 3, "status": 503}


def test_zero_errors_switch_a_bad_version_off() -> None:
    assert from_switch(from_tag("v1-errors-50"), {"errorEvery": 0}) == Behaviour()
