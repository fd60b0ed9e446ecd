from __future__ import annotations

from controller.sandbox.api.audit import Audit, Entry, with_code


def entry(**values: object) -> Entry:
    base = Entry(0.0, "tests", "alice", "get", resource="pods")
    return Entry(**{name: values.get(name, getattr(base, name)) for name in Entry.__dataclass_fields__})  # type: ignore[arg-type]


def test_memory_is_bounded_and_counts_are_not() -> None:
    audit = Audit(kept=3)
    for number in range(10):
        audit.add(entry(name=str(number), code=200))
    assert [kept.name for kept in audit.entries()] == ["7", "8", "9"]
    assert audit.count(verb="get") == 10


def test_a_watch_counts_once() -> None:
    audit = Audit()
    opened = with_code(entry(verb="watch"), 200, "opened")
    audit.add(opened)
    audit.add(with_code(opened, 200, "ended", 5.0))
    assert audit.count(verb="watch") == 1
    assert [kept.time for kept in audit.entries(stage="ended")] == [5.0]


def test_none_means_any_and_empty_means_empty() -> None:
    audit = Audit()
    audit.add(entry(subresource="status"))
    audit.add(entry())
    assert audit.count(resource="pods") == 2
    assert audit.count(resource="pods", subresource="") == 1
    assert audit.count(user="bob") == 0
