"""Findings as text for people, as JSON for programs, and as annotations for GitHub."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from controller.cli.lint.findings import Finding, Severity
from controller.cli.lint.judge import Judged

_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.HINT: "bold cyan"}
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}


def as_text(judged: Judged) -> Iterator[Text]:
    """One line a finding, then what there was."""
    for one in judged.findings:
        path = f"{one.field}: " if one.field else ""
        mark = (f"{one.severity}: ", _COLOURS[one.severity])
        yield Text.assemble((f"{one.position}: ", "bold"), mark, (path, "bold"), one.sentence)
    yield Text(summary(judged))


def summary(judged: Judged) -> str:
    """What there was, in one line."""
    counted = Counter(one.severity for one in judged.findings)
    said = ", ".join(_number(counted[severity], str(severity)) for severity in Severity if counted[severity])
    if not judged.releases and not said:
        return f"no Release among {_number(judged.objects, 'object')} in {_number(judged.files, 'file')}"
    return f"{said or 'nothing to say'} in {_number(judged.releases, 'Release')} ({_number(judged.files, 'file')})"


def as_json(judged: Judged) -> str:
    """One JSON object: ``findings``, ``releases`` and ``files``."""
    findings = [
        {
            "file": one.position.file,
            "line": one.position.line,
            "column": one.position.column,
            "severity": str(one.severity),
            "object": one.of,
            "field": one.field,
            "message": one.sentence,
        }
        for one in judged.findings
    ]
    whole = {"findings": findings, "releases": judged.releases, "files": judged.files}
    return json.dumps(whole, indent=2, ensure_ascii=False)


def as_github(judged: Judged) -> Iterator[str]:
    """Workflow commands: GitHub shows them at the lines of a pull request.

    https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions
    """
    for one in judged.findings:
        place = f"file={_property(one.position.file)},line={one.position.line},col={one.position.column}"
        title = _property(f"sluice: {one.of}" if one.of else "sluice")
        yield f"::{_GITHUB[one.severity]} {place},title={title}::{_data(_said(one))}"


def _said(one: Finding) -> str:
    return f"{one.field}: {one.sentence}" if one.field else one.sentence


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
