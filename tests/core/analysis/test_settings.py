"""Settings that mean nothing are refused."""

from __future__ import annotations

import pytest

from controller.core.analysis import ERRORS, Settings
from controller.core.release import Compare, Gates, Tolerance


def test_the_defaults_are_those_of_the_design() -> None:
    settings = Settings()
    assert (settings.look, settings.warm_up, settings.beta) == (15.0, 30.0, 0.05)
    assert (settings.harm_limit, settings.good_limit, settings.weight) == (20.0, 20.0, 0.5)
    assert [(rule.metric, rule.relative, rule.absolute) for rule in settings.rules] == [
        ("errors", 1.1, 0.001),
        ("latency", 1.25, 0.0025),
    ]


def test_one_metric_has_the_whole_weight_and_a_lower_cap() -> None:
    assert Settings(metrics=(ERRORS,)).weight == 1.0
    assert Settings(metrics=(ERRORS,)).rules[0].cap < Settings().rules[0].cap


def test_they_are_taken_from_the_gates_of_a_release() -> None:
    compare = Compare(false_alarm=0.01)
    settings = Settings.of(Gates(interval=30.0, warm_up=60.0, compare=compare), steps=3)
    assert settings == Settings(compare, look=30.0, warm_up=60.0, steps=3)
    with pytest.raises(ValueError, match="not compared with stable"):
        Settings.of(Gates(), steps=3)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"metrics": ()}, "metrics must be some of"),
        ({"metrics": ("errors", "errors")}, "metrics must be some of"),
        ({"metrics": ("saturation",)}, "metrics must be some of"),
        ({"compare": Compare(false_alarm=0.0)}, "falseAlarm must lie between"),
        ({"compare": Compare(false_alarm=1.0)}, "falseAlarm must lie between"),
        ({"compare": Compare(budget=0.0)}, "budget must lie between"),
        ({"beta": 1.0}, "beta must lie between"),
        ({"look": 0.0}, "a look takes more than 0 s"),
        ({"warm_up": -1.0}, "a look takes more than 0 s"),
        ({"steps": 0}, "at least one step"),
        ({"compare": Compare(errors=Tolerance(0.0, 0.001))}, "errors: relative must be above 0"),
        ({"compare": Compare(latency=Tolerance(1.0, 1.0))}, "latency: relative must be above 0"),
    ],
)
def test_what_means_nothing_is_refused(wrong: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Settings(**wrong)  # type: ignore[arg-type]
