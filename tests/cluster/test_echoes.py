from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.cluster.echoes import Echoes

A, B = ("Release", "shop", "a"), ("Release", "shop", "b")


def test_an_echo_after_the_answer_is_dropped() -> None:
    echoes, told = Echoes(), list[str]()
    with echoes.writing(A) as ours:
        ours("7")
    echoes.tell(A, "7", lambda: told.append("7"))
    echoes.tell(A, "8", lambda: told.append("8"))
    echoes.tell(B, "7", lambda: told.append("b7"))
    assert told == ["8", "b7"]


def test_events_during_a_write_wait_for_its_answer() -> None:
    echoes, told = Echoes(), list[str]()
    with echoes.writing(A) as ours:
        for version in ("6", "7", "8"):
            echoes.tell(A, version, lambda version=version: told.append(version))  # type: ignore[misc]
        echoes.tell(B, "9", lambda: told.append("b9"))
        assert told == ["b9"], "other objects do not wait"
        ours("7")
    assert told == ["b9", "6", "8"]


def test_a_write_that_failed_hides_nothing() -> None:
    echoes, told = Echoes(), list[str]()
    try:
        with echoes.writing(A):
            echoes.tell(A, "7", lambda: told.append("7"))
            raise OSError
    except OSError:
        pass
    assert told == ["7"]


def test_two_writes_at_once_are_both_waited_for() -> None:
    echoes, told = Echoes(), list[str]()
    with echoes.writing(A) as first:
        with echoes.writing(A) as second:
            echoes.tell(A, "7", lambda: told.append("7"))
            second("8")
        assert told == []
        first("7")
    assert told == []


def test_memory_is_bounded() -> None:
    echoes, told = Echoes(keep=2), list[str]()
    with echoes.writing(A) as ours:
        for version in "123":
            ours(version)
    for version in "123":
        echoes.tell(A, version, lambda version=version: told.append(version))  # type: ignore[misc]
    assert told == ["1"], "what was forgotten is told: one look too many, never one too few"


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_every_foreign_version_is_told_once_and_no_own_one(story: list[tuple[bool, bool]]) -> None:
    """Each version is ours or not, and its event comes during the write or after it."""
    echoes, told = Echoes(), list[int]()
    for version, (own, early) in enumerate(story):
        deliver = lambda version=version: told.append(version)  # noqa: E731
        with echoes.writing(A) as ours:
            if early:
                echoes.tell(A, str(version), deliver)
            if own:
                ours(str(version))
        if not early:
            echoes.tell(A, str(version), deliver)
    assert told == [version for version, (own, _) in enumerate(story) if not own]
