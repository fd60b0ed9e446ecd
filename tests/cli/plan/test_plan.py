"""``sluice plan`` on files: the table, the objects, what is assumed, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from controller.cli import app
from controller.cli.plan.explain import length
from tests.stage import deployment
from tests.stage import release as on_stage

EXAMPLES = Path(__file__).parents[3] / "manifests" / "examples"
QUICK, CANARY = str(EXAMPLES / "quick.yaml"), str(EXAMPLES / "canary.yaml")


def run(*arguments: str, stdin: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, ["plan", *arguments], input=stdin, env={"COLUMNS": "300"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return 1, str(result.exception)
    return result.exit_code, result.output


def planned(*arguments: str, stdin: str = "") -> Any:
    code, output = run(*arguments, "-o", "json", stdin=stdin)
    assert code == 0, output
    return json.loads(output)


def documents(*objects: dict[str, Any]) -> str:
    return yaml.safe_dump_all(objects)


def test_the_table_has_a_row_for_each_step_and_says_what_was_assumed() -> None:
    code, output = run(CANARY)
    assert code == 0
    rows = [line.split() for line in output.splitlines() if line[:2].strip().isdigit()]
    assert [row[1] for row in rows[:4]] == ["0%", "1%", "5%", "10%"]
    assert rows[-2][:4] == ["14", "bake", "at", "95%"]
    assert rows[-1][:5] == ["15", "100%", "4", "+", "4"]
    assert "somebody of release-managers, 24h at most, then rollback" in output
    assert "Deployment shop/podinfo is not in the files: 4 pods are assumed (--replicas)" in output
    assert "VirtualService shop/podinfo is not in the files: it is taken to be missing, and created" in output
    assert "at least 29m 30s in all, beside what pods take to start and people to answer" in output
    assert "header x-canary: always; or header cookie matches ^(.*?;)?(canary=always)(;.*)?$" in output
    assert "p99: p99 <= 500ms, over at least 100 requests" in output


def test_pods_follow_the_share_of_stable_s() -> None:
    steps = planned(CANARY, "--replicas", "10")["steps"]
    assert [one["candidateReplicas"] for one in steps] == [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 10, 10]
    assert {one["stableReplicas"] for one in steps} == {10}


def test_a_step_needs_its_budget_in_requests() -> None:
    """About 3.98/budget at any weight between the clips (analysis.md); with the relative tolerance a little more."""
    steps = planned(CANARY)["steps"]
    assert steps[0]["requests"] is None
    assert all(1900 < one["requests"] < 4200 for one in steps[1:12])
    assert steps[0]["judges"] == ["success-rate", "p99"]
    assert steps[1]["judges"] == ["comparison", "success-rate", "p99"]


def test_the_deployment_of_the_files_is_the_version_to_release() -> None:
    found = planned("-", stdin=documents(on_stage(), deployment("x:2")))
    other = planned("-", stdin=documents(on_stage(), deployment("x:3")))
    assert found["candidate"] != other["candidate"]
    assert [one["stableReplicas"] for one in found["steps"]] == [3, 3, 3]
    assert not any("Deployment" in one for one in found["assumed"])


def test_objects_are_printed_as_they_would_be_written() -> None:
    code, output = run("-", "--objects", "--step", "2", stdin=documents(on_stage(), deployment("x:2")))
    assert code == 0
    objects = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(output)}
    name = planned("-", stdin=documents(on_stage(), deployment("x:2")))["candidate"]
    made = objects["Deployment", f"podinfo-{name}"]
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == "x:2"
    assert made["spec"]["replicas"] == 2
    (route,) = objects["VirtualService", "podinfo"]["spec"]["http"]
    assert {entry["destination"]["subset"]: entry["weight"] for entry in route["route"]}[f"r-{name}"] == 50
    assert objects["Deployment", "podinfo"]["spec"]["paused"] is True
    for one in objects.values():
        assert not {"uid", "resourceVersion", "generation"} & set(one["metadata"])
        assert "status" not in one


def test_of_a_user_s_own_object_only_our_fields_change() -> None:
    routes = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "podinfo", "namespace": "shop"},
        "spec": {
            "hosts": ["podinfo"],
            "http": [
                {"name": "other", "match": [{"uri": {"prefix": "/x"}}], "route": [{"destination": {"host": "y"}}]},
                {"name": "primary", "timeout": "3s", "route": [{"destination": {"host": "podinfo"}}]},
            ],
        },
    }
    body = on_stage()
    body["spec"]["traffic"]["istio"]["routes"] = ["primary"]
    found = planned("-", "--objects", stdin=documents(body, routes))
    change = next(one for one in found["objects"] if (one["now"] or {}).get("kind") == "VirtualService")
    before, after = (change[side]["spec"]["http"] for side in ("now", "then"))
    assert before == routes["spec"]["http"]  # type: ignore[index]
    assert after[0] == before[0]
    assert {key: value for key, value in after[1].items() if key != "route"} == {"name": "primary", "timeout": "3s"}
    assert [entry["weight"] for entry in after[1]["route"]] in ([10, 90], [90, 10])


def test_several_routes_must_be_somebody_s_own() -> None:
    body = on_stage()
    body["spec"]["traffic"]["istio"]["routes"] = ["a", "b"]
    found = planned("-", "--objects", stdin=documents(body))
    assert any("one with the routes a, b is assumed" in one for one in found["assumed"])


def test_configuration_that_is_not_in_the_files_is_told() -> None:
    body = deployment("x:2")
    body["spec"]["template"]["spec"]["volumes"] = [{"name": "c", "configMap": {"name": "settings"}}]
    found = planned("-", stdin=documents(on_stage(), body))
    assert "ConfigMap settings not in the files: revisions will have other names than here" in found["assumed"]


def test_several_releases_are_planned_one_after_the_other() -> None:
    other = on_stage()
    other["metadata"]["name"] = "second"
    other["spec"]["workload"]["deployment"] = "second"
    other["spec"]["traffic"] = {"service": "second", "istio": {}}
    assert [one["name"] for one in planned("-", stdin=documents(on_stage(), other))] == ["podinfo", "second"]


@pytest.mark.parametrize(
    ("stdin", "arguments", "words"),
    [
        (documents({"kind": "Pod"}), (), "there is no Release in these files"),
        (documents(on_stage()), ("--step", "9"), "there is no step 9; shop/podinfo has 3"),
        (documents(on_stage(workload={"deployment": 5})), (), "stdin:34:5: error: spec.workload.deployment: "),
        (documents(on_stage(), {**deployment("x"), "spec": {}}), (), "has no selector or no containers"),
    ],
)
def test_what_cannot_be_planned_is_refused(stdin: str, arguments: tuple[str, ...], words: str) -> None:
    code, output = run("-", *arguments, stdin=stdin)
    assert code == 1
    assert words in output


def test_a_file_that_is_not_there_is_status_2(tmp_path: Path) -> None:
    code, output = run(str(tmp_path / "none.yaml"))
    assert code == 2
    assert "cannot be read" in output


def test_steps_of_days_are_planned_at_once() -> None:
    steps = [{"weight": f"{weight}%", "for": "24h"} for weight in range(1, 41)]
    body = on_stage(strategy={"canary": {"steps": steps}})
    assert planned("-", stdin=documents(body))["leastSeconds"] > 40 * 86400


def test_lengths() -> None:
    assert [length(one) for one in (0, 45, 60, 130, 3600, 3661)] == ["0s", "45s", "1m", "2m 10s", "1h", "1h 1m 1s"]
