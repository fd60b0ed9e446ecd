"""What is valid and hardly meant."""

from __future__ import annotations

from typing import Any

import pytest

STEPS = "spec.strategy.canary.steps"


def with_steps(release: str, steps: str, gates: str = "") -> str:
    return release.replace("- {weight: 5%, for: 2m}", steps.replace("\n", "\n      ")) + gates


@pytest.mark.parametrize(
    ("steps", "gates", "expected"),
    [
        ("- weight: 5%\n- weight: 3%", "", [("warning", f"{STEPS}[1].weight", "falls from 5% to 3%")]),
        ("- weight: 5%\n- weight: 5%", "", [("warning", f"{STEPS}[1].weight", "at 5% already")]),
        ("- weight: 5%\n- {approval: x, timeout: 1h}\n- weight: 5%", "", []),
        ("- weight: 50%\n- ramp: {to: 10%, by: 10%, every: 1m}", "", [("warning", f"{STEPS}[1].ramp.to", "down")]),
        ("- {weight: 5%, for: 30s}", "", [("warning", f"{STEPS}[0].for", "minimumStep")]),
        ("- {weight: 5%, for: 30s}", "  gates: {minimumStep: 20s}\n", []),
        ("- {weight: 5%, for: 16m}", "", [("warning", f"{STEPS}[0].for", "stepDeadline")]),
        ("- {weight: 5%, for: 16m}", "  gates: {none: true}\n", []),
        ("- weight: 5%\n- approval: x", "", [("hint", f"{STEPS}[1].approval", "for ever")]),
        (
            "- weight: 5%\n- {approval: x, timeout: 1h}\n- {approval: y, timeout: 1h}",
            "",
            [("hint", f"{STEPS}[2].approval", "second approval")],
        ),
        (
            "- weight: 5%\n- {approval: x, timeout: 1h, onTimeout: promote}",
            "",
            [("hint", f"{STEPS}[1].approval", "without anybody's word")],
        ),
        ("- {approval: x, timeout: 1h}", "", [("warning", STEPS, "approvals only")]),
        ("- weight: 100%", "", [("warning", STEPS, "nothing else judges")]),
        (
            "- weight: 5%",
            "  gates: {compare: {errors: {absolute: 30%}}}\n",
            [("warning", "spec.gates.compare.errors.absolute", "30%")],
        ),
        (
            "- weight: 5%",
            "  gates: {limits: [{name: a, successRate: {min: 0%}}, {name: b, requestRate: {min: 0}}]}\n",
            [
                ("warning", "spec.gates.limits[0].successRate.min", "every version"),
                ("warning", "spec.gates.limits[1].requestRate.min", "every version"),
            ],
        ),
        (
            "- weight: 5%",
            "  gates: {limits: [{name: a, prometheus: {query: up, min: 1}}]}\n",
            [("hint", "spec.gates.limits[0].prometheus.query", "podRegex")],
        ),
        ("- weight: 5%", "  paused: true\n", [("hint", "spec.paused", "no release begins")]),
    ],
)
def test_advice(linted: Any, release: str, steps: str, gates: str, expected: list[tuple[str, str, str]]) -> None:
    found = linted(with_steps(release, steps, gates)).findings
    assert [(str(one.severity), one.field) for one in found] == [(severity, field) for severity, field, _ in expected]
    assert all(words in one.sentence for one, (_, _, words) in zip(found, expected, strict=True))


def test_a_command_in_a_file_is_given_again_at_every_sync(linted: Any, release: str) -> None:
    text = release.replace("name: podinfo,", "name: podinfo, annotations: {sluice.dev/command: promote},")
    (found,) = linted(text).findings
    assert (str(found.position), found.severity) == ("a.yaml:3:41", "warning")


def test_advice_is_given_beside_faults_of_the_admission(linted: Any, release: str) -> None:
    gates = "  gates: {limits: [{name: q, prometheus: {query: '{{ nobody }}', max: 1}}]}\n"
    found = linted(with_steps(release, "- weight: 5%\n- weight: 3%", gates)).findings
    assert {str(one.severity) for one in found} == {"error", "warning", "hint"}
