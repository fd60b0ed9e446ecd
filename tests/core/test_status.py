from __future__ import annotations

from controller.core.status import Condition, Measured, Phase, Status, Truth


def test_a_release_never_seen_before_is_idle() -> None:
    status = Status()
    assert (status.phase, status.release, status.stable, status.step) == (Phase.IDLE, 0, None, None)


def test_conditions_are_found_by_type() -> None:
    ready = Condition("Ready", Truth.TRUE)
    status = Status(conditions=(Condition("Stalled"), ready))
    assert status.condition("Ready") is ready
    assert status.condition("Drift") is None


def test_the_measured_share() -> None:
    assert Measured(5, 100).share == 0.05
    assert Measured(0, 0).share == 0.0
