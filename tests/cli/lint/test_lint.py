"""``sluice lint`` as people and pipelines run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli import app

EXAMPLES = Path(__file__).parents[3] / "manifests" / "examples"


def run(*arguments: str, stdin: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, ["lint", *arguments], input=stdin, env={"COLUMNS": "400"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_nothing_is_said_of_the_examples(path: Path) -> None:
    assert run(str(path), "--strict") == (0, "nothing to say in 1 Release (1 file)\n")


def test_a_line_names_place_severity_field_and_remedy(release: str) -> None:
    code, output = run("-", stdin=release.replace("5%", "5"))
    assert code == 1
    assert output == (
        "stdin:10:10: error: spec.strategy.canary.steps[0].weight: 5 has no unit; write 5%\n"
        "1 error in 1 Release (1 file)\n"
    )


def test_warnings_count_only_when_strict(release: str) -> None:
    text = release.replace("for: 2m", "for: 2s")
    assert run("-", stdin=text)[0] == 0
    code, output = run("-", "--strict", stdin=text)
    assert code == 1
    assert "stdin:10:22: error: " in output


def test_files_without_a_release_are_told_and_count_when_strict() -> None:
    assert run("-", stdin="kind: Pod") == (0, "no Release among 1 object in 1 file\n")
    assert run("-", "--strict", stdin="kind: Pod")[0] == 1


def test_a_file_that_is_not_there_is_status_2(tmp_path: Path) -> None:
    code, output = run(str(tmp_path / "none.yaml"), str(EXAMPLES / "quick.yaml"))
    assert code == 2
    assert "none.yaml cannot be read" in output
    assert run()[0] == 2


def test_json_says_the_same(release: str) -> None:
    code, output = run("-", "-o", "json", stdin=release.replace("5%", "5"))
    assert code == 1
    assert json.loads(output) == {
        "findings": [
            {
                "file": "stdin",
                "line": 10,
                "column": 10,
                "severity": "error",
                "object": "Release shop/podinfo",
                "field": "spec.strategy.canary.steps[0].weight",
                "message": "5 has no unit; write 5%",
            }
        ],
        "releases": 1,
        "files": 1,
    }


def test_github_gets_annotations_with_its_signs_escaped(release: str) -> None:
    code, output = run("-", "-o", "github", stdin=release.replace("5%", "5").replace("for: 2m", "for: 2s"))
    assert code == 1
    assert output.splitlines()[0] == (
        "::error file=stdin,line=10,col=10,title=sluice%3A Release shop/podinfo::"
        "spec.strategy.canary.steps[0].weight: 5 has no unit; write 5%25"
    )
