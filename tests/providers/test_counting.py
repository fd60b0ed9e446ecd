"""What promtool computes from the counting query, and what we make of its labels."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from controller.providers.counting import REQUESTS, Workload, increase, is_error, is_unanswered, reporters

V1, V2, OTHER = Workload("shop", "podinfo-1"), Workload("shop", "podinfo-2"), Workload("bank", "ledger-1")
GRPC = {"response_code": "200", "request_protocol": "grpc"}
UP = "1x12"


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ({"response_code": "200"}, False),
        ({"response_code": "404"}, False),
        ({"response_code": "500"}, True),
        ({"response_code": "503", "response_flags": "UF"}, True),
        ({"response_code": "0", "response_flags": "DC"}, False),
        ({"response_code": "0", "response_flags": "-"}, False),
        ({"response_code": "0", "response_flags": "UC"}, True),
        ({"response_code": "0", "response_flags": "UF,URX"}, True),
        ({"response_code": "200", "request_protocol": "grpc", "grpc_response_status": "0"}, False),
        ({"response_code": "200", "request_protocol": "grpc", "grpc_response_status": "5"}, False),
        ({"response_code": "200", "request_protocol": "grpc", "grpc_response_status": "14"}, True),
        ({"response_code": "503", "request_protocol": "grpc"}, True),
        ({"response_code": "200", "request_protocol": "grpc"}, False),
        ({"response_code": "200", "request_protocol": "grpc", "grpc_response_status": "-"}, False),
        ({"response_code": "0", "request_protocol": "grpc", "response_flags": "DC"}, False),
        ({"response_code": "0", "request_protocol": "grpc", "response_flags": "UC"}, True),
        *[({**GRPC, "grpc_response_status": str(n)}, n in {2, 4, 12, 13, 14, 15}) for n in range(17)],
        *[({**GRPC, "grpc_response_status": name}, True) for name in ("Unavailable", "DEADLINE_EXCEEDED", "DataLoss")],
        *[({**GRPC, "grpc_response_status": name}, False) for name in ("OK", "NotFound", "PERMISSION_DENIED")],
    ],
)
def test_what_counts_as_an_error(labels: dict[str, str], error: bool) -> None:
    assert is_error(labels) is error


@pytest.mark.parametrize(
    ("labels", "unanswered"),
    [
        ({"response_code": "0", "response_flags": "DC"}, True),
        ({"response_code": "0", "request_protocol": "grpc", "response_flags": "DC"}, True),
        ({"response_code": "0", "response_flags": "-"}, True),
        ({"response_code": "0", "response_flags": "UC,DC"}, False),  # the server broke it
        ({"response_code": "200", "response_flags": "DC"}, False),  # it left in the middle of the answer
        ({"response_code": "0", "grpc_response_status": "14", "response_flags": "DC"}, False),
        ({"response_code": "504", "response_flags": "UT"}, False),
    ],
)
def test_whose_client_left_before_any_answer(labels: dict[str, str], unanswered: bool) -> None:
    assert is_unanswered(labels) is unanswered


# Scrapes every 5 s, a look of 15 s at 60 s: what promtool computes from the query is what we say it is.
CASES: dict[str, tuple[list[tuple[str, str, str]], float | None]] = {
    "steady": ([("", "0+10x12", UP)], 30),
    "reset between looks": ([("", "0+10x9 5 6 7", UP)], 7),
    "a reset in one of several series": ([("", "0+10x12", UP), ("2", "0+100x9 5 6 7", UP)], 37),
    "new series": ([("", "_x10 4 9", UP)], 9),
    "new pod": ([("", "0+10x12", UP), ("2", "_x10 3 7", "_x10 1 1 1")], 37),
    "gone pod": ([("", "0+10x12", UP), ("2", "0+10x9 stale", "1x9 stale")], 30),
    "stale and back": ([("", "0+10x7 stale 70 80 90 100", UP)], 30),
    "missed scrape one look ago": ([("", "0+100x8 stale 1000 1010 1020", "1x8 0 1x4")], None),
    "late scrape": ([("", "0+10x8 _ _ 110 120", "1x8 _ _ 1 1")], 40),
    "duplicate scrape": ([("", "0+10x10 100 100", UP)], 10),
    "not a number": ([("", "0+10x11 NaN", UP)], None),
    "nothing": ([("", "7x12", UP)], 0),
}
# Prometheus itself was away from 15 s to 15 min 30 s: what it finds then is not what happened in the look it came back.
AWAY = [("", "0+10x3 _x182 1860+10x6", "1x3 _x182 1x7"), ("new", "_x186 3 5 8", "_x186 1 1 1")]


def _rule(name: str, at: str, series: list[tuple[str, str, str]], wanted: float | None) -> dict[str, Any]:
    inputs = []
    for instance, values, up in series:
        labels = f'job="envoy",instance="{instance}"'
        names = 'destination_workload="podinfo-2",destination_workload_namespace="shop",reporter="source"'
        inputs.append({"series": f"istio_requests_total{{{labels},{names}}}", "values": values})
        inputs.append({"series": f"up{{{labels}}}", "values": up})
    samples = [] if wanted is None else [{"labels": "{}", "value": wanted}]
    query = f"sum({increase(REQUESTS, 'reporter', [V2], 15.0)})"
    return {
        "name": name,
        "interval": "5s",
        "input_series": inputs,
        "promql_expr_test": [{"expr": query, "eval_time": at, "exp_samples": samples}],
    }


def _waypoint() -> dict[str, Any]:
    """The same requests are never in two of the reports that are added up."""
    one = _rule("waypoint", "60s", [], None)
    query = increase(REQUESTS, "reporter", [V2], 15.0)
    one["input_series"] = [
        {
            "series": f'istio_requests_total{{job="{job}",reporter="{job}",destination_workload="podinfo-2",'
            'destination_workload_namespace="shop"}',
            "values": values,
        }
        for job, values in (("waypoint", "0+10x12"), ("source", "0+2x12"))
    ]
    samples = [{"labels": '{reporter="waypoint"}', "value": 30}, {"labels": '{reporter="source"}', "value": 6}]
    one["promql_expr_test"] = [{"expr": query, "eval_time": "60s", "exp_samples": samples}]
    return one


def test_promtool_counts_as_we_say(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install -y prometheus")
    tests = [_rule(name, "60s", series, wanted) for name, (series, wanted) in CASES.items()]
    tests += [_rule("Prometheus comes back", "935s", AWAY, 5), _rule("and goes on", "950s", AWAY, 33), _waypoint()]
    file = tmp_path / "tests.json"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "5s", "tests": tests}))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_reporters_are_chosen_by_what_there_is() -> None:
    seen = {("source", V1): 5.0, ("destination", V1): 5.0, ("destination", V2): 7.0, ("waypoint", OTHER): 1.0}
    assert reporters(seen, [V1, V2]) == ("source",)
    assert reporters(seen, [V2]) == ("destination",)
    assert reporters(seen, [V1, OTHER]) == ("waypoint", "source")
    assert reporters({("waypoint", V1): 0.0}, [V1]) == ("source",)
