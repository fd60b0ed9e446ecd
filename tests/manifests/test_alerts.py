"""The alerts: promtool checks and tries them, and they ask for nothing that the controller does not say."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from controller.core.status import Phase
from controller.telemetry import Telemetry
from tests.documents import document
from tests.manifests.conftest import MANIFESTS, ROOT

RULES = MANIFESTS / "alerts" / "sluice.rules.yaml"
CASES = Path(__file__).with_name("alerts.yaml")
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool was not found; it comes with Prometheus (apt-get install prometheus)"
)

ALERTS = [rule for group in document(RULES.read_text())["groups"] for rule in group["rules"]]


def promtool(*words: object) -> str:
    assert PROMTOOL
    command = [PROMTOOL, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_the_rules_are_rules() -> None:
    assert f"SUCCESS: {len(ALERTS)} rules found" in promtool("check", "rules", RULES)


@needs_promtool
def test_each_alert_fires_when_it_should_and_says_what_it_should() -> None:
    promtool("test", "rules", CASES)


def test_each_alert_is_tried_firing_and_silent() -> None:
    cases = document(CASES.read_text())["tests"]
    tried = [(one["alertname"], bool(one.get("exp_alerts"))) for case in cases for one in case["alert_rule_test"]]
    assert {(alert["alert"], fires) for alert in ALERTS for fires in (True, False)} == set(tried)


@needs_promtool
def test_the_prometheus_of_kind_is_configured_soundly(tmp_path: Path) -> None:
    """Debian's promtool knows no Kubernetes discovery, so it is asked about everything else."""
    config = document((ROOT / "istio" / "prometheus" / "prometheus.yml").read_text())
    config["rule_files"] = [str(RULES)]
    for job in config["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs")
        job["static_configs"] = [{"targets": ["127.0.0.1:9"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    promtool("check", "config", tmp_path / "prometheus.yml")


def families() -> dict[str, Metric]:
    """Every series that the controller has, by the names that it is scraped under; labels are in `labels`."""
    return {family.name: family for family in Telemetry("test").registry.collect()}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_asks_for_series_that_exist(alert: dict[str, str]) -> None:
    names = set(re.findall(r"\bsluice_\w+", alert["expr"]))
    known = set()
    for name, family in families().items():
        endings = {"counter": ("_total",), "histogram": ("_count", "_sum", "_bucket")}.get(family.type, ("",))
        known |= {name + ending for ending in endings}
    assert names
    assert names <= known


def test_phases_are_real() -> None:
    named = {
        phase
        for alert in ALERTS
        for phases in re.findall(r'phase=~?"([\w|]+)"', alert["expr"])
        for phase in phases.split("|")
    }
    assert len(named) > 5
    assert named <= {str(phase) for phase in Phase}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_what_it_means_and_how_bad_it_is(alert: dict[str, dict[str, str]]) -> None:
    assert alert["annotations"].keys() == {"summary", "description"}
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
