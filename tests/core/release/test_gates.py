from __future__ import annotations

from controller.core.release import Compare, Gates, Limit, RequestRateLimit


def test_something_measured_judges_or_not() -> None:
    assert not Gates().judged
    assert Gates(compare=Compare()).judged
    assert Gates(limits=(Limit("rate", RequestRateLimit(1.0)),)).judged
