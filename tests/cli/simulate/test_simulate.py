"""``sluice simulate``: its figures in words, and what cannot be simulated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from controller.cli import app
from controller.cli.simulate.show import name, notes, sparkline
from controller.cli.simulate.summary import Times, at_most, caught, step_times, typical
from controller.core.release import Release
from controller.crd import parse_release
from controller.simulate.assumed import Assumed, Fault
from controller.simulate.runs import Outcome
from tests.stage import release as on_stage

QUICK = Path(__file__).parents[3] / "manifests" / "examples" / "quick.yaml"


def run(*arguments: str, stdin: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, ["simulate", *arguments], input=stdin, env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return 1, str(result.exception)
    return result.exit_code, result.output


def simulated(*arguments: str) -> Any:
    code, output = run(*arguments, "-o", "json")
    assert code == 0, output
    return json.loads(output[output.index("{") :])


def test_the_figures_of_the_quick_example() -> None:
    """Its one limit sees half of the requests failing at once, and slowness never; the same seed says the same."""
    found = simulated(str(QUICK), "--rate", "20", "--runs", "10")
    assert found == simulated(str(QUICK), "--rate", "20", "--runs", "10")
    assert found["healthy"]["rolledBack"] <= 0.1
    assert [one["share"] for one in found["healthy"]["steps"]] == [0.2, 0.5]
    assert found["healthy"]["weights"][0] == [0.0, 0.2]
    by_fault = {(one["errors"], one["slower"]): one for one in found["faults"]}
    half = by_fault[0.5, 1.0]
    assert (half["caught"], half["gates"]) == (1.0, ["success-rate"])
    assert half["seconds"]["median"] < 60
    assert by_fault[0.0, 3.0]["caught"] <= 0.1
    shares = [one["caught"] for one in found["faults"] if one["errors"]]
    assert shares[-1] == 1.0
    assert max(shares[:2]) < 0.5


def test_the_text_has_the_steps_and_the_faults() -> None:
    code, output = run(str(QUICK), "--rate", "20", "--runs", "10")
    assert code == 0
    for words in ("Release shop/podinfo with 20 requests/s", "1  20%", "+50% errors", "3x as slow", "seed 1"):
        assert words in output
    assert "rolled back by mistake: 0%, at most 27.8% with 95% confidence" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "how much traffic is there?"),
        (("--rate", "5", "--errors", "7"), "--errors: 7 has no unit; write 7%"),
        (("--rate", "5", "--latency", "1s", "--p99", "50ms"), "--p99: 50ms is not above the median"),
        (("--prometheus", "http://127.0.0.1:1"), "--prometheus: Prometheus cannot be reached"),
        (("--prometheus", "http://127.0.0.1:1", "--since", "5"), "--since: 5 has no unit"),
    ],
)
def test_wrong_options_are_status_2(arguments: tuple[str, ...], words: str) -> None:
    code, output = run(str(QUICK), *arguments)
    assert code == 2
    assert words in " ".join(output.replace("│", " ").split())


def outcome(seconds: float, **more: Any) -> Outcome:
    given: dict[str, Any] = {"reason": "", "gate": "", "exposure": 1.0, "steps": (), "held": False, "shares": ()}
    return Outcome(seconds=seconds, **(given | more))


def test_median_and_nine_of_ten() -> None:
    assert Times.of([]) is None
    assert Times.of([5.0]) == Times(5.0, 5.0)
    assert Times.of([float(n) for n in range(1, 11)]) == Times(5.0, 9.0)


def test_what_became_of_a_fault() -> None:
    back = [outcome(100.0, reason="Harmful", gate="comparison"), outcome(60.0, reason="GateFailed", gate="p99")]
    found = caught(Fault(errors=0.1), [*back, back[0], outcome(900.0, held=True)], Assumed(50.0))
    assert (found.caught, found.held, found.gates) == (0.75, 0.25, ("comparison", "p99"))
    assert found.after == Times(100.0, 100.0)
    assert found.met == pytest.approx(5.0)  # one second of 50 requests, a tenth of which fails
    assert caught(Fault(slower=2.0), back, Assumed(50.0)).met == pytest.approx(50.0)


def test_a_share_of_few_releases_may_be_much_more() -> None:
    assert at_most(0, 100) == pytest.approx(0.037, abs=0.001)
    assert at_most(5, 100) == pytest.approx(0.112, abs=0.001)
    assert at_most(10, 10) == pytest.approx(1.0)


def test_steps_count_only_those_that_left_them() -> None:
    found = step_times([outcome(1.0, steps=(10.0, 20.0)), outcome(1.0, steps=(30.0,))], 3)
    assert found == [Times(10.0, 30.0), Times(20.0, 20.0), None]


def test_the_typical_release_and_its_weights() -> None:
    one = outcome(100.0, shares=((0.0, 10), (50.0, 500), (90.0, 1000)))
    assert typical([outcome(900.0), one, outcome(10.0, reason="Harmful")]).seconds in (100.0, 900.0)
    assert sparkline(one, 10) == "▁▁▁▁▁▄▄▄▄█"


def test_faults_in_words() -> None:
    assert [name(Fault(errors=0.005)), name(Fault(slower=1.25))] == ["+0.5% errors", "1.25x as slow"]


def test_what_is_left_out_is_said() -> None:
    own: Release = parse_release(on_stage())
    assert any("failures" in sentence and "taken to pass" in sentence for sentence in notes(own))
    assert not any("taken to pass" in sentence for sentence in notes(parse_release(yaml.safe_load(QUICK.read_text()))))
