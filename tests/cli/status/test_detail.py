"""What ``sluice status`` prints, by situation, as files below tests/golden/status.

``pytest --update-golden`` writes them anew, and the diff is reviewed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.cli.console import plain
from controller.cli.status.detail import detail
from controller.cli.status.overview import Overview

GOLDEN = Path(__file__).parents[2] / "golden" / "status"
NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z

STABLE: dict[str, Any] = {
    "revision": "v488jzbzzw",
    "deployment": "podinfo-v488jzbzzw",
    "images": ["registry.example.com/team/podinfo:v1"],
}
STABLE |= {"replicas": 3, "ready": 3}
CANDIDATE = {"revision": "6f45r5jg5z", "images": ["registry.example.com/team/podinfo:v2"], "replicas": 2, "ready": 1}


def release(name: str = "podinfo", annotations: dict[str, str] | None = None, **status: Any) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": name, "annotations": annotations or {}}
    return {"metadata": metadata, "status": status}


GATES: list[dict[str, Any]] = [
    {"name": "success-rate", "value": 0.99875, "limits": ">= 99%", "sample": 12400, "verdict": "pass"},
    {"name": "p99", "value": 0.612, "limits": "p99 <= 500ms", "sample": 400, "verdict": "fail"}
    | {"reason": "p99 is about 612ms, wanted p99 <= 500ms"},
    {"name": "throughput", "value": 4.25, "limits": ">= 5/s", "sample": 80, "verdict": "inconclusive"}
    | {"reason": "80 of the 100 requests needed"},
    {"name": "compare", "verdict": "inconclusive"}
    | {"reason": "Not enough evidence yet on errors: 0.12 % of the candidate's and 0.1 % of stable's requests failed."},
]
PROGRESSING = release(
    phase="Progressing",
    phaseSince="2027-01-15T07:58:30Z",
    release=4,
    weight="20%",
    message="6f45r5jg5z at 20%, step 1 of 2 until at least 08:00:40 UTC",
    step={"index": 0, "count": 2, "label": "20%", "position": "1/2", "inEffectSince": "2027-01-15T07:59:20Z"}
    | {"measured": {"candidate": 2498, "total": 12400, "share": "20.1%"}},
    stable=STABLE,
    candidate=CANDIDATE,
    retiring=[{"revision": "old0000001", "images": ["podinfo:v0"], "replicas": 3, "ready": 3}],
    gates=GATES,
    conditions=[
        {"type": "Ready", "status": "False", "reason": "Progressing", "message": "x"},
        {"type": "Reconciling", "status": "True", "reason": "Progressing", "message": "x"},
        {"type": "Stalled", "status": "False", "reason": "Progressing"},
        {"type": "TrafficMismatch", "status": "True", "reason": "Share", "message": "asked for 20%, the mesh sends 2%"}
        | {"lastTransitionTime": "2027-01-15T07:59:00Z"},
    ],
)
SITUATIONS: dict[str, dict[str, Any]] = {
    "new": {"metadata": {"namespace": "shop", "name": "podinfo"}},
    "idle": release(
        phase="Idle",
        phaseSince="2027-01-12T03:00:00Z",
        release=1,
        message="v488jzbzzw (podinfo:v1) serves",
        stable=STABLE,
        conditions=[{"type": "Ready", "status": "True"}, {"type": "Reconciling", "status": "False"}],
    ),
    "not ready": release(
        phase="Idle",
        message="v488jzbzzw has no ready pod",
        stable={**STABLE, "ready": 0},
        conditions=[{"type": "Ready", "status": "False", "reason": "Idle", "message": "v488jzbzzw has no ready pod"}],
    ),
    "progressing": PROGRESSING,
    "waiting": release(
        "podinfo",
        {"sluice.dev/command": "approve", "sluice.dev/by": "eve"},
        phase="Waiting",
        weight="5%",
        message="6f45r5jg5z at 5%, step 3 of 4: waits for an approval by release-managers",
        step={"index": 2, "count": 4, "label": "approval", "position": "3/4"},
        stable=STABLE,
        candidate=CANDIDATE,
        approvals=[{"step": 1, "by": "ann", "reason": "looks good", "at": "2027-01-15T07:00:00Z"}],
        handled={
            "name": "rollback",
            "by": "bob",
            "at": "2027-01-15T07:59:30Z",
            "ignored": "there is no release in progress",
        },
    ),
    "failed": release(
        phase="Failed",
        phaseSince="2027-01-15T07:59:59Z",
        message="rolled back: aborted by ann: enough; it stays so until the Deployment or the Release is changed",
        stable=STABLE,
        failed={"revision": "6f45r5jg5z", "reason": "Aborted", "message": "aborted by ann: enough"},
        handled={"name": "abort", "by": "ann", "reason": "enough", "at": "2027-01-15T07:59:50Z"},
        conditions=[
            {"type": "Ready", "status": "False", "reason": "Aborted", "message": "rolled back"},
            {"type": "Stalled", "status": "True", "reason": "RolledBack"},
        ],
    ),
    "promoting": release(
        phase="Promoting",
        phaseSince="2027-01-15T08:00:00Z",
        weight="100%",
        message="all requests go to 6f45r5jg5z: waiting for that to be in effect",
        step={"index": 2, "count": 2, "label": "100%", "position": "2/2"},
        stable=STABLE,
        candidate=CANDIDATE,
    ),
}


def compare(name: str, text: str, request: pytest.FixtureRequest) -> None:
    file = GOLDEN / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    assert file.is_file(), f"{file} is missing; write it with pytest --update-golden"
    assert text + "\n" == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SITUATIONS)
def test_one_release(name: str, request: pytest.FixtureRequest) -> None:
    compare(name, plain(detail(SITUATIONS[name], NOW)), request)


def test_one_release_on_a_narrow_terminal(request: pytest.FixtureRequest) -> None:
    text = plain(detail(PROGRESSING, NOW), 60)
    assert max(len(line) for line in text.splitlines()) <= 60
    for number in ("99.88%", ">= 99%", "12,400", "612ms", "p99 <= 500ms", "4.25/s", ">= 5/s", "3/3", "1/2"):
        assert number in text, number
    compare("narrow", text, request)


@pytest.mark.parametrize("width", [60, 100, 1000])
def test_many_releases(width: int, request: pytest.FixtureRequest) -> None:
    text = plain(Overview(list(SITUATIONS.values()), NOW, namespaces=True), width)
    assert max(len(line) for line in text.splitlines()) <= width
    compare(f"overview-{width}", text, request)


def test_every_golden_file_has_its_situation() -> None:
    overviews = {f"overview-{width}" for width in (60, 100, 1000)}
    assert {file.stem for file in GOLDEN.glob("*.txt")} == {*SITUATIONS, "narrow", *overviews}
